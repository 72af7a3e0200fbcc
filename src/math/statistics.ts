/** Statistics in float64, in index order. Empty input gives 0 wherever a mean would be 0 / 0. */

/**
 * Sum with Neumaier's compensation: the lost low digits are carried along. Whitening a nearly
 * constant batch depends on differences that plain summation would round away.
 */
export function sum(values: Iterable<number>): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? (total - next) + value : (value - next) + total;
    total = next;
  }
  return total + (Number.isFinite(lost) ? lost : 0);
}

/** Mean of the values; 0 for none. */
export function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

/**
 * Sum over (x - mean)^2 / (n - ddof), in two passes: E[x^2] - E[x]^2 would cancel.
 * Exactly 0 when all values are equal and when n <= ddof.
 */
export function variance(values: Float64Array, ddof: 0 | 1): number {
  if (values.length <= ddof || isConstant(values)) return 0;
  const centre = mean(values);
  return sum(values.map((value) => (value - centre) ** 2)) / (values.length - ddof);
}

/** Square root of {@link variance}. */
export function standardDeviation(values: Float64Array, ddof: 0 | 1): number {
  return Math.sqrt(variance(values, ddof));
}

/** Whether all values are bit for bit equal; true for none. */
export function isConstant(values: Float64Array): boolean {
  return values.every((value) => value === values[0]);
}

/** Value at quantile q in [0, 1], linear between order statistics; NaN for no values. */
export function quantile(values: Float64Array, q: number): number {
  const sorted = values.toSorted();
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? NaN;
  return low + (high - low) * (place - below);
}

/** The place of each value among the distinct values, from 0 for the smallest. */
export function levels(values: Float64Array): Float64Array {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const places = new Map(distinct.map((value, place) => [value, place]));
  return values.map((value) => places.get(value)!);
}

/**
 * The rank of each of some values, from 1, given their {@link levels} among these or more values; equal values share
 * the mean of their ranks. Levels are found once where many draws of the same values are ranked, which then takes no
 * sorting.
 */
export function ranks(level: Float64Array): Float64Array {
  const counts = new Uint32Array(level.reduce((most, one) => Math.max(most, one), 0) + 1);
  for (const one of level) counts[one]! += 1;
  let before = 0;
  const shared = Float64Array.from(counts, (count) => {
    before += count;
    return before - (count - 1) / 2;
  });
  return level.map((one) => shared[one]!);
}

/** Pearson correlation of two lists of the same length; 0 when either is constant. */
export function correlation(left: Float64Array, right: Float64Array): number {
  if (isConstant(left) || isConstant(right)) return 0;
  const leftMean = mean(left);
  const rightMean = mean(right);
  let covariance = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let i = 0; i < left.length; i++) {
    const x = left[i]! - leftMean;
    const y = right[i]! - rightMean;
    covariance += x * y;
    leftSquares += x * x;
    rightSquares += y * y;
  }
  return covariance / Math.sqrt(leftSquares * rightSquares);
}
