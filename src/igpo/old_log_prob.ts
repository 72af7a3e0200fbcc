/** Nats that sampler and trainer may differ by at a token before the trainer's numbers stand for the sampler's. */
export const SAMPLER_GAP = 0.01;

/** The largest distance between two log-probs of the same token, nats; NaN where one is no number. */
export function logProbGap(left: Float64Array, right: Float64Array): number {
  return left.reduce((most, x, p) => Math.max(most, Math.abs(x - right[p]!)), 0);
}

/** Whether a gap is too large, or no number. */
export function isOff(gap: number): boolean {
  return !(gap <= SAMPLER_GAP);
}

/**
 * Log-probs of the policy that sampled a sequence. They are the sampler's own, which costs nothing; where those are off
 * by more than {@link SAMPLER_GAP} the ratio would measure the difference between two kernels, and what the trainer
 * measures before its first update, which is the same policy, stands for them.
 */
export function oldLogProb(sampled: Float64Array, measured: Float64Array): Float64Array {
  return isOff(logProbGap(sampled, measured)) ? measured : sampled;
}
