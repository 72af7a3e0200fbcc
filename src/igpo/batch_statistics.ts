import { mean, sum } from "../math/statistics.ts";
import { type PoolOptions, scaleOf } from "./pool.ts";

/** Rows of numbers, one per episode, of any lengths. */
export type Rows = ReadonlyArray<Float64Array>;

const LEAST_OUTCOME_SIZE = 0.3;
const LARGEST_SCALE = 10;
const SCALE_EPS = 1e-6;

/**
 * DR-Venus's `scaled_separate`: the factor that brings the batch's normalised gains to the size of
 * its normalised outcomes,
 *
 *   s = min(10, max(0.3, mean |z_outcome|) / (mean |z_gain| + 1e-6))
 *
 * over all episodes of the batch; z rows (T) hold gains first and the outcome last. 1 for no gains.
 */
export function gainScaleOf(z: Rows): number {
  const outcomes = z.map((row) => Math.abs(row[row.length - 1]!));
  const gains = z.flatMap((row) => [...row.subarray(0, row.length - 1)].map(Math.abs));
  if (gains.length === 0) return 1;
  const outcomeSize = Math.max(LEAST_OUTCOME_SIZE, sum(outcomes) / outcomes.length);
  return Math.min(LARGEST_SCALE, outcomeSize / (sum(gains) / gains.length + SCALE_EPS));
}

const WHITEN_EPS = 1e-8;

/**
 * (x - mean) / sqrt(variance + 1e-8) with weighted mean and weighted sample variance over all rows
 * (verl's `masked_whiten`, arXiv 2501.03262): W = sum of weights,
 *
 *   mean = sum w x / (W + 1e-8),  variance = sum w (x - mean)^2 / (W + 1e-8) * W / (W - 1)
 *
 * With weights 0 and 1 these are verl's masks; with token counts a turn counts once per token. All 0
 * when W <= 1, where the variance is not defined.
 */
export function whiten(rows: Rows, weights: ReadonlyArray<ArrayLike<number>>): Array<Float64Array> {
  const weight = weightedSum(rows, weights, () => 1);
  if (weight <= 1) return rows.map((row) => new Float64Array(row.length));
  const centre = weightedSum(rows, weights, (x) => x) / (weight + WHITEN_EPS);
  const squares = weightedSum(rows, weights, (x) => (x - centre) ** 2) / (weight + WHITEN_EPS);
  const divisor = Math.sqrt(squares * weight / (weight - 1) + WHITEN_EPS);
  return rows.map((row) => row.map((x) => (x - centre) / divisor));
}

/**
 * A_{i,p} = x_{i,p} - (1/G) sum_j x_{j,p}: the baseline of the official code of 2025-11, the mean
 * over the group at the same index. Rows that have ended count as 0.
 */
export function subtractPositionMean(rows: Rows): Array<Float64Array> {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const sums = new Float64Array(width);
  for (const row of rows) row.forEach((x, p) => sums[p]! += x);
  return rows.map((row) => row.map((x, p) => x - sums[p]! / rows.length));
}

/**
 * A_{i,t} = (x_{i,t} - mean_j x_{j,1}) / (std_j x_{j,1} + eps): every return of the group against
 * the returns at its start (the official code's unused `compute_grpo_discounted_advantage`).
 * A group of one has its own start as baseline.
 */
export function subtractStartMean(rows: Rows, options: PoolOptions): Array<Float64Array> {
  const starts = Float64Array.from(rows, (row) => row[0] ?? 0);
  const baseline = mean(starts);
  const divisor = scaleOf(starts, options);
  return rows.map((row) => row.map((x) => divisor === 0 ? 0 : (x - baseline) / divisor));
}

function weightedSum(
  rows: Rows,
  weights: ReadonlyArray<ArrayLike<number>>,
  term: (x: number) => number,
): number {
  return sum(rows.flatMap((row, i) => Array.from(row, (x, p) => weights[i]![p]! * term(x))));
}
