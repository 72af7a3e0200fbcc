import { bootstrapMean, holm, studentInterval } from "../math/intervals.ts";
import { mean, standardDeviation } from "../math/statistics.ts";
import { studentQuantile, studentTest } from "../math/student.ts";

/** The result of one run of a comparison. */
export interface ComparedRun {
  /** What it was trained on: a world or kinds of questions, by name, or `questions` for the user's own. */
  readonly world: string;
  readonly preset: string;
  readonly seed: number;
  /** Test F1 before and after. */
  readonly before: number;
  readonly f1: number;
  /** F1 of each test question after training, in the order of the questions. */
  readonly scores: ReadonlyArray<number>;
  /** Test F1 after training by kind of question. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Share of groups whose advantages were all 0, mean over steps. */
  readonly idleGroups: number;
  /** Mean number of messages of an episode in the last step. */
  readonly turns: number;
  /** Mean time of a step, seconds. */
  readonly stepSeconds: number;
  /** Steps and seconds until validation F1 was {@link TARGET_F1}, linear between evaluations; null if never. */
  readonly target: { readonly steps: number; readonly seconds: number } | null;
  /** Time of the whole run. */
  readonly seconds: number;
  /** Validation F1 by step; test F1 where nothing is validated. */
  readonly curve: ReadonlyArray<{ readonly step: number; readonly f1: number }>;
}

/** The validation F1 that `target` counts the steps to. */
export const TARGET_F1 = 0.6;

/** A mean with its 95 % confidence interval, which is null for a single value. */
export interface Estimate {
  readonly mean: number;
  readonly interval: readonly [number, number] | null;
  readonly count: number;
}

/**
 * Mean and Student's confidence interval.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual(estimate([1, 1]), { mean: 1, interval: [1, 1], count: 2 });
 * ```
 */
export function estimate(values: ReadonlyArray<number>): Estimate {
  const sample = Float64Array.from(values);
  return { mean: mean(sample), interval: studentInterval(sample), count: sample.length };
}

/** A preset minus a base, paired by seed: pairing removes the effect that a seed has on both. */
export interface Contrast extends Estimate {
  /** Number of seeds in which the preset did better. */
  readonly wins: number;
  /** 95 % interval of the mean difference when the test questions are resampled and the seeds are kept. */
  readonly overQuestions: readonly [number, number] | null;
  /** The smallest true difference that this number of seeds detects with a power of 80 %; null for one seed. */
  readonly detectable: number | null;
  /** Two-sided p value of the paired t test over seeds; null for one seed. */
  readonly p: number | null;
}

/** A contrast of several with the same base. */
export interface CorrectedContrast extends Contrast {
  /** The p value after Holm's correction for their number; null for one seed. */
  readonly corrected: number | null;
}

/**
 * Test F1 of each other preset minus that of a base. The more presets are tried, the likelier one of them looks better
 * by chance: `corrected` allows for it. All runs are of one world.
 */
export function contrasts(
  runs: ReadonlyArray<ComparedRun>,
  base: string,
): ReadonlyMap<string, CorrectedContrast> {
  const others = new Set(runs.map(({ preset }) => preset));
  others.delete(base);
  const found = [...others].map((preset) => [preset, contrast(runs, { preset, base })] as const);
  const corrected = holm(found.map(([, { p }]) => p ?? 1));
  return new Map(found.map(([preset, one], i) => [
    preset,
    { ...one, corrected: one.p === null ? null : corrected[i]! },
  ]));
}

/** Test F1 of a preset minus that of a base, over the seeds that both have. All runs are of one world. */
export function contrast(
  runs: ReadonlyArray<ComparedRun>,
  { preset, base }: { readonly preset: string; readonly base: string },
): Contrast {
  const bases = new Map(runs.filter((run) => run.preset === base).map((run) => [run.seed, run]));
  const pairs = runs.filter((run) => run.preset === preset).flatMap((run) => {
    const other = bases.get(run.seed);
    return other === undefined ? [] : [{ run, other }];
  });
  const differences = pairs.map(({ run, other }) => run.f1 - other.f1);
  const count = pairs.length;
  const error = standardError(Float64Array.from(differences));
  const powered = () =>
    (studentQuantile(0.975, count - 1) + studentQuantile(0.8, count - 1)) * error;
  const found = estimate(differences);
  return {
    ...found,
    wins: differences.filter((difference) => difference > 0).length,
    overQuestions: overQuestions(pairs),
    detectable: count < 2 ? null : powered(),
    // Equal differences leave no doubt, or no difference.
    p: count < 2 ? null : found.mean === 0 ? 1 : studentTest(found.mean / error, count - 1),
  };
}

interface Pair {
  readonly run: ComparedRun;
  readonly other: ComparedRun;
}

/** Percentile bootstrap over questions: each question's difference is its mean over seeds. */
function overQuestions(pairs: ReadonlyArray<Pair>): readonly [number, number] | null {
  const questions = pairs[0]?.run.scores.length ?? 0;
  const isComplete = pairs.every(({ run, other }) =>
    run.scores.length === questions && other.scores.length === questions
  );
  if (questions === 0 || !isComplete) return null;
  const byQuestion = Float64Array.from(
    { length: questions },
    (_, q) => mean(Float64Array.from(pairs, ({ run, other }) => run.scores[q]! - other.scores[q]!)),
  );
  return bootstrapMean(byQuestion);
}

function standardError(sample: Float64Array): number {
  return standardDeviation(sample, 1) / Math.sqrt(sample.length);
}
