/** How well credit that was assigned to turns agrees with their true advantages. */
import { bootstrapClusters, type Interval } from "../src/math/intervals.ts";
import { createRandom } from "../src/math/random.ts";
import { correlation, mean, ranks } from "../src/math/statistics.ts";
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

/** A statistic of the truth and of the credit by one or two assigners. */
type Statistic = (...columns: ReadonlyArray<Float64Array>) => number;

const spearman: Statistic = (truth, given) => correlation(ranks(truth!), ranks(given!));

function agreement(turns: ReadonlyArray<CreditedTurn>, name: string, base: string): Agreement {
  const truth = ({ truth }: CreditedTurn) => truth;
  const by = (assigner: string) => ({ assigned }: CreditedTurn) => assigned[assigner]!;
  const pair = [truth, by(name)];
  return {
    name,
    rank: over(turns, pair, spearman),
    less: name === base ? null : over(
      turns,
      [...pair, by(base)],
      (truth, given, other) => spearman(truth!, given!) - spearman(truth!, other!),
    ),
    pearson: over(turns, pair, (truth, given) => correlation(truth!, given!)),
    sign: over(turns.filter(isClear), pair, sameSign),
  };
}

/** A statistic of some numbers of the turns, with the interval of drawing whole questions. */
function over(
  turns: ReadonlyArray<CreditedTurn>,
  numbers: ReadonlyArray<(turn: CreditedTurn) => number>,
  statistic: Statistic,
): Found {
  const columns = numbers.map((number) => Float64Array.from(turns, number));
  const interval = bootstrapClusters(
    turns.map(({ question }) => question),
    (places) => statistic(...columns.map((column) => chosen(column, places))),
  );
  return { value: statistic(...columns), interval };
}

// A plain loop for speed: it runs for every draw of every bootstrap.
function chosen(values: Float64Array, places: ReadonlyArray<number>): Float64Array {
  const found = new Float64Array(places.length);
  for (let i = 0; i < found.length; i++) found[i] = values[places[i]!]!;
  return found;
}

/** Whether a turn's true advantage is two standard errors from 0. */
export function isClear({ truth, error }: CreditedTurn): boolean {
  return truth !== 0 && Math.abs(truth) >= 2 * error;
}

const sameSign: Statistic = (truth, given) =>
  mean(truth!.map((value, i) => Number(Math.sign(value) === Math.sign(given![i]!))));

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
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
