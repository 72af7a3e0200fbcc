import { Effect } from "effect";
import { AnswerRow } from "../domain/answer_row.ts";
import { decodeRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import type { RewardedEpisode } from "../domain/batch.ts";
import type { Question } from "../domain/question.ts";
import { Environment } from "../environment/environment.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { pathExists } from "../files/disk.ts";
import { jsonText } from "../files/json_file.ts";
import { jsonLine, openJsonlWriter, readUncutJsonl } from "../files/jsonl.ts";
import { ANSWERS_FILE, CONFIG_FILE } from "../files/run_folder.ts";
import { METRICS_FILE } from "../report/metrics.ts";
import type { Screen } from "../files/screen.ts";
import type { Preset } from "../igpo/preset.ts";
import { scoreAnswer, squadF1 } from "../igpo/answer_score.ts";
import { detectable } from "../math/intervals.ts";
import { valueOf } from "../igpo/belief.ts";
import {
  type AnswerOptions,
  answerQuestions,
  type Attempt,
  rewardAttempts,
  type Wanted,
} from "../pipeline/evaluate.ts";
import { gradeAnswer } from "../pipeline/reward.ts";
import { Watch } from "../pipeline/watch.ts";
import { Policy } from "../policy/policy.ts";
import {
  compareAnswers,
  type EvaluationTable,
  evaluationTable,
} from "../report/evaluation_table.ts";
import {
  againstText,
  evaluationCsv,
  evaluationMarkdown,
  evaluationText,
  judgeText,
} from "../report/evaluation_text.ts";
import { progressLine } from "../report/terminal.ts";
import type { RunPlan } from "../run/configure.ts";
import { type JudgeFlags, JUDGEMENTS_FILE, openJudging } from "../run/judging.ts";
import { adviseToResume } from "../run/resume.ts";
import type { Task } from "../run/task.ts";
import { callsLine } from "../search/meter.ts";

/** What an evaluation needs besides a policy. */
export interface EvaluateProgramOptions {
  readonly plan: RunPlan;
  readonly task: Pick<Task, "protocol" | "test" | "meter">;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  readonly screen: Screen;
  /** The date in the system prompt. */
  readonly date: string;
  /** Folder of another evaluation of the same questions, to compare with; null for none. */
  readonly against: string | null;
  /** The judge of the answers; null for none. */
  readonly judge: JudgeFlags | null;
}

/** No result between 0 and 1 has a larger standard deviation. */
const LARGEST_DEVIATION = 0.5;

/**
 * Answers the test questions as often as the recipe says and writes answers and tables into the folder. In a folder that
 * has answers, only those that are missing or were lost to a crash are asked for.
 */
export const evaluate = Effect.fn("evaluate")(function* (options: EvaluateProgramOptions) {
  const { plan: { config, folder }, task, screen, against, judge } = options;
  yield* checkCanMeasure(options);
  const others = against === null ? null : yield* readAnswers(against);
  // Before there is a run: a judge that cannot be used leaves none.
  const judgeAnswers = judge === null ? null : yield* openJudging(judge, { folder, screen });
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, jsonText(config));
  const { questions } = task.test;
  yield* screen.print(
    `${questions.length} questions: two agents that differ by ${
      detectable(LARGEST_DEVIATION, questions.length, "apart").toFixed(3)
    } in F1 or more can be told apart, closer ones only with --against`,
  );
  const rows = yield* answerMissing(options);
  const judged = judgeAnswers === null ? null : yield* judgeAnswers(rows);
  const table = evaluationTable(rows, judged?.verdicts);
  const compared = others === null ? null : compareAnswers(rows, others);
  yield* writeTables(options, { ...table, judge: judged?.report ?? null, against: compared });
  const { meter } = task;
  yield* screen.print([
    evaluationText(table),
    ...(judged === null ? [] : [judgeText(judged.report)]),
    ...(against === null ? [] : [
      compared === null
        ? `${against} has no question of these: nothing to compare`
        : againstText(compared, against),
    ]),
    ...(meter === null ? [] : [callsLine(meter)]),
    `Everything is in ${folder}`,
  ].join("\n\n"));
  return table;
}, (program, options) =>
  program.pipe(
    Effect.onInterrupt(() =>
      adviseToResume(options.plan.folder, commandToResume(options), options.screen)
    ),
    Effect.scoped,
  ));

