/** Intervals and tests for results on questions. Intervals hold the true value in 95 of 100 cases. */
import { createRandom } from "./random.ts";
import { isConstant, mean, quantile, standardDeviation } from "./statistics.ts";
import { studentQuantile } from "./student.ts";
import { keyFromSeed } from "./threefry.ts";

/** Quantile of the normal distribution at 0.975, and at 0.8 for a power of 80 %. */
const [Z, Z_POWER] = [1.959963984540054, 0.8416212335729143];

/** Lower and upper end. */
export type Interval = readonly [low: number, high: number];

/**
 * Wilson's interval of a share, k of n (E.B. Wilson, JASA 22, 1927).
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual(wilson(8, 10).map((x) => x.toFixed(3)), ["0.490", "0.943"]);
 * ```
 */
export function wilson(k: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const share = k / n;
  const spread = Z / (1 + Z * Z / n) * Math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
  const centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n);
  return [Math.max(0, centre - spread), Math.min(1, centre + spread)];
}

const RESAMPLES = 2000;

/**
 * Percentile bootstrap of a mean. `values` has one number for each question: samples of the same question are averaged
 * first, since they are not independent.
 */
export function bootstrapMean(values: Float64Array, seed = 0): Interval {
  if (values.length === 0) return [NaN, NaN];
  const random = createRandom(keyFromSeed(seed));
  const means = Float64Array.from(
    { length: RESAMPLES },
    () => mean(values.map(() => values[random.int(values.length)]!)),
  );
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/**
 * Percentile bootstrap of a statistic of values that belong to clusters, such as the turns of a question: clusters are
 * drawn, and each brings all its values. `clusters` names the cluster of each value; `statistic` gets the places of the
 * drawn values.
 */
export function bootstrapClusters(
  clusters: ReadonlyArray<string>,
  statistic: (places: ReadonlyArray<number>) => number,
  seed = 0,
): Interval {
  const members = [...Map.groupBy(clusters.keys(), (place) => clusters[place]!).values()];
  if (members.length === 0) return [NaN, NaN];
  const random = createRandom(keyFromSeed(seed));
  const found = Float64Array.from(
    { length: RESAMPLES },
    () => statistic(members.flatMap(() => members[random.int(members.length)]!)),
  );
  return [quantile(found, 0.025), quantile(found, 0.975)];
}

/** Below so many questions a bootstrap knows too little of the tails. */
const FEW = 30;

/**
 * An interval of the mean of numbers between 0 and 1, one for each question: a bootstrap, or Wilson's interval where
 * questions are few or all numbers are equal, which is then wider than it must be if they are not only 0 and 1.
 */
export function meanInterval(values: Float64Array): Interval {
  const isFew = values.length < FEW || isConstant(values);
  return isFew ? wilson(mean(values) * values.length, values.length) : bootstrapMean(values);
}

/**
 * Student's interval of the mean of numbers of any size, one for each question or run: mean ± t sd / sqrt(n), with the
 * sample's standard deviation and t at 0.975; null for fewer than two.
 */
export function studentInterval(values: Float64Array): Interval | null {
  const n = values.length;
  if (n < 2) return null;
  const half = studentQuantile(0.975, n - 1) * standardDeviation(values, 1) / Math.sqrt(n);
  return [mean(values) - half, mean(values) + half];
}

/**
 * Exact two-sided McNemar test: the probability of pairs that disagree at least as unevenly as these if neither side is
 * better. `b` pairs favour one side, `c` the other.
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(mcnemar(1, 9).toFixed(4), "0.0215");
 * ```
 */
export function mcnemar(b: number, c: number): number {
  const n = b + c;
  // Terms of the binomial distribution with p = 1/2, in logarithms since n may be thousands.
  let logTerm = -n * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(b, c); k++) {
    logTerm += Math.log((n - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

/**
 * Holm's correction (S. Holm, Scand. J. Statist. 6, 1979): p values for which it is rare, in 5 of 100 cases, that any
 * of them is below 0.05 where nothing differs. The smallest of n is multiplied by n, the next by n - 1, and so on; none
 * is below a smaller one's, or above 1.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual([...holm([0.04, 0.01, 0.03])].map((p) => p.toFixed(2)), ["0.06", "0.03", "0.06"]);
 * ```
 */
export function holm(values: ReadonlyArray<number>): ReadonlyArray<number> {
  const corrected = values.slice();
  let largest = 0;
  [...values.keys()].sort((a, b) => values[a]! - values[b]!).forEach((place, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[place]!));
    corrected[place] = largest;
  });
  return corrected;
}

/**
 * The smallest true difference of two means that questions show with a power of 80 %, from the standard deviation of one
 * question: of the difference where both answer the same questions, else of one side, of which there are then two.
 */
export function detectable(
  deviation: number,
  questions: number,
  compared: "paired" | "apart",
): number {
  return (Z + Z_POWER) * deviation * Math.sqrt((compared === "paired" ? 1 : 2) / questions);
}

/** Two results on the same questions, first less second. */
export interface PairedDifference {
  readonly mean: number;
  readonly interval: Interval;
  /** See {@link detectable}. */
  readonly detectable: number;
}

/** The difference of two lists of results on the same questions, in the same order. */
export function pairedDifference(first: Float64Array, second: Float64Array): PairedDifference {
  const differences = first.map((value, i) => value - second[i]!);
  return {
    mean: mean(differences),
    interval: bootstrapMean(differences),
    detectable: detectable(standardDeviation(differences, 1), differences.length, "paired"),
  };
}

/**
 * The chance that at least one of k answers is right, from `right` of n answers (Chen et al., arXiv 2107.03374):
 * 1 - C(n - right, k) / C(n, k).
 */
export function passAt(k: number, right: number, n: number): number {
  if (n - right < k) return 1;
  let miss = 1;
  for (let i = n - right + 1; i <= n; i++) miss *= 1 - k / i;
  return 1 - miss;
}
