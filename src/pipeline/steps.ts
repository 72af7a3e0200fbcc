import type { RewardedGroup, ScoredEpisode, TrainingBatch } from "../domain/batch.ts";
import type { Episode } from "../domain/episode.ts";
import type { Question } from "../domain/question.ts";
import type { EpisodeAdvantages, EpisodeRewards } from "../igpo/advantages.ts";
import type { SurrogateResult } from "../igpo/surrogate.ts";
import type { TokenEvaluation } from "../policy/policy.ts";

/**
 * What flows through the loop. The element of the stream is one step, and each stage yields a new value that holds the
 * one before and what the stage found.
 */

/** The questions of one step, counted from 1. */
export interface StepQuestions {
  readonly step: number;
  readonly questions: ReadonlyArray<Question>;
}

/** The episodes of a step, one group a question that kept at least two. */
export interface StepEpisodes extends StepQuestions {
  readonly policyVersion: number;
  readonly groups: ReadonlyArray<ReadonlyArray<Episode>>;
  readonly dropped: { readonly episodes: number; readonly groups: number };
  /** When the step began, milliseconds. */
  readonly startedMillis: number;
  readonly rolloutSeconds: number;
}

/** Adds beliefs. */
export interface ScoredStep extends StepEpisodes {
  readonly groups: ReadonlyArray<ReadonlyArray<ScoredEpisode>>;
  readonly scoredTokens: number;
  readonly scoreSeconds: number;
}

/** Adds rewards. */
export interface RewardedStep extends Omit<ScoredStep, "groups"> {
  readonly groups: ReadonlyArray<RewardedGroup>;
}

/** Adds advantages and what the update is computed from; sequences stand in the order of groups and episodes. */
export interface TrainingStep extends RewardedStep {
  readonly rewards: ReadonlyArray<ReadonlyArray<EpisodeRewards>>;
  readonly advantages: ReadonlyArray<ReadonlyArray<EpisodeAdvantages>>;
  readonly batch: TrainingBatch;
}

/** Adds what the update did. */
export interface UpdatedStep extends TrainingStep {
  /** Updates applied to the weights, this one included. */
  readonly updates: number;
  /** Why nothing was updated, in one sentence, or null. */
  readonly skipped: string | null;
  /** Of all updates of the step. */
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Loss of each sequence; empty when a number was not finite. */
  readonly results: ReadonlyArray<SurrogateResult>;
  /** What the trainer measured at each sequence's trained tokens; as long as `results`. */
  readonly evaluations: ReadonlyArray<TokenEvaluation>;
  readonly updateSeconds: number;
  readonly seconds: number;
}
