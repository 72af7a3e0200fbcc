import type { Question, QuestionKind } from "../../domain/question.ts";
import type { RandomStream } from "../../math/random.ts";
import { type QuestionMix, WORLD_RECIPE } from "./recipe.ts";
import { type AnswerType, CHOSEN } from "./relations.ts";
import { type Fact, makeWorld, type World, type WorldAddress, worldRandom } from "./world.ts";

/** A question about a world with the facts that answer it. */
export interface WorldQuestion extends Question {
  readonly kind: QuestionKind;
  /** Chains: each fact's object is the next fact's subject. Choices: one fact per side, in the question's order. */
  readonly facts: ReadonlyArray<Fact>;
  readonly answerType: AnswerType;
}

/** Every chain of one to three relations in which nothing occurs twice, by kind, and every choice. */
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
    choice: choices(world),
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

/**
 * Questions that ask which of two subjects has an object: each fact is paired with all facts that have another object.
 * A query with both sides and the object ranks the right document first, since it alone holds two of the names and the
 * relation's word. The question names both sides, so a guess is right half of the time.
 */
function choices(world: World): Array<WorldQuestion> {
  return CHOSEN.flatMap((noun) => {
    const facts = world.facts.filter((fact) => fact.relation.noun === noun);
    return facts.flatMap((right, at) => {
      const others = facts.filter(({ object }) => object !== right.object);
      return others.map((other, n) =>
        choice(world, right, (at + n) % 2 === 0 ? [right, other] : [other, right])
      );
    });
  });
}

function choice(world: World, right: Fact, facts: readonly [Fact, Fact]): WorldQuestion {
  const [left, other] = facts;
  const asked =
    `has the ${right.relation.noun} ${right.object}, ${left.subject} or ${other.subject}`;
  return {
    id: `${world.id}: ${asked}`,
    text: `Which ${asked}?`,
    golds: [right.subject],
    kind: "choice",
    facts,
    answerType: right.relation.subject,
  };
}

/**
 * Draws up to `count` questions without repeats: first a kind by its share in the mix, then any question of that kind.
 * A kind that is used up leaves its share to the others; a kind without a share is not drawn.
 */
export function drawQuestions(
  world: World,
  count: number,
  random: RandomStream,
  mix: QuestionMix = WORLD_RECIPE.mix,
): Array<WorldQuestion> {
  const left = Object.values(allQuestions(world))
    .map((questions) => random.shuffle(questions))
    .filter(([first]) => first !== undefined && mix[first.kind] > 0);
  const drawn: Array<WorldQuestion> = [];
  while (drawn.length < count) {
    const open = left.filter((questions) => questions.length > 0);
    if (open.length === 0) break;
    drawn.push(pickByShare(open, mix, random).pop()!);
  }
  return drawn;
}

function pickByShare(
  open: ReadonlyArray<Array<WorldQuestion>>,
  mix: QuestionMix,
  random: RandomStream,
): Array<WorldQuestion> {
  const shares = open.map((questions) => mix[questions[0]!.kind]);
  let place = random.int(shares.reduce((sum, share) => sum + share, 0));
  const chosen = shares.findIndex((share) => (place -= share) < 0);
  return open[chosen]!;
}

/** A world with questions to train or evaluate on. */
export interface WorldTask {
  readonly world: World;
  readonly questions: ReadonlyArray<WorldQuestion>;
}

/** The world at an address with `count` questions about it, of all kinds unless a mix says otherwise. */
export function makeWorldTask(
  address: WorldAddress,
  count: number,
  mix?: QuestionMix,
): WorldTask {
  const world = makeWorld(address);
  return { world, questions: drawQuestions(world, count, worldRandom(address, "questions"), mix) };
}
