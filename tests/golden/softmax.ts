/** Softmax, log-prob and entropy of one row of logits, in float64 with the row's maximum taken out. */

/** log softmax(x)_v = x_v - max - log(sum exp(x - max)), nats. */
export function logSoftmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((max, x) => Math.max(max, x), -Infinity);
  const shifted = logits.map((x) => x - largest);
  const logSum = Math.log(shifted.reduce((sum, x) => sum + Math.exp(x), 0));
  return shifted.map((x) => x - logSum);
}

/** H = -sum_v p_v log p_v, nats. */
export function entropyOf(logProb: Float64Array): number {
  return -logProb.reduce((sum, x) => sum + (x === -Infinity ? 0 : Math.exp(x) * x), 0);
}

/** d log p_label / d x_v = 1[v = label] - p_v. */
export function logProbGradient(logProb: Float64Array, label: number): Float64Array {
  return logProb.map((x, v) => (v === label ? 1 : 0) - Math.exp(x));
}

/** d H / d x_v = -p_v (log p_v + H). */
export function entropyGradient(logProb: Float64Array): Float64Array {
  const entropy = entropyOf(logProb);
  return logProb.map((x) => x === -Infinity ? 0 : -Math.exp(x) * (x + entropy));
}
