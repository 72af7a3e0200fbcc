import type { Stream } from "effect";
import type { MiniBatch, RewardedGroup, ScoredEpisode, TrainingBatch } from "../domain/batch.ts";
import type { Episode } from "../domain/episode.ts";
import type { BadInput, JobFailed, KernelFailed, ServerFailed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import type { Environment } from "../environment/environment.ts";
import type { Uncaught } from "../environment/uncaught.ts";
import type { EpisodeAdvantages, EpisodeRewards } from "../igpo/advantages.ts";
import type { Sampler } from "../igpo/old_log_prob.ts";
import type { SurrogateResult } from "../igpo/surrogate.ts";
import type { Learner, Policy, PolicyWeights, TokenLogProbs } from "../policy/policy.ts";
import type { ReferencePolicy } from "./reference_policy.ts";

/**
 * The elements of the training stream. Each element is one step, and each stage returns a new value that holds the
 * previous one and the results of the stage.
 */

/** The questions of one step, counted from 1. */
export interface StepQuestions {
  readonly step: number;
  readonly questions: ReadonlyArray<Question>;
}

/** An episode that is not trained on. */
export interface LostEpisode extends Pick<Episode, "id" | "question" | "sample"> {
  readonly reason: string;
}

/** The episodes of a step, one group for each question that kept at least two. */
export interface StepEpisodes extends StepQuestions {
  readonly policyVersion: number;
  readonly groups: ReadonlyArray<ReadonlyArray<Episode>>;
  readonly dropped: { readonly episodes: number; readonly groups: number };
  /** The episodes that are in no group, and why. */
  readonly lost: ReadonlyArray<LostEpisode>;
  readonly uncaught: Uncaught;
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

/** How the episodes of each step come about. */
export type PlaySteps = <E, R>(
  steps: Stream.Stream<StepQuestions, E, R>,
) => Stream.Stream<
  ScoredStep,
  E | BadInput | JobFailed | KernelFailed | ServerFailed,
  R | Environment | Learner | Policy | ReferencePolicy
>;

/** Adds rewards. */
export interface RewardedStep extends Omit<ScoredStep, "groups"> {
  readonly groups: ReadonlyArray<RewardedGroup>;
}

/** Adds advantages and the batch of the updates; its sequences have the order of groups and episodes. */
export interface TrainingStep extends RewardedStep {
  readonly rewards: ReadonlyArray<ReadonlyArray<EpisodeRewards>>;
  readonly advantages: ReadonlyArray<ReadonlyArray<EpisodeAdvantages>>;
  readonly batch: TrainingBatch;
}

/** An update that was applied to the weights. */
export interface AppliedUpdate {
  readonly miniBatch: MiniBatch;
  /** Loss of each of the mini-batch's sequences, before the update. */
  readonly results: ReadonlyArray<SurrogateResult>;
  readonly gradientNorm: number;
}

/** Adds the results of the updates. */
export interface UpdatedStep extends TrainingStep {
  /** Updates between the weights that played the step and those before its updates. */
  readonly staleness: number;
  /** The weights before its updates, where they play the next step; null where that is played after the updates. */
  readonly behaviour: PolicyWeights | null;
  /** Updates applied to the weights, this step's included. */
  readonly updates: number;
  /** Why an update and the step's remaining updates were skipped, such as what was not finite; or null. */
  readonly skipped: string | null;
  /** Who sampled the episodes. */
  readonly sampler: Sampler;
  /** The learning rate of all updates of the step. */
  readonly learningRate: number;
  readonly applied: ReadonlyArray<AppliedUpdate>;
  /** What the trainer measured at each sequence's trained tokens before the first update; empty if none was applied. */
  readonly logProbs: ReadonlyArray<TokenLogProbs>;
  /** Of each trained token of each sequence; empty for episodes that are not stale, whose weights are 1. */
  readonly importanceWeights: ReadonlyArray<Float64Array>;
  readonly updateSeconds: number;
  readonly seconds: number;
}
