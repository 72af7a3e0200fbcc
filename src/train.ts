import { Cause, Clock, Effect, Ref, Stream } from "effect";
import type { RunPlan } from "./configure.ts";
import { BadInput, TrainingDiverged } from "./domain/errors.ts";
import type { Summary } from "./domain/report.ts";
import { Environment } from "./environment/environment.ts";
import { writeFileAtomic } from "./files/atomic.ts";
import { listCheckpoints, removeCheckpoint } from "./files/run_checkpoints.ts";
import { CONFIG_FILE } from "./files/run_folder.ts";
import type { Screen } from "./files/screen.ts";
import { type Diagnostics, shorteningWarning } from "./igpo/diagnostics.ts";
import { truncates } from "./model/decode.ts";
import { advantage } from "./pipeline/advantage.ts";
import { type LoadedCheckpoint, saveCheckpoint } from "./pipeline/checkpoint.ts";
import { evaluateQuestions } from "./pipeline/evaluate.ts";
import type { ModelFolder } from "./pipeline/model_folder.ts";
import { questionSteps } from "./pipeline/questions.ts";
import { reward } from "./pipeline/reward.ts";
import { rollout } from "./pipeline/rollout.ts";
import { score } from "./pipeline/score.ts";
import { summarizeStep } from "./pipeline/step_report.ts";
import type { UpdatedStep } from "./pipeline/steps.ts";
import { update } from "./pipeline/update.ts";
import { Watch } from "./pipeline/watch.ts";
import { Learner, Policy } from "./policy/policy.ts";
import { writeSummary } from "./report/summary.ts";
import { evaluationLine, progressLine, stepLine, summaryTable } from "./report/terminal.ts";
import { openRecord, type RunRecord } from "./run_record.ts";
import type { Task } from "./task.ts";

/** What a training run needs besides policy and learner. */
export interface TrainOptions {
  readonly plan: RunPlan;
  readonly task: Task;
  readonly model: ModelFolder;
  /** Where to go on, or null for a new run. */
  readonly checkpoint: LoadedCheckpoint | null;
  /** The date the system prompt says. */
  readonly date: string;
  /** Episodes in play at the same time: what the policy's cache has room for. */
  readonly wave: number;
  readonly screen: Screen;
  /** When the program started, milliseconds. */
  readonly startedMillis: number;
}

/** A run under way. */
interface Run extends TrainOptions {
  readonly record: RunRecord;
  /** Steps done, when the first one was, and what warnings are judged from. */
  readonly state: Ref.Ref<{
    readonly step: number;
    readonly firstStepMillis: number | null;
    readonly history: ReadonlyArray<Diagnostics>;
    readonly isWarned: boolean;
  }>;
}

/** Trains with one update a step, evaluates before, during and after, and leaves everything in the run's folder. */
export const train = Effect.fn("train")(function* (options: TrainOptions) {
  const run = yield* openRun(options);
  const { plan: { config, preset }, task, wave } = run;
  const { seed, recipe } = config;
  const { protocol } = task;
  const { step: done } = yield* Ref.get(run.state);
  yield* evaluateDue(run, done).pipe(
    Effect.andThen(
      questionSteps({
        ...recipe,
        seed,
        questions: task.train.questions,
        from: done + 1,
        to: recipe.steps,
      })
        .pipe(
          rollout({ seed, protocol, recipe, wave }),
          score({ protocol, gain: preset.gain }),
          reward(preset),
          advantage({ preset, recipe }),
          update({ preset, recipe, record: (step) => recordStep(run, step) }),
          Stream.tap(({ step }) => checkpointDue(run, step)),
          Stream.tap(({ step }) => evaluateDue(run, step)),
          Stream.runDrain,
        ),
    ),
    Effect.onError((cause) => saveOnStop(run, cause)),
    Effect.provideService(Environment, task.train.environment),
    Effect.provideService(
      Watch,
      (progress) => run.screen.showProgress(progressLine({ ...progress, steps: recipe.steps })),
    ),
  );
  return yield* finish(run);
}, Effect.scoped);

const openRun = Effect.fnUntraced(function* (options: TrainOptions) {
  const { plan: { config, folder }, checkpoint, screen } = options;
  const step = checkpoint?.state.step ?? 0;
  if (step > config.recipe.steps) {
    return yield* new BadInput({
      message: `Cannot resume after the last step: ${step} steps are done, ` +
        `--steps is ${config.recipe.steps}`,
    });
  }
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, `${JSON.stringify(config, null, 2)}\n`);
  if (checkpoint !== null) {
    const learner = yield* Learner;
    yield* learner.load(checkpoint.learner);
    yield* screen.print(`Going on after step ${step}`);
  }
  if (truncates(config.recipe)) {
    yield* screen.print(
      "Note: top-k, top-p or min-p cut what is sampled, and the importance ratio ignores it",
    );
  }
  const record = yield* openRecord(folder, step);
  const state = yield* Ref.make({
    step,
    firstStepMillis: null as number | null,
    history: [] as ReadonlyArray<Diagnostics>,
    isWarned: false,
  });
  return { ...options, record, state } satisfies Run;
});

