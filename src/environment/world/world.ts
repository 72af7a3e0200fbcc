import { createRandom, type RandomStream } from "../../math/random.ts";
import { keyFromSeed, splitKey } from "../../math/threefry.ts";
import { drawNames, NAME_WORDS, type NamedType, thirdOfWords } from "./names.ts";
import { WORLD_RECIPE, type WorldUse } from "./recipe.ts";
import { type AnswerType, type Relation, RELATIONS, YEARS } from "./relations.ts";

/** One sentence that is true in a world. */
export interface Fact {
  readonly relation: Relation;
  readonly subject: string;
  readonly object: string;
}

/** A closed world: a document states every fact that can be asked for, and no other facts are true. */
export interface World {
  /** `use/index`; begins the id of every question about this world. */
  readonly id: string;
  /** The names of each kind, and all years. */
  readonly names: Readonly<Record<AnswerType, ReadonlyArray<string>>>;
  readonly facts: ReadonlyArray<Fact>;
  /** `documents[i]` states `facts[i]`: one line that starts with a space. */
  readonly documents: ReadonlyArray<string>;
}

/** Identifies a world; equal addresses give equal worlds, bit by bit. */
export interface WorldAddress {
  readonly seed: number;
  readonly use: WorldUse;
  /** Number among the worlds of one use. @default {0} */
  readonly index?: number;
  /** Multiplies the number of things of each kind, 1 to 7. @default {1} */
  readonly scale?: number;
}

const USE_NUMBER: Readonly<Record<WorldUse, number>> = {
  pretrain: 0,
  train: 1,
  validation: 2,
  test: 3,
};

/** Pretraining uses all names, in new roles in each world; the other uses have no name in common. */
const WORDS: Readonly<Record<WorldUse, ReadonlyArray<string>>> = {
  pretrain: NAME_WORDS,
  train: thirdOfWords(0),
  validation: thirdOfWords(1),
  test: thirdOfWords(2),
};

/** A world has 72 names per unit of scale; a use has 533 words. */
const MAX_SCALE = 7;

/** Random streams of one world that must not share draws. */
const PURPOSES = ["world", "questions", "demonstrations", "golds"] as const;

/** The stream for one purpose of a world. */
export function worldRandom(
  address: WorldAddress,
  purpose: (typeof PURPOSES)[number],
): RandomStream {
  const { seed, use, index = 0 } = address;
  return createRandom(
    splitKey(keyFromSeed(seed), USE_NUMBER[use], index, PURPOSES.indexOf(purpose)),
  );
}

/** Makes a world: names, then one fact for each relation and subject, in random order. */
export function makeWorld(address: WorldAddress): World {
  const { use, index = 0, scale = 1 } = address;
  const random = worldRandom(address, "world");
  const names = { ...drawNames(WORDS[use], entityCounts(scale), random), year: YEARS };
  const facts = random.shuffle(RELATIONS.flatMap((relation) => factsOf(relation, names, random)));
  return { id: `${use}/${index}`, names, facts, documents: facts.map(sentenceOf) };
}

function entityCounts(scale: number): Record<NamedType, number> {
  if (!Number.isInteger(scale) || scale < 1 || scale > MAX_SCALE) {
    throw new RangeError(
      `Cannot make a world as scale must be an integer from 1 to ${MAX_SCALE}: current value is ${scale}`,
    );
  }
  const { person, city, country, company, film } = WORLD_RECIPE.entities;
  return {
    person: person * scale,
    city: city * scale,
    country: country * scale,
    company: company * scale,
    film: film * scale,
  };
}

function factsOf(relation: Relation, names: World["names"], random: RandomStream): Array<Fact> {
  const subjects = names[relation.subject];
  if (relation.noun === "spouse") return marriages(relation, random.shuffle(subjects));
  const objects = names[relation.object];
  return subjects.map((subject) => ({ relation, subject, object: random.pick(objects) }));
}

/** Neighbours in a shuffled list marry each other; each marriage is two facts. */
function marriages(relation: Relation, people: ReadonlyArray<string>): Array<Fact> {
  return people.map((subject, place) => ({ relation, subject, object: people[place ^ 1]! }));
}

function sentenceOf({ relation, subject, object }: Fact): string {
  return " " + relation.sentence.replace(/\b[SO]\b/g, (hole) => (hole === "S" ? subject : object));
}
