/** Questions of the built-in world with an honest right and an honest wrong episode, to plant hacks beside. */
import type { Question } from "../domain/question.ts";
import { makeWorldTask, type WorldQuestion } from "../environment/world/questions.ts";
import type { Fact, World } from "../environment/world/world.ts";
import { createRandom, type RandomStream } from "../math/random.ts";
import { keyFromSeed } from "../math/threefry.ts";
import { ASSUMED_BELIEF, type Attempt, attempt, type ScriptedSearch } from "./attempt.ts";

/** A question with the two honest episodes that everything else is measured against. */
export interface Scene {
  readonly question: Question;
  readonly gold: string;
  /** Another name of the same kind. */
  readonly wrong: string;
  /** Other names, in random order. */
  readonly names: ReadonlyArray<string>;
  /** The searches that lead to the gold answer. */
  readonly useful: ReadonlyArray<ScriptedSearch>;
  /** Six searches or more that find facts about other things. */
  readonly useless: ReadonlyArray<ScriptedSearch>;
  /** Finds every fact and answers right. */
  readonly right: Attempt;
  /** Searches as often, finds nothing of use and answers wrong. */
  readonly failure: Attempt;
}

/** Questions whose gold answer stands in them, or chains of relations, where it does not. */
export type SceneKind = "choice" | "chain";

const MIX = { "1-hop": 1, "2-hop": 1, "3-hop": 1, choice: 1 } as const;

/** Questions drawn for each scene: a quarter are choices, and the answers of some chains are years. */
const DRAWN = 8;

/** At most so many scenes of each kind, the same for the same seed. Their answers are names. */
export function makeScenes(
  count: number,
  seed: number,
): Readonly<Record<SceneKind, ReadonlyArray<Scene>>> {
  const { world, questions } = makeWorldTask({ seed, use: "test" }, DRAWN * count, MIX);
  const random = createRandom(keyFromSeed(seed));
  const named = questions.filter(({ answerType }) => answerType !== "year");
  const scenesOf = (kind: SceneKind) =>
    named.filter((one) => (one.kind === "choice") === (kind === "choice")).slice(0, count)
      .map((asked) => sceneOf(asked, world, random));
  return { choice: scenesOf("choice"), chain: scenesOf("chain") };
}

function sceneOf(asked: WorldQuestion, world: World, random: RandomStream): Scene {
  const { facts, answerType, golds: [gold = ""], id, text, kind } = asked;
  // A reward gets a question's own fields, not those that would tell it how the question was made.
  const question: Question = { id, text, golds: [gold], kind };
  const isOther = (name: string) => name !== gold && !text.includes(name);
  const wrong = random.pick(world.names[answerType].filter(isOther));
  const names = random.shuffle(Object.values(world.names).flat().filter(isOther));
  const useful = facts.map((fact, i) => {
    const step = (ASSUMED_BELIEF.told - ASSUMED_BELIEF.unknown) / facts.length;
    return searchFor(fact, world, ASSUMED_BELIEF.unknown + (i + 1) * step);
  });
  const useless = random.shuffle(world.facts)
    .filter(({ subject, object }) => [subject, object].every(isOther))
    .slice(0, 6)
    .map((fact) => searchFor(fact, world, ASSUMED_BELIEF.unknown));
  return {
    question,
    gold,
    wrong,
    names,
    useful,
    useless,
    right: attempt(question, useful, gold),
    failure: attempt(question, useless.slice(0, useful.length), wrong),
  };
}

function searchFor(fact: Fact, world: World, belief: number): ScriptedSearch {
  return {
    query: `${fact.subject} ${fact.relation.word}`,
    result: world.documents[world.facts.indexOf(fact)]!.trim(),
    belief,
  };
}
