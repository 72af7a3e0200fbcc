import { createRandom } from "../../math/random.ts";
import { keyFromSeed, splitKey } from "../../math/threefry.ts";
import { type Demonstration, perfectDemonstration } from "./demonstrations.ts";
import { spoiledDemonstration } from "./habits.ts";
import { NAME_WORDS } from "./names.ts";
import { makeWorldTask } from "./questions.ts";
import { type Habits, WORLD_RECIPE } from "./recipe.ts";
import { YEARS } from "./relations.ts";
import { worldRandom } from "./world.ts";
import { worldSearch } from "./world_environment.ts";

/** Part `index` of an endless series of demonstrations; each part is about a new world. */
export interface DemonstrationAddress {
  readonly seed: number;
  readonly index: number;
  /** Null for perfect demonstrations. */
  readonly habits: Habits | null;
}

/** The demonstrations of one pretraining world; equal addresses give equal demonstrations. */
export function demonstrationsOf(address: DemonstrationAddress): Array<Demonstration> {
  const { seed, index, habits } = address;
  const place = { seed, use: "pretrain", index } as const;
  const { world, questions } = makeWorldTask(
    place,
    WORLD_RECIPE.demonstrationsPerWorld,
    WORLD_RECIPE.demonstrationMix,
  );
  const search = worldSearch(world);
  if (habits === null) return questions.map((question) => perfectDemonstration(question, search));
  const random = worldRandom(place, "demonstrations");
  return questions.map((question) =>
    spoiledDemonstration(question, { world, search, habits, random })
  );
}

/** A warm-up text: a list of names and years, one per line, that is written twice; the loss is on the second copy. */
export interface CopySample {
  readonly names: ReadonlyArray<string>;
  /** Each line starts with a space and ends with a line break. */
  readonly list: string;
}

/** The key part of copy samples, different from the numbers of all world uses. */
const COPY = 4;

/** One in this many entries of a copy list is a year; if the lists held no years, years would not be copied later. */
const YEAR_SHARE = 5;

/** Copy sample `index` of a seed. */
export function copySample(seed: number, index: number): CopySample {
  const random = createRandom(splitKey(keyFromSeed(seed), COPY, index));
  const { min, max } = WORLD_RECIPE.copyList;
  const names = Array.from(
    { length: min + random.int(max - min + 1) },
    () => random.pick(random.int(YEAR_SHARE) === 0 ? YEARS : NAME_WORDS),
  );
  return { names, list: names.map((name) => `${WORLD_RECIPE.namePrefix}${name}\n`).join("") };
}
