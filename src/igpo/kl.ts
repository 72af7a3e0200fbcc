import type { KlConfig } from "./preset.ts";

/** An estimate for one token and its derivative with respect to the policy's log-prob. */
export interface KlTerm {
  readonly value: number;
  readonly slope: number;
}

/**
 * Per-token estimate of KL(policy || reference) from d = logProb - referenceLogProb, nats
 * (J. Schulman, "Approximating KL divergence", 2020):
 *
 *   k1   d                      slope 1
 *   abs  |d|                    slope sign(d)
 *   k2   d^2 / 2                slope d
 *   k3   exp(-d) + d - 1        slope 1 - exp(-d); >= 0, and 0 only at d = 0
 *
 * `limit` bounds k3 (verl: 10); beyond it the slope is 0.
 */
export function klTerm(
  logProb: number,
  referenceLogProb: number,
  { estimator, limit }: Pick<KlConfig, "estimator" | "limit">,
): KlTerm {
  const d = logProb - referenceLogProb;
  switch (estimator) {
    case "k1":
      return { value: d, slope: 1 };
    case "abs":
      return { value: Math.abs(d), slope: Math.sign(d) };
    case "k2":
      return { value: 0.5 * d * d, slope: d };
    case "k3":
      return k3(d, limit ?? Infinity);
    default:
      return estimator satisfies never;
  }
}

function k3(d: number, limit: number): KlTerm {
  // expm1 keeps the value's first digits near d = 0, where exp(-d) - 1 + d cancels.
  const value = Math.max(0, Math.expm1(-d) + d);
  return value > limit ? { value: limit, slope: 0 } : { value, slope: -Math.expm1(-d) };
}
