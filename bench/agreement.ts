/** How well credit that was assigned to turns agrees with their true advantages. */
import { bootstrapClusters, type Interval } from "../src/math/intervals.ts";
import { createRandom } from "../src/math/random.ts";
import { correlation, levels, mean, ranks } from "../src/math/statistics.ts";
import { keyFromSeed } from "../src/math/threefry.ts";
import { markdownTable } from "../src/report/compare_table.ts";

/** A turn with its true advantage, and what each assigner of credit gave it. */
export interface CreditedTurn {
  readonly question: string;
  readonly truth: number;
  /** Standard error of `truth`. */
  readonly error: number;
  readonly assigned: Readonly<Record<string, number>>;
}

/** A number with its 95 % interval, from a bootstrap over questions. */
export interface Found {
  readonly value: number;
  readonly interval: Interval;
}

/** The agreement of one assigner with the truth. */
export interface Agreement {
  readonly name: string;
  /** Spearman's correlation. */
  readonly rank: Found;
  /** `rank` less that of the first assigner; null for the first. */
  readonly less: Found | null;
  readonly pearson: Found;
  /** Share of the turns whose truth is two standard errors from 0 that got credit of its sign; 0 is no sign. */
  readonly sign: Found;
}

/** The agreement of each assigner, in the order of the first turn's. */
export function agreements(turns: ReadonlyArray<CreditedTurn>): ReadonlyArray<Agreement> {
  const names = Object.keys(turns[0]?.assigned ?? {});
  return names.map((name) => agreement(turns, name, names[0]!));
}

function agreement(turns: ReadonlyArray<CreditedTurn>, name: string, base: string): Agreement {
  const credit = (assigner: string) => column(turns, ({ assigned }) => assigned[assigner]!);
  const truth = column(turns, (turn) => turn.truth);
  const given = credit(name);
  // Levels are found once, so that the draws of a bootstrap are ranked without sorting.
  const [order, ofGiven, ofBase] = [truth, given, credit(base)].map(levels);
  const spearman = (places: Places, level: Float64Array) =>
    correlation(ranks(chosen(order!, places)), ranks(chosen(level, places)));
  return {
    name,
    rank: over(turns, (places) => spearman(places, ofGiven!)),
    less: name === base
      ? null
      : over(turns, (places) => spearman(places, ofGiven!) - spearman(places, ofBase!)),
    pearson: over(turns, (places) => correlation(chosen(truth, places), chosen(given, places))),
    sign: signOf(turns.filter(isClear), name),
  };
}

function signOf(turns: ReadonlyArray<CreditedTurn>, name: string): Found {
  const agrees = column(
    turns,
    ({ truth, assigned }) => Number(Math.sign(truth) === Math.sign(assigned[name]!)),
  );
  return over(turns, (places) => mean(chosen(agrees, places)));
}

function column(
  turns: ReadonlyArray<CreditedTurn>,
  value: (turn: CreditedTurn) => number,
): Float64Array {
  return Float64Array.from(turns, value);
}

/** Places of turns that were drawn, each as often as it was. */
type Places = ReadonlyArray<number>;

/** A statistic of the turns, with the interval of drawing whole questions. */
function over(turns: ReadonlyArray<CreditedTurn>, statistic: (places: Places) => number): Found {
  const questions = turns.map(({ question }) => question);
  return {
    value: statistic([...turns.keys()]),
    interval: bootstrapClusters(questions, statistic),
  };
}

// A plain loop for speed: it runs for every draw of every bootstrap.
function chosen(values: Float64Array, places: Places): Float64Array {
  const found = new Float64Array(places.length);
  for (let i = 0; i < found.length; i++) found[i] = values[places[i]!]!;
  return found;
}

/** Whether a turn's true advantage is two standard errors from 0. */
export function isClear({ truth, error }: CreditedTurn): boolean {
  return truth !== 0 && Math.abs(truth) >= 2 * error;
}

/** The credit of three assigners that know next to nothing, for the turns of an episode. */
export interface Baselines {
  /** Numbers drawn evenly from -1 to 1. */
  readonly random: number;
  /** What `grpo` gives the last turn, and 0 for the others. */
  readonly "last turn only": number;
  /** The number of turns of the episode. */
  readonly length: number;
}

/** The baselines of each turn of episodes, of which each has its advantage under `grpo`. */
export function baselines(
  episodes: ReadonlyArray<Float64Array>,
  seed: number,
): ReadonlyArray<ReadonlyArray<Baselines>> {
  const random = createRandom(keyFromSeed(seed));
  return episodes.map((turns) =>
    Array.from(turns, (advantage, turn) => ({
      random: 2 * random.next() - 1,
      "last turn only": turn === turns.length - 1 ? advantage : 0,
      length: turns.length,
    }))
  );
}

/** One row for each assigner of each world. */
export function agreementTable(
  worlds: ReadonlyArray<{ readonly world: string; readonly found: ReadonlyArray<Agreement> }>,
): string {
  const base = worlds[0]?.found[0]?.name;
  return markdownTable(
    ["world", "credit by", "rank correlation", `less ${base}`, "Pearson correlation", "same sign"],
    worlds.flatMap(({ world, found }) =>
      found.map(({ name, rank, less, pearson, sign }) => {
        const cells = [rank, less, pearson, sign].map((one) => one === null ? "" : text(one));
        return [world, name, ...cells];
      })
    ),
  );
}

function text({ value, interval: [low, high] }: Found): string {
  // No turn is clear.
  if (Number.isNaN(low)) return "";
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
