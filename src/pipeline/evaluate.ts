import { Effect } from "effect";
import type { RewardedEpisode } from "../domain/batch.ts";
import type { Episode } from "../domain/episode.ts";
import type { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import type { EvaluationReport, KindReport } from "../domain/report.ts";
import type { Recipe } from "../domain/recipe.ts";
import { countUncaught } from "../environment/uncaught.ts";
import type { Preset } from "../igpo/preset.ts";
import { mean } from "../math/statistics.ts";
import type { Sampling } from "../model/decode.ts";
import { Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { episodeKey, runKey } from "./keys.ts";
import { playEpisodes, toolPlay } from "./play.ts";
import { gradeAnswer, rewardEpisode } from "./reward.ts";
import { scoreGroups } from "./score.ts";
import { tellProgress } from "./watch.ts";

/** How a policy is evaluated. */
export interface EvaluateOptions {
  readonly seed: number;
  readonly protocol: Protocol;
  readonly preset: Pick<Preset, "outcome">;
  readonly recipe: Recipe;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  /** Steps done before this evaluation, shown in progress reports. */
  readonly step: number;
}

/** A question with an episode that tried to answer it; null if the environment crashed. */
export interface Attempt {
  readonly question: Question;
  /** Which of the attempts at the question, from 0 on. */
  readonly sample: number;
  readonly episode: Episode | null;
}

/** The report of an evaluation, and the episodes on which it is based. */
export interface Evaluation {
  readonly report: EvaluationReport;
  readonly attempts: ReadonlyArray<Attempt>;
}

const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };

/** A question to be answered, and which of its answers. */
export type Wanted = Omit<Attempt, "episode">;

/** How questions are answered. */
export interface AnswerOptions extends EvaluateOptions {
  /** Always the likeliest token, or draws as in training. @default {true} */
  readonly isGreedy?: boolean;
  /** Called after each attempt. */
  readonly onAttempt?: (attempt: Attempt) => Effect.Effect<void, BadInput>;
}

/** Answers questions. No answer depends on the others, or on which are asked at the same time. */
export const answerQuestions = Effect.fn("answerQuestions")(
  function* (wanted: ReadonlyArray<Wanted>, options: AnswerOptions) {
    const policy = yield* Policy;
    const { seed, protocol, recipe, wave, step, isGreedy = true, onAttempt } = options;
    const key = runKey(seed, "evaluation");
    const seats = wanted.map(({ question, sample }) => ({
      question,
      step,
      sample,
      policyVersion: 0,
      id: `evaluation/${question.id}${sample === 0 ? "" : `/${sample}`}`,
      key: episodeKey(key, { step, questionId: question.id, sample }),
    }));
    const { maxTurns, maxNewTokens, contextTokens } = recipe;
    policy.release();
    // An error that a tool leaves behind must not end the process.
    yield* countUncaught;
    const episodes = yield* playEpisodes(seats, {
      protocol,
      sampling: isGreedy ? GREEDY : recipe,
      maxTurns,
      maxNewTokens,
      contextTokens,
      ...toolPlay(recipe),
      wave,
      onEnded: (done, { question, sample }, episode) =>
        Effect.andThen(
          onAttempt?.({ question, sample, episode }) ?? Effect.void,
          tellProgress({ step, phase: "evaluate", done, total: seats.length, unit: "questions" }),
        ),
    });
    policy.release();
    return wanted.map((one, i): Attempt => ({ ...one, episode: episodes[i]! }));
  },
  Effect.scoped,
);

/** The episodes of attempts with their beliefs under this policy, their gains and outcomes, as training has them. */
export const rewardAttempts = Effect.fn("rewardAttempts")(function* (
  attempts: ReadonlyArray<Attempt>,
  { protocol, preset, step }: Pick<EvaluateOptions, "protocol" | "step"> & {
    readonly preset: Preset;
  },
) {
  const policy = yield* Policy;
  const groups = attempts.flatMap(({ episode }) => episode === null ? [] : [[episode]]);
  const scored = yield* scoreGroups({ step, groups }, policy, { protocol, gain: preset.gain });
  const rewarded = scored.groups.flat().map((episode) => rewardEpisode(episode, preset));
  const byId = new Map(rewarded.map((episode) => [episode.id, episode]));
  return attempts.map(({ episode }): RewardedEpisode | null =>
    episode === null ? null : byId.get(episode.id)!
  );
});

/** Answers each question once, always with the likeliest token. An episode lost to a crash counts as no answer. */
export const evaluateQuestions = Effect.fn("evaluateQuestions")(
  function* (questions: ReadonlyArray<Question>, options: EvaluateOptions) {
    const wanted = questions.map((question) => ({ question, sample: 0 }));
    const attempts = yield* answerQuestions(wanted, options);
    return { report: reportOf(attempts, options.preset), attempts } satisfies Evaluation;
  },
);

/** The report of all attempts, kinds in alphabetical order. */
export function reportOf(
  attempts: ReadonlyArray<Attempt>,
  preset: Pick<Preset, "outcome">,
): EvaluationReport {
  const kinds = [...new Set(attempts.map(({ question }) => question.kind))].sort();
  const ofKind = (kind: string) => attempts.filter(({ question }) => question.kind === kind);
  const meanOf = (value: (episode: Episode | null) => number) =>
    mean(Float64Array.from(attempts, ({ episode }) => value(episode)));
  return {
    ...kindReport(attempts, preset),
    byKind: Object.fromEntries(kinds.map((kind) => [kind, kindReport(ofKind(kind), preset)])),
    meanTurns: meanOf((episode) => episode?.turns.length ?? 0),
    invalidRate: meanOf((episode) => Number(episode?.ending !== "answered")),
    scores: gradesOf(attempts, preset).map(({ f1 }) => f1),
  };
}

function kindReport(
  attempts: ReadonlyArray<Attempt>,
  preset: Pick<Preset, "outcome">,
): KindReport {
  const grades = gradesOf(attempts, preset);
  return {
    count: attempts.length,
    f1: mean(Float64Array.from(grades, ({ f1 }) => f1)),
    em: mean(Float64Array.from(grades, ({ em }) => Number(em))),
  };
}

function gradesOf(attempts: ReadonlyArray<Attempt>, preset: Pick<Preset, "outcome">) {
  return attempts.map(({ question, episode }) =>
    gradeAnswer(episode?.answer ?? null, question.golds, preset)
  );
}
