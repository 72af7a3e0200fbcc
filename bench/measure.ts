/** How two sides are compared: alternating, in one run, as the median of ratios. */

/** Pairs of measurements behind each ratio. */
const PAIRS = 5;
/** What one measurement should take, milliseconds: long beside a wait, which alone costs Deno about 11, and half of it beside 95. */
const TARGET = 400;

/** Runs a work so many times and answers with the milliseconds of one. */
export type Timed = (repeat: number) => Promise<number>;

/** A work of this process as a {@link Timed}. */
export function timed(run: (repeat: number) => Promise<void>): Timed {
  return async (repeat) => {
    const start = performance.now();
    await run(repeat);
    return (performance.now() - start) / repeat;
  };
}

/** The middle of some numbers. */
export function median(values: ReadonlyArray<number>): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Measures a few times and takes the middle. */
export async function middle(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await measure());
  return median(values);
}

/** What two sides took, milliseconds, and the median of theirs / ours over the pairs. */
export interface Comparison {
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

/** Compares works that are done one after the other: the milliseconds of a side are those of all of them. */
export async function compareTimes(
  pairs: ReadonlyArray<{ readonly ours: Timed; readonly theirs: Timed }>,
): Promise<Comparison> {
  const repeats: Array<readonly [number, number]> = [];
  for (const { ours, theirs } of pairs) {
    repeats.push([await repeatOf(ours), await repeatOf(theirs)]);
  }
  const rounds: Array<readonly [number, number]> = [];
  for (let round = 0; round < PAIRS; round++) {
    let [ours, theirs] = [0, 0];
    for (const [i, pair] of pairs.entries()) {
      ours += await warmed(pair.ours, repeats[i]![0]);
      theirs += await warmed(pair.theirs, repeats[i]![1]);
    }
    rounds.push([ours, theirs]);
  }
  return {
    ours: median(rounds.map(([ours]) => ours)),
    theirs: median(rounds.map(([, theirs]) => theirs)),
    ratio: median(rounds.map(([ours, theirs]) => theirs / ours)),
  };
}

/** How often a work is to run in one measurement; the first runs, which compile, do not count. */
async function repeatOf(work: Timed): Promise<number> {
  await work(1);
  return Math.max(1, Math.min(200, Math.round(TARGET / await warmed(work, 1))));
}

/**
 * A measurement after half as much untimed: a worker of OpenBLAS spins for 95 milliseconds after its last product, on one
 * of the cores of the other side, and threads that slept may share a core for a while.
 */
async function warmed(work: Timed, repeat: number): Promise<number> {
  await work(Math.ceil(repeat / 2));
  return work(repeat);
}

/** Whether two sides found the same numbers, to a part in a thousand of the largest. */
export function agree(ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): boolean {
  const scale = Math.max(...theirs.map(Math.abs), 1e-6);
  return ours.length === theirs.length &&
    ours.every((x, i) => Math.abs(x - theirs[i]!) <= 1e-3 * scale);
}
