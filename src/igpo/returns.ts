/** R_t = r_t + gamma R_{t+1}, R_T = r_T [eq. 6], over turns. */
export function discountedReturns(reward: Float64Array, gamma: number): Float64Array {
  const returns = new Float64Array(reward.length);
  let later = 0;
  for (let t = reward.length - 1; t >= 0; t--) {
    later = reward[t]! + gamma * later;
    returns[t] = later;
  }
  return returns;
}

/**
 * A2TGPO's credit (arXiv 2605.06200, `turn-group-v1d`) from normalised rewards z (T), outcome last:
 *
 *   D_t = (T - t)^(-1/2) sum_{j=t}^{T-1} gamma^(j-t) z_j       t = 1..T-1
 *   A_t = alpha D_t + z_T,   A_T = z_T
 *
 * The root keeps Var(D_t) near 1 at gamma 1 however many turns follow; the outcome is not discounted.
 */
export function rescaledCredit(
  z: Float64Array,
  { gamma, alpha }: { readonly gamma: number; readonly alpha: number },
): Float64Array {
  const last = z.length - 1;
  const outcome = z[last] ?? 0;
  const sums = discountedReturns(z.subarray(0, Math.max(0, last)), gamma);
  return z.map((_, t) => t === last ? outcome : alpha * sums[t]! / Math.sqrt(last - t) + outcome);
}

/** Each turn's own normalised gain and the outcome: A_t = alpha z_t + z_T, A_T = z_T. */
export function ownCredit(z: Float64Array, { alpha }: { readonly alpha: number }): Float64Array {
  const last = z.length - 1;
  const outcome = z[last] ?? 0;
  return z.map((own, t) => t === last ? outcome : alpha * own + outcome);
}

/**
 * A2TGPO's factor on the clip range of each turn: c_t = 1 + strength (2 sigmoid(z_t) - 1), in
 * (1 - strength, 1 + strength), 1 for the answer turn.
 */
export function adaptiveClipScale(z: Float64Array, strength: number): Float64Array {
  // 2 sigmoid(z) - 1 = tanh(z / 2), which is odd to the last bit.
  return z.map((value, t) => t === z.length - 1 ? 1 : 1 + strength * Math.tanh(value / 2));
}
