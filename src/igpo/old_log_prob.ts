/**
 * Largest accepted gap between sampler and trainer at a token, nats; above it the trainer's log-probs are used. A server,
 * or a worker of another adapter, rounds otherwise than the trainer does: up to a larger gap, the importance ratio
 * corrects that.
 */
const SAMPLER_GAP = { own: 0.01, other: 1 } as const;

/** Who samples: a key of {@link SAMPLER_GAP}. */
export type Sampler = keyof typeof SAMPLER_GAP;

/** The largest distance between two log-probs of the same token, nats; NaN if one is NaN. */
export function logProbGap(left: Float64Array, right: Float64Array): number {
  return left.reduce((most, x, p) => Math.max(most, Math.abs(x - right[p]!)), 0);
}

/** Whether a gap is too large, or NaN. */
export function isOff(gap: number, sampler: Sampler): boolean {
  return !(gap <= SAMPLER_GAP[sampler]);
}

/**
 * Log-probs of a sequence under the policy that sampled it. The sampler's own log-probs are used, as they cost nothing.
 * If they differ from the trainer's by more than {@link SAMPLER_GAP}, the ratio would measure the difference between
 * two kernels. Then the log-probs are those that the trainer measured with the same policy, before its first update.
 */
export function oldLogProb(
  sampled: Float64Array,
  measured: Float64Array,
  sampler: Sampler,
): Float64Array {
  return isOff(logProbGap(sampled, measured), sampler) ? measured : sampled;
}
