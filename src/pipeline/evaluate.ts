import { Effect } from "effect";
import type { Episode } from "../domain/episode.ts";
import type { Question } from "../domain/question.ts";
import type { EvaluationReport, KindReport } from "../domain/report.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Preset } from "../igpo/preset.ts";
import { mean } from "../math/statistics.ts";
import type { Sampling } from "../model/decode.ts";
import { Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { episodeKey, runKey } from "./keys.ts";
import { playEpisodes } from "./play.ts";
import { gradeAnswer } from "./reward.ts";
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

/** A question with the episode that tried to answer it; null where the environment crashed. */
export interface Attempt {
  readonly question: Question;
  readonly episode: Episode | null;
}

/** The report of an evaluation, and the episodes on which it is based. */
export interface Evaluation {
  readonly report: EvaluationReport;
  readonly attempts: ReadonlyArray<Attempt>;
}

const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };

/** Answers each question once, always with the likeliest token. An episode lost to a crash counts as no answer. */
export const evaluateQuestions = Effect.fn("evaluateQuestions")(
  function* (questions: ReadonlyArray<Question>, options: EvaluateOptions) {
    const policy = yield* Policy;
    const { seed, protocol, recipe, wave, step, preset } = options;
    const key = runKey(seed, "evaluation");
    const seats = questions.map((question) => ({
      question,
      step,
      sample: 0,
      policyVersion: 0,
      id: `evaluation/${question.id}`,
      key: episodeKey(key, { step, questionId: question.id, sample: 0 }),
    }));
    const { maxTurns, maxNewTokens, contextTokens, toolConcurrency: concurrency } = recipe;
    policy.release();
    const episodes = yield* playEpisodes(seats, {
      protocol,
      sampling: GREEDY,
      maxTurns,
      maxNewTokens,
      contextTokens,
      concurrency,
      wave,
      onEnded: (done) =>
        tellProgress({ step, phase: "evaluate", done, total: seats.length, unit: "questions" }),
    });
    policy.release();
    const attempts = questions.map((question, i): Attempt => ({ question, episode: episodes[i]! }));
    return { report: reportOf(attempts, preset), attempts } satisfies Evaluation;
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
