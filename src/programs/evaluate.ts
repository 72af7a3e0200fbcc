import { Effect } from "effect";
import type { RunPlan } from "../run/configure.ts";
import { Environment } from "../environment/environment.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonText } from "../files/json_file.ts";
import { jsonLine } from "../files/jsonl.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Screen } from "../files/screen.ts";
import { type Attempt, evaluateQuestions } from "../pipeline/evaluate.ts";
import { gradeAnswer } from "../pipeline/reward.ts";
import { Watch } from "../pipeline/watch.ts";
import { Policy } from "../policy/policy.ts";
import { evaluationLine, progressLine } from "../report/terminal.ts";
import type { Task } from "../run/task.ts";
import { journalLine } from "../search/journal.ts";

/** What an evaluation needs besides a policy. */
export interface EvaluateProgramOptions {
  readonly plan: RunPlan;
  readonly task: Pick<Task, "protocol" | "test" | "searched">;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  readonly screen: Screen;
}

/** Measures a policy on the test questions; writes `evaluation.json` and every answer into the folder. */
export const evaluate = Effect.fn("evaluate")(function* (options: EvaluateProgramOptions) {
  const { plan: { config, preset, folder }, task, wave, screen } = options;
  const policy = yield* Policy;
  const { protocol, test } = task;
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, jsonText(config));
  const { report, attempts } = yield* evaluateQuestions(test.questions, {
    ...config,
    preset,
    protocol,
    wave,
    step: 0,
  }).pipe(
    Effect.provideService(Environment, test.environment),
    Effect.provideService(
      Watch,
      (progress) => screen.showProgress(progressLine({ ...progress, steps: 0 })),
    ),
  );
  const { model, revision } = config;
  const { scores: _scores, ...numbers } = report; // each answer has its own line
  const written = { adapter: policy.adapter.name, model, revision, ...numbers };
  const answers = attempts.map((attempt) => jsonLine(answerLine(attempt, options)));
  yield* writeFileAtomic(`${folder}/evaluation.json`, jsonText(written));
  yield* writeFileAtomic(`${folder}/answers.jsonl`, answers.join(""));
  const width = 2 + Math.max(12, ...Object.keys(report.byKind).map(({ length }) => length));
  for (const [kind, { count, f1, em }] of Object.entries(report.byKind)) {
    yield* screen.print(
      `${kind.padEnd(width)}F1 ${f1.toFixed(3)}  EM ${em.toFixed(3)}  ${count} questions`,
    );
  }
  const { searched } = task;
  yield* screen.print([
    `${"all".padEnd(width)}${evaluationLine(report)}`,
    ...(searched === null ? [] : [journalLine(searched)]),
    `Everything is in ${folder}`,
  ].join("\n"));
  return report;
});

function answerLine({ question, episode }: Attempt, { plan: { preset } }: EvaluateProgramOptions) {
  const { id, kind, text, golds } = question;
  const answer = episode?.answer ?? null;
  return {
    id,
    kind,
    question: text,
    golds,
    answer,
    ...gradeAnswer(answer, golds, preset),
    ending: episode?.ending ?? "crashed",
    turns: episode?.turns.length ?? 0,
  };
}