/** Judge and comparison are not in the configuration, so they must be named again. */
function commandToResume({ plan: { folder }, judge, against }: EvaluateProgramOptions): string {
  return [
    `./igpo evaluate --resume ${folder}`,
    ...(judge === null ? [] : [`--judge ${judge.url} --judge-model ${judge.model}`]),
    ...(against === null ? [] : [`--against ${against}`]),
  ].join(" ");
}

/** Fails where beliefs or verdicts are wanted that there cannot be, or would be lost. */
const checkCanMeasure = Effect.fnUntraced(function* (
  { plan: { config, preset, folder, isResumed }, judge }: EvaluateProgramOptions,
) {
  if (config.recipe.testBeliefs && preset.gain.measure === "none") {
    return yield* new BadInput({
      message: `Cannot measure beliefs as the preset must have gains: "${preset.name}" has none`,
    });
  }
  if (judge === null && isResumed && (yield* pathExists(`${folder}/${JUDGEMENTS_FILE}`))) {
    return yield* new BadInput({
      message: `Cannot go on with "${folder}" as its answers are judged: name the judge again ` +
        `with --judge and --judge-model`,
    });
  }
});

const writeTables = Effect.fnUntraced(function* (
  { plan: { config: { model, revision }, folder } }: EvaluateProgramOptions,
  table: EvaluationTable & Readonly<Record<"judge" | "against", unknown>>,
) {
  const { adapter: { name: adapter } } = yield* Policy;
  yield* writeFileAtomic(
    `${folder}/evaluation.json`,
    jsonText({ adapter, model, revision, ...table }),
  );
  yield* writeFileAtomic(`${folder}/evaluation.csv`, evaluationCsv(table));
  yield* writeFileAtomic(`${folder}/evaluation.md`, evaluationMarkdown(table));
});

/** All answers, in the order of the questions: those that the folder has, and the others as they come. */
const answerMissing = Effect.fnUntraced(function* (options: EvaluateProgramOptions) {
  const { plan: { config, preset, folder, isResumed }, task: { protocol, test }, wave, screen } =
    options;
  const { testSamples, testBeliefs } = config.recipe;
  const path = `${folder}/${ANSWERS_FILE}`;
  const kept = new Map<string, AnswerRow>();
  if (isResumed && (yield* pathExists(path))) {
    for (const row of yield* readAnswers(folder)) {
      if (row.ending !== "crashed") kept.set(keyOf(row), row);
    }
  } else yield* writeFileAtomic(path, "");
  const wanted = test.questions.flatMap((question) =>
    Array.from({ length: testSamples }, (_, sample) => ({ question, sample }))
  );
  const missing = wanted.filter(({ question, sample }) => {
    const row = kept.get(keyOf({ ...question, sample }));
    // An edited question is another one.
    return row === undefined || row.question !== question.text ||
      JSON.stringify(row.golds) !== JSON.stringify(question.golds);
  });
  const { append } = yield* openJsonlWriter(path);
  const keep = (attempt: Attempt, rewarded: RewardedEpisode | null) => {
    const row = answerRow(attempt, rewarded, options);
    kept.set(keyOf(row), row);
    return append(row);
  };
  const how = { ...config, preset, protocol, wave, step: 0, isGreedy: testSamples === 1 };
  const answering = testBeliefs
    ? answerInBatches(missing, how, keep)
    : answerQuestions(missing, { ...how, onAttempt: (attempt) => keep(attempt, null) });
  yield* answering.pipe(
    Effect.provideService(Environment, test.environment),
    Effect.provideService(
      Watch,
      (progress) => screen.showProgress(progressLine({ ...progress, steps: 0 })),
    ),
  );
  const rows = wanted.map((one) => kept.get(keyOf({ ...one.question, ...one }))!);
  // While it grew, the file was in the order in which the answers came.
  yield* writeFileAtomic(path, rows.map(jsonLine).join(""));
  return rows;
});

