import type { Question } from "../../domain/question.ts";
import type { RandomStream } from "../../math/random.ts";
import { type QuestionKind, WORLD_RECIPE } from "./recipe.ts";
import { type AnswerType, COMPARED, type RelationNoun } from "./relations.ts";
import { type Fact, makeWorld, type World, type WorldAddress, worldRandom } from "./world.ts";

/** A question about a world with the facts that answer it. */
export interface WorldQuestion extends Question {
  readonly kind: QuestionKind;
  /** Chains: each fact's object is the next one's subject. Comparisons: one fact of each side. */
  readonly facts: ReadonlyArray<Fact>;
  readonly answerType: AnswerType;
}

/** Every chain of one to three relations in which nothing occurs twice, by kind, and every comparison. */
export function allQuestions(world: World): Record<QuestionKind, Array<WorldQuestion>> {
  const factsAbout = Map.groupBy(world.facts, (fact) => fact.subject);
  const grow = (chains: ReadonlyArray<ReadonlyArray<Fact>>): Array<ReadonlyArray<Fact>> =>
    chains.flatMap((chain) =>
      (factsAbout.get(chain.at(-1)!.object) ?? [])
        .filter((next) => chain.every((fact) => fact.subject !== next.object))
        .map((next) => [...chain, next])
    );
  const single = world.facts.map((fact) => [fact]);
  const double = grow(single);
  return {
    "1-hop": single.map((chain) => chainQuestion(world, "1-hop", chain)),
    "2-hop": double.map((chain) => chainQuestion(world, "2-hop", chain)),
    "3-hop": grow(double).map((chain) => chainQuestion(world, "3-hop", chain)),
    comparison: comparisons(world),
  };
}

function chainQuestion(
  world: World,
  kind: QuestionKind,
  facts: ReadonlyArray<Fact>,
): WorldQuestion {
  const path = facts.map((fact) => fact.relation.noun).reverse().join(" of the ");
  const { object, relation } = facts.at(-1)!;
  const start = facts[0]!.subject;
  return {
    id: `${world.id}: ${path} of ${start}`,
    text: `What is the ${path} of ${start}?`,
    golds: [object],
    kind,
    facts,
    answerType: relation.object,
  };
}

/** Both orders of every pair whose years lie far enough apart. */
function comparisons(world: World): Array<WorldQuestion> {
  const compared: RelationNoun = COMPARED;
  const facts = world.facts.filter((fact) => fact.relation.noun === compared);
  return facts.flatMap((left) =>
    facts
      .filter((right) => Math.abs(yearOf(left) - yearOf(right)) >= WORLD_RECIPE.comparisonGap)
      .map((right) => comparison(world, left, right))
  );
}

function comparison(world: World, left: Fact, right: Fact): WorldQuestion {
  const earlier = yearOf(left) < yearOf(right) ? left : right;
  const asked = `the earlier ${COMPARED}, ${left.subject} or ${right.subject}`;
  return {
    id: `${world.id}: ${asked}`,
    text: `Which has ${asked}?`,
    golds: [earlier.subject],
    kind: "comparison",
    facts: [left, right],
    answerType: left.relation.subject,
  };
}

function yearOf(fact: Fact): number {
  return Number(fact.object);
}

/**
 * Draws up to `count` questions without repeats: the kind by the recipe's mix, then any question of it. A
 * kind that is used up leaves its share to the others.
 */
export function drawQuestions(
  world: World,
  count: number,
  random: RandomStream,
): Array<WorldQuestion> {
  const left = Object.values(allQuestions(world)).map((questions) => random.shuffle(questions));
  const drawn: Array<WorldQuestion> = [];
  while (drawn.length < count) {
    const open = left.filter((questions) => questions.length > 0);
    if (open.length === 0) break;
    drawn.push(pickByShare(open, random).pop()!);
  }
  return drawn;
}

function pickByShare(
  open: ReadonlyArray<Array<WorldQuestion>>,
  random: RandomStream,
): Array<WorldQuestion> {
  const shares = open.map((questions) => WORLD_RECIPE.mix[questions[0]!.kind]);
  let place = random.int(shares.reduce((sum, share) => sum + share, 0));
  const chosen = shares.findIndex((share) => (place -= share) < 0);
  return open[chosen]!;
}

/** A world with questions to train or evaluate on. */
export interface WorldTask {
  readonly world: World;
  readonly questions: ReadonlyArray<WorldQuestion>;
}

/** The world at an address with `count` questions about it. */
export function makeWorldTask(address: WorldAddress, count: number): WorldTask {
  const world = makeWorld(address);
  return { world, questions: drawQuestions(world, count, worldRandom(address, "questions")) };
}
