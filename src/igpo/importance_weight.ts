/**
 * Truncated importance weights of a sequence's trained tokens, w_p = min(bound, pi_old(p) / pi_behaviour(p)), both (P):
 * `oldLogProb` under the weights that a step's updates begin with, `behaviourLogProb` under those that sampled. In
 * [0, bound], and exactly 1 where the two are equal. They correct the policy that an expectation is taken over, and the
 * loss has no slope in them (decoupled PPO, arXiv 2110.00641, section 3; for stale episodes arXiv 2505.24298).
 */
export function importanceWeights(
  oldLogProb: Float64Array,
  behaviourLogProb: Float64Array,
  bound: number,
): Float64Array {
  return oldLogProb.map((logProb, p) => Math.min(bound, Math.exp(logProb - behaviourLogProb[p]!)));
}
