import type { Episode } from "./episode.ts";

/** An episode with beliefs, mean log-probs (nats) of a gold token: before turn 1 and after each turn but the last. */
export interface ScoredEpisode extends Episode {
  /** (T) with T = turns.length; belief[t] is measured after turn t's observation, belief[0] from the prompt alone. */
  readonly belief: Float64Array;
  /** (T-1) the last belief, measured with turn t cut out of the context; empty unless gains are measured against it. */
  readonly without: Float64Array;
  /** Log-probs of the gold tokens from which each belief is computed, one row per boundary. */
  readonly goldLogProb: ReadonlyArray<Float64Array>;
}

/** An episode with the reward of each turn: T-1 gains, then the outcome. */
export interface RewardedEpisode extends ScoredEpisode {
  /** (T-1) */
  readonly gain: Float64Array;
  readonly outcome: number;
  readonly f1: number;
  readonly em: boolean;
}

/** The G episodes of one question, all sampled by one policy version. */
export interface RewardedGroup {
  readonly step: number;
  readonly episodes: ReadonlyArray<RewardedEpisode>;
}

/** One sequence of the update: the tokens of an episode and the advantage of each sampled token. */
export interface TrainingSequence {
  /** (S) all token ids of the episode. */
  readonly tokens: Uint32Array;
  /** (P) positions p >= 1 whose token was sampled and is trained; token p is predicted from tokens < p. */
  readonly position: Uint32Array;
  /** (P) turn of each trained token. */
  readonly turn: Uint32Array;
  /** (P) */
  readonly advantage: Float64Array;
  /** (P) weight of each token in the loss of its mini-batch; computed before micro-batches are cut. */
  readonly weight: Float64Array;
  /** (P) log-prob under the policy that sampled the episode. */
  readonly behaviourLogProb: Float64Array;
  /** (P) log-prob under the reference policy, null without a KL term. */
  readonly referenceLogProb: Float64Array | null;
  /** (P) factor on the clip range of each token (A2TGPO), 1 elsewhere. */
  readonly clipScale: Float64Array;
}

/** The sequences `[start, end)` of a batch, from which one optimiser update is computed. */
export interface MiniBatch {
  readonly start: number;
  readonly end: number;
}

/** The sequences from which the updates of a step are computed. */
export interface TrainingBatch {
  readonly step: number;
  readonly policyVersion: number;
  readonly sequences: ReadonlyArray<TrainingSequence>;
  /** In the order of their updates; each sequence is in exactly one mini-batch. */
  readonly miniBatches: ReadonlyArray<MiniBatch>;
}
