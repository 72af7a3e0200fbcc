import type { Aggregation } from "./preset.ts";

/** Totals of the whole batch, for callers that have only part of it or that fix the length. */
export interface BatchTotals {
  /** Trained tokens of the batch. */
  readonly tokens: number;
  /** Sequences with at least one trained token. */
  readonly sequences: number;
  /** Divisor of `seq-mean-token-sum-norm`, the same number at each step (Dr. GRPO). */
  readonly length: number;
}

/**
 * Weight w of each trained token of a sequence in the batch loss L = sum_p w_p l_p, one number per
 * sequence; n_i = `lengths[i]` is its number of trained tokens, B the number of sequences that have any:
 *
 *   token-mean               1 / sum_j n_j
 *   seq-mean-token-mean      1 / (B n_i)       [eq. 7]
 *   seq-mean-token-sum       1 / B
 *   seq-mean-token-sum-norm  1 / length
 *
 * Weights are computed for the batch before micro-batches are cut, so cutting does not change the
 * loss. With the two token means they sum to 1 over the batch. A sequence without trained tokens
 * weighs 0 and is not counted. `totals` default to those of `lengths`; `length` to the longest of them.
 */
export function tokenWeights(
  lengths: ArrayLike<number>,
  aggregation: Aggregation,
  totals: Partial<BatchTotals> = {},
): Float64Array {
  const counts = Float64Array.from(lengths);
  const tokens = totals.tokens ?? counts.reduce((sum, n) => sum + n, 0);
  const sequences = totals.sequences ?? counts.filter((n) => n > 0).length;
  const length = totals.length ?? counts.reduce((longest, n) => Math.max(longest, n), 0);
  return counts.map((n) => n === 0 ? 0 : weightOf(n, aggregation, { tokens, sequences, length }));
}

function weightOf(n: number, aggregation: Aggregation, totals: BatchTotals): number {
  switch (aggregation) {
    case "token-mean":
      return 1 / totals.tokens;
    case "seq-mean-token-mean":
      return 1 / (totals.sequences * n);
    case "seq-mean-token-sum":
      return 1 / totals.sequences;
    case "seq-mean-token-sum-norm":
      return 1 / totals.length;
    default:
      return aggregation satisfies never;
  }
}