/** Waves of a batch. A kill costs the answers of a batch, and its last episodes wait for nobody. */
const BATCH_WAVES = 4;

/** Answers questions and measures their beliefs batch by batch, since no message is decoded meanwhile. */
const answerInBatches = Effect.fnUntraced(function* (
  wanted: ReadonlyArray<Wanted>,
  how: AnswerOptions & { readonly preset: Preset },
  keep: (attempt: Attempt, rewarded: RewardedEpisode | null) => Effect.Effect<void, BadInput>,
) {
  const size = BATCH_WAVES * how.wave;
  for (let start = 0; start < wanted.length; start += size) {
    const attempts = yield* answerQuestions(wanted.slice(start, start + size), how);
    const rewarded = yield* rewardAttempts(attempts, how);
    yield* Effect.forEach(attempts, (attempt, i) => keep(attempt, rewarded[i]!));
  }
});

function keyOf({ kind, id, sample }: Pick<AnswerRow, "kind" | "id" | "sample">): string {
  return JSON.stringify([kind, id, sample]);
}

/** The date that a stopped evaluation was begun with, null before its first answer. */
export const begunOn = Effect.fnUntraced(function* (folder: string) {
  if (yield* pathExists(`${folder}/${METRICS_FILE}`)) {
    return yield* new BadInput({
      message: `Cannot go on with an evaluation in "${folder}" as it must hold one: it holds a ` +
        `training run; name its checkpoint with --model`,
    });
  }
  if (!(yield* pathExists(`${folder}/${ANSWERS_FILE}`))) return null;
  return (yield* readAnswers(folder))[0]?.date ?? null;
});

/** The answers in the folder of an evaluation. */
const readAnswers = Effect.fnUntraced(function* (folder: string) {
  const path = `${folder}/${ANSWERS_FILE}`;
  const rows = yield* Effect.forEach(
    yield* readUncutJsonl(path),
    ({ value, row }) => decodeRecord(AnswerRow, value, `row ${row} of "${path}"`),
  );
  // The last answer counts: one that a crash cost was asked for again.
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
});

function answerRow(
  { question, sample, episode }: Attempt,
  rewarded: RewardedEpisode | null,
  { plan: { preset }, date }: EvaluateProgramOptions,
): AnswerRow {
  const { id, kind, text, golds }: Question = question;
  const answer = episode?.answer ?? null;
  const { f1, em } = gradeAnswer(answer, golds, preset);
  const results = episode?.turns.flatMap(({ results }) => results) ?? [];
  return {
    id,
    kind,
    question: text,
    golds,
    sample,
    answer,
    f1,
    f1Multiset: answer === null ? 0 : scoreAnswer(answer, golds, "multiset").f1,
    f1Squad: answer === null ? 0 : squadF1(answer, golds),
    em,
    ending: episode?.ending ?? "crashed",
    turns: episode?.turns.length ?? 0,
    calls: results.length,
    failedCalls: results.filter(({ failure }) => failure !== null).length,
    ...(rewarded === null ? {} : beliefsOf(rewarded, preset)),
    date,
  };
}

/** Beliefs and gains of an episode as a row has them. */
function beliefsOf(
  { belief, gain }: RewardedEpisode,
  { gain: { measure } }: Preset,
): Pick<AnswerRow, "beliefs" | "gains"> {
  if (measure === "none") return {};
  return { beliefs: Array.from(belief, (ell) => valueOf(ell, measure)), gains: [...gain] };
}
