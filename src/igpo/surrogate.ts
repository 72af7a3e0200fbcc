import { klTerm } from "./kl.ts";
import type { ClipConfig, Preset } from "./preset.ts";
import { importanceRatios } from "./ratio.ts";

/** What the update knows about a sequence's P trained tokens before the policy is evaluated. */
export interface SurrogateTokens {
  /** (P) */
  readonly turn: ArrayLike<number>;
  /** (P) */
  readonly advantage: Float64Array;
  /** (P) weight of each token in the batch loss. */
  readonly weight: Float64Array;
  /** (P) factor on the clip range. */
  readonly clipScale: Float64Array;
  /** (P) log-prob that the ratio is measured from: of the policy that sampled, or of the one before the step's updates. */
  readonly behaviourLogProb: Float64Array;
  /** (P) factor on the policy term, for episodes of older weights; null for 1. */
  readonly importanceWeight: Float64Array | null;
  /** (P) log-prob under the reference policy; null without a KL term. */
  readonly referenceLogProb: Float64Array | null;
}

/** What the device measured under the current policy, both (P). */
export interface Evaluation {
  readonly logProb: Float64Array;
  /** Entropy of the whole distribution at each token, nats; null without an entropy term. */
  readonly entropy: Float64Array | null;
}

/** The parts of a preset that the loss reads. */
export type Objective = Pick<Preset, "clip" | "kl" | "entropy">;

/** Whether a token's ratio is inside its clip range, or clipped, so that no gradient flows. */
export const CLIP_STATE = { inside: 0, low: 1, high: 2, dual: 3 } as const;

/** The loss of one sequence; losses and gradients of sequences add up. */
export interface SurrogateResult {
  /** policy + beta * kl - coefficient * entropy */
  readonly loss: number;
  /** Weighted sums of the policy term, the KL estimates and the entropies, without coefficients. */
  readonly parts: { readonly policy: number; readonly kl: number; readonly entropy: number };
  /** (P) dL / d logProb */
  readonly dLogProb: Float64Array;
  /** (P) dL / d entropy */
  readonly dEntropy: Float64Array;
  /** (P) importance ratio. */
  readonly ratio: Float64Array;
  /** (P) values of {@link CLIP_STATE}. */
  readonly clipState: Uint8Array;
}

/**
 * The loss to minimise [eq. 7], summed over a sequence's tokens p with weights w:
 *
 *   L = sum_p w_p [ v_p l_p + beta k_p - c H_p ],  v = importanceWeight, a constant
 *   l = max(-A rho, -A clip(rho, 1 - s low, 1 + s high)),  s = clipScale
 *   l = min(l, -dual A) where A < 0 (dual clip, arXiv 1912.09729)
 *
 * k is {@link klTerm}, times rho if the preset corrects it (DeepSeek-V3.2, section 3.1), H the
 * entropy. dL/dlogProb = -A rho v w where unclipped and 0 where clipped, + beta w slope of k. At the
 * edges of the clip range, and at A = 0, the gradient is the unclipped one.
 */
export function surrogate(
  tokens: SurrogateTokens,
  evaluation: Evaluation,
  objective: Objective,
): SurrogateResult {
  const count = tokens.advantage.length;
  const { ratio, slope } = importanceRatios({ ...tokens, ...evaluation }, objective.clip.ratio);
  const dLogProb = new Float64Array(count);
  const dEntropy = new Float64Array(count);
  const clipState = new Uint8Array(count);
  const parts = { policy: 0, kl: 0, entropy: 0 };
  for (let p = 0; p < count; p++) {
    const weight = tokens.weight[p]!;
    const advantage = tokens.advantage[p]!;
    const policy = clippedLoss(advantage, ratio[p]!, tokens.clipScale[p]!, objective.clip);
    clipState[p] = policy.state;
    const policyWeight = weight * (tokens.importanceWeight?.[p] ?? 1);
    parts.policy += policyWeight * policy.value;
    dLogProb[p] = policy.state === CLIP_STATE.inside ? -advantage * slope[p]! * policyWeight : 0;
    const kl = klAt(p, tokens, evaluation, objective, { ratio: ratio[p]!, slope: slope[p]! });
    parts.kl += weight * kl.value;
    dLogProb[p]! += objective.kl.coefficient * weight * kl.slope;
    parts.entropy += weight * (evaluation.entropy?.[p] ?? 0);
    dEntropy[p] = -objective.entropy.coefficient * weight;
  }
  const { kl, entropy } = objective;
  const loss = parts.policy + kl.coefficient * parts.kl - entropy.coefficient * parts.entropy;
  return { loss, parts, dLogProb, dEntropy, ratio, clipState };
}

function clippedLoss(
  advantage: number,
  ratio: number,
  scale: number,
  { low, high, dual }: ClipConfig,
): { readonly value: number; readonly state: number } {
  const clipped = Math.min(Math.max(ratio, 1 - scale * low), 1 + scale * high);
  const unclippedLoss = -advantage * ratio;
  const clippedLoss = -advantage * clipped;
  const isCut = clippedLoss > unclippedLoss;
  const value = isCut ? clippedLoss : unclippedLoss;
  if (dual !== null && advantage < 0 && value > -advantage * dual) {
    return { value: -advantage * dual, state: CLIP_STATE.dual };
  }
  const side = ratio < 1 ? CLIP_STATE.low : CLIP_STATE.high;
  return { value, state: isCut ? side : CLIP_STATE.inside };
}

function klAt(
  p: number,
  { referenceLogProb }: SurrogateTokens,
  { logProb }: Evaluation,
  { kl }: Objective,
  rho: { readonly ratio: number; readonly slope: number },
) {
  if (referenceLogProb === null) return { value: 0, slope: 0 };
  const term = klTerm(logProb[p]!, referenceLogProb[p]!, kl);
  if (!kl.ratioCorrected) return term;
  return {
    value: rho.ratio * term.value,
    slope: rho.slope * term.value + rho.ratio * term.slope,
  };
}
