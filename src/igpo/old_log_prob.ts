/** Largest accepted gap between sampler and trainer at a token, nats; above it the trainer's log-probs are used. */
export const SAMPLER_GAP = 0.01;

/** The largest distance between two log-probs of the same token, nats; NaN if one is NaN. */
export function logProbGap(left: Float64Array, right: Float64Array): number {
  return left.reduce((most, x, p) => Math.max(most, Math.abs(x - right[p]!)), 0);
}

/** Whether a gap is too large, or NaN. */
export function isOff(gap: number): boolean {
  return !(gap <= SAMPLER_GAP);
}

/**
 * Log-probs of a sequence under the policy that sampled it. The sampler's own log-probs are used, as they cost nothing.
 * If they differ from the trainer's by more than {@link SAMPLER_GAP}, the ratio would measure the difference between
 * two kernels. Then the log-probs are those that the trainer measured with the same policy, before its first update.
 */
export function oldLogProb(sampled: Float64Array, measured: Float64Array): Float64Array {
  return isOff(logProbGap(sampled, measured)) ? measured : sampled;
}
