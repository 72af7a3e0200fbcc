import type { ClipConfig } from "./preset.ts";

/** Keeps ratio and gradient finite in float64; no sensible policy moves a token by e^60. */
const LARGEST_LOG_RATIO = 60;
/** Bound of verl (GSPO) and A2TGPO on an averaged log-ratio. */
const LARGEST_MEAN_LOG_RATIO = 10;

/** Importance ratios of a sequence's trained tokens. */
export interface Ratios {
  /** (P) rho of each token; equal for all tokens over which the log-ratio is averaged. */
  readonly ratio: Float64Array;
  /** (P) d rho / d logProb of the token: rho, or 0 where the log-ratio was bounded. */
  readonly slope: Float64Array;
}

/**
 * rho_p = exp(logProb_p - behaviourLogProb_p) per token [eq. 7], or with the log-ratio averaged over
 * the tokens of the turn (A2TGPO) or of the sequence (GSPO, arXiv 2507.18071, eq. 7). An averaged
 * ratio's gradient is taken per token, rho = exp(logProb - sg(logProb) + sg(mean)), as in GSPO-token:
 * with equal advantages and weights that is the gradient of the mean.
 */
export function importanceRatios(
  tokens: {
    readonly logProb: Float64Array;
    readonly behaviourLogProb: Float64Array;
    readonly turn: ArrayLike<number>;
  },
  level: ClipConfig["ratio"],
): Ratios {
  const logRatio = tokens.logProb.map((logProb, p) => logProb - tokens.behaviourLogProb[p]!);
  const averaged = level === "token" ? logRatio : averageWithin(
    logRatio,
    (p) => level === "turn" ? tokens.turn[p]! : 0,
  );
  const upper = level === "token" ? LARGEST_LOG_RATIO : LARGEST_MEAN_LOG_RATIO;
  const ratio = averaged.map((x) => Math.exp(Math.max(-LARGEST_LOG_RATIO, Math.min(upper, x))));
  return {
    ratio,
    slope: ratio.map((rho, p) =>
      averaged[p]! > upper || averaged[p]! < -LARGEST_LOG_RATIO ? 0 : rho
    ),
  };
}

/** Replaces each value by the mean of those with the same key. */
function averageWithin(values: Float64Array, keyOf: (p: number) => number): Float64Array {
  const sums = new Map<number, { sum: number; count: number }>();
  values.forEach((value, p) => {
    const entry = sums.get(keyOf(p)) ?? { sum: 0, count: 0 };
    sums.set(keyOf(p), { sum: entry.sum + value, count: entry.count + 1 });
  });
  return values.map((_, p) => {
    const { sum, count } = sums.get(keyOf(p))!;
    return sum / count;
  });
}
