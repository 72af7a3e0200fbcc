import { mean } from "../math/statistics.ts";
import type { GainConfig } from "./preset.ts";

/**
 * ell_t = (1/L) sum_j max(log pi(a_j | context, a_<j), floor), nats per gold token [eq. 3].
 * The mean makes answers of different length comparable. A floor limits the effect of one unlikely
 * token (log gains are heavy-tailed); null for none. A gold answer of no tokens has belief 0.
 */
export function beliefOf(goldLogProb: Float64Array, logProbFloor: number | null): number {
  return mean(goldLogProb.map((logProb) => Math.max(logProb, logProbFloor ?? -Infinity)));
}

/**
 * Combines the beliefs in all accepted answers into one: the first, the largest, or
 * log sum_a exp(ell_a) (TIPS). Telescoping of gains holds for all three.
 */
export function combineBeliefs(
  beliefs: ReadonlyArray<number>,
  rule: GainConfig["golds"],
): number {
  switch (rule) {
    case "first":
      return beliefs[0]!;
    case "max":
      return Math.max(...beliefs);
    case "logsumexp": {
      const largest = Math.max(...beliefs);
      const sum = beliefs.reduce((total, belief) => total + Math.exp(belief - largest), 0);
      return largest + Math.log(sum);
    }
    default:
      return rule satisfies never;
  }
}

/** V_t = ell_t for `logprob`, exp(ell_t) = 1 / perplexity of the gold answer for `prob`. */
export function valueOf(belief: number, measure: "logprob" | "prob"): number {
  return measure === "prob" ? Math.exp(belief) : belief;
}

/**
 * What each turn added to the last belief: g_t = V_{T-1} - V without turn t, for t = 1..T-1, from `belief` (T) and
 * `without` (T-1), the last belief with the turn's message and observation cut out of the context.
 */
export function gainsAgainstWithout(
  belief: Float64Array,
  without: Float64Array,
  measure: "logprob" | "prob",
): Float64Array {
  const last = valueOf(belief.at(-1)!, measure);
  return without.map((ell) => last - valueOf(ell, measure));
}

/**
 * The part of the gains (T-1) that is rewarded. `positive`: max(0, g_t), as in DeltaBelief-RL (arXiv 2602.12342).
 * `rise`: the amount by which V_t exceeds the best of V_0..V_{t-1}, else 0, so that a regained loss is not rewarded.
 * The rises of an episode sum to max_t V_t - V_0.
 */
export function keptGains(gain: Float64Array, keep: GainConfig["keep"]): Float64Array {
  if (keep === "all") return gain;
  if (keep === "positive") return gain.map((g) => Math.max(0, g));
  let below = 0;
  return gain.map((g) => {
    // The belief after the turn minus the best belief before it.
    const above = g - below;
    below = Math.max(0, -above);
    return Math.max(0, above);
  });
}

/**
 * Information gain g_t = V_t - V_{t-1} [eq. 4] for t = 1..T-1 from the T beliefs of an episode,
 * belief[0] measured on the prompt alone. Gains are constants: no gradient flows through them.
 */
export function gainsOf(belief: Float64Array, measure: "logprob" | "prob"): Float64Array {
  const value = belief.map((ell) => valueOf(ell, measure));
  return Float64Array.from(
    { length: Math.max(0, belief.length - 1) },
    (_, turn) => value[turn + 1]! - value[turn]!,
  );
}