/** Writes down a finished step and says what is wrong with it. */
const recordStep = Effect.fnUntraced(function* (run: Run, updated: UpdatedStep) {
  const { plan: { config, preset }, screen, record } = run;
  const { report, diagnostics } = summarizeStep(updated, preset);
  yield* record.addStep(report);
  const now = yield* Clock.currentTimeMillis;
  const { isWarned, history } = yield* Ref.updateAndGet(run.state, (state) => ({
    ...state,
    step: updated.step,
    firstStepMillis: state.firstStepMillis ?? now,
    history: [...state.history, diagnostics],
  }));
  yield* screen.print(stepLine(report, config.recipe.steps));
  if (updated.skipped !== null) {
    yield* screen.print(`Skipped update ${updated.step}: not finite: ${updated.skipped}`);
  }
  const warning = isWarned || preset.gain.measure === "none" ? null : shorteningWarning(history);
  if (warning === null) return;
  yield* screen.print(`Warning: ${warning}`);
  yield* Ref.update(run.state, (state) => ({ ...state, isWarned: true }));
});

/** Validation questions every so often, test questions before and after. */
const evaluateDue = Effect.fnUntraced(function* (run: Run, step: number) {
  const { recipe } = run.plan.config;
  const isEnd = step === 0 || step === recipe.steps;
  const every = recipe.evaluateEvery;
  if (every > 0 && (isEnd || step % every === 0)) yield* evaluateSplit(run, step, "validation");
  if (isEnd) yield* evaluateSplit(run, step, "test");
});

const evaluateSplit = Effect.fnUntraced(
  function* (run: Run, step: number, split: "validation" | "test") {
    const { plan: { config, preset }, task, wave, screen, record } = run;
    const { questions, environment } = task[split];
    const { protocol } = task;
    const measure = evaluateQuestions(questions, { ...config, preset, protocol, wave, step }).pipe(
      Effect.map(({ report }) => report),
      Effect.provideService(Environment, environment),
    );
    const { report, isNew } = yield* record.evaluateOnce({ step, split }, measure);
    if (isNew) yield* screen.print(`${split} after ${step} steps  ${evaluationLine(report)}`);
    return report;
  },
);

/** Every so many steps and at the end; `checkpointEvery` 0 keeps the last only. */
const checkpointDue = Effect.fnUntraced(function* (run: Run, step: number) {
  const { steps, checkpointEvery } = run.plan.config.recipe;
  if (step === steps || (checkpointEvery > 0 && step % checkpointEvery === 0)) yield* save(run);
});

const save = Effect.fnUntraced(function* ({ plan, state, model, date }: Run) {
  const { config, folder } = plan;
  const { step } = yield* Ref.get(state);
  const older = yield* listCheckpoints(folder);
  if (older.includes(step)) return;
  yield* saveCheckpoint(folder, { step, seed: config.seed, date }, model);
  if (config.recipe.checkpointEvery > 0) return;
  for (const old of older) yield* removeCheckpoint(folder, old);
});

/** An interrupted or diverged run keeps what it has learned. */
const saveOnStop = Effect.fnUntraced(function* (run: Run, cause: Cause.Cause<unknown>) {
  const isDiverged = Cause.squash(cause) instanceof TrainingDiverged;
  const { step } = yield* Ref.get(run.state);
  if (step === 0 || !(isDiverged || Cause.hasInterruptsOnly(cause))) return;
  yield* Effect.ignore(save(run));
  const { folder } = run.plan;
  yield* run.screen.print(`Saved after step ${step}; go on with: ./igpo train --resume ${folder}`);
});

const finish = Effect.fnUntraced(function* (run: Run) {
  const { plan: { config, preset, folder }, screen, startedMillis } = run;
  const { recipe, seed } = config;
  const policy = yield* Policy;
  const { firstStepMillis } = yield* Ref.get(run.state);
  const tests = (yield* run.record.evaluations).filter(({ split }) => split === "test");
  const reportAt = (at: number) => {
    const { step: _step, split: _split, ...report } = tests.find(({ step }) => step === at)!;
    return report;
  };
  const now = yield* Clock.currentTimeMillis;
  const summary: Summary = {
    adapter: policy.adapter.kind === "interpreter" ? "plain loops" : policy.adapter.name,
    ...{ preset: preset.name, recipe: recipe.name, seed, steps: recipe.steps },
    firstStepSeconds: ((firstStepMillis ?? now) - startedMillis) / 1000,
    wallSeconds: (now - startedMillis) / 1000,
    before: reportAt(0),
    after: reportAt(recipe.steps),
  };
  yield* writeSummary(folder, summary);
  yield* screen.print(`\n${summaryTable(summary, screen)}\n\nEverything is in ${folder}`);
  return summary;
});
