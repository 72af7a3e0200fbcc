import { Cause, Clock, Effect, Ref } from "effect";
import type { RunPlan } from "./configure.ts";
import { BadInput, KernelFailed, ServerFailed, TrainingDiverged } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import type { EpisodeView, EvaluationReport } from "../domain/report.ts";
import { Environment } from "../environment/environment.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonText } from "../files/json_file.ts";
import {
  keepNewestCheckpoint,
  listCheckpoints,
  removeUnfinished,
} from "../files/run_checkpoints.ts";
import { openEpisodes, type RunEpisodes } from "../files/run_episodes.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Screen } from "../files/screen.ts";
import { ALARMS, type Health } from "../igpo/alarms.ts";
import type { Sampler } from "../igpo/old_log_prob.ts";
import { truncates } from "../model/decode.ts";
import { checkSameModel, type LoadedCheckpoint, saveCheckpoint } from "../pipeline/checkpoint.ts";
import { episodeRecords } from "../pipeline/episode_records.ts";
import { tellingEpisode } from "../pipeline/episode_view.ts";
import { evaluateQuestions } from "../pipeline/evaluate.ts";
import type { ShareShards } from "../pipeline/gradient_shards.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { summarizeStep } from "../pipeline/step_report.ts";
import type { PlaySteps, UpdatedStep } from "../pipeline/steps.ts";
import { Learner, type PolicyWeights } from "../policy/policy.ts";
import { episodeSvg } from "../report/episode_chart.ts";
import { evaluationLine, gapLine, stepLine } from "../report/terminal.ts";
import { type EvaluationLine, openRecord, type RunRecord } from "./record.ts";
import { checkRecord } from "./resume.ts";
import type { Task } from "./task.ts";

/** What a training run needs besides policy and learner. */
export interface TrainOptions {
  readonly plan: RunPlan;
  readonly task: Task;
  readonly model: ModelFolder;
  /** The checkpoint to resume from, or null for a new run. */
  readonly checkpoint: LoadedCheckpoint | null;
  /** The date in the system prompt. */
  readonly date: string;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  readonly screen: Screen;
  /** When the program started, milliseconds. */
  readonly startedMillis: number;
  /** Evaluations of these weights before the first step, where they are known. @default {[]} */
  readonly startEvaluations?: ReadonlyArray<EvaluationLine>;
  /** Plays and scores the episodes of steps elsewhere too. @default {by this process alone} */
  readonly play?: PlaySteps;
  /** Has gradients of shards computed elsewhere too. @default {by this process alone} */
  readonly share?: ShareShards;
  /** Who samples the episodes of `play`. @default {"own"} */
  readonly sampler?: Sampler;
}

/** The name of the embedded model in the files of its adapters. */
export const EMBEDDED_MODEL = "the embedded model of igpo";

/** A run in progress. */
export interface Run extends TrainOptions {
  readonly record: RunRecord;
  readonly episodes: RunEpisodes;
  /** Steps done, who plays the next one, when the first one ended, the history that the alarms read, and an episode to show. */
  readonly state: Ref.Ref<{
    readonly step: number;
    /** The weights that play the next step; null if the learner's do. */
    readonly behaviour: PolicyWeights | null;
    readonly firstStepMillis: number | null;
    readonly history: ReadonlyArray<Health>;
    /** Names of the alarms that were raised; each is raised once. */
    readonly raised: ReadonlyArray<string>;
    readonly episode: EpisodeView | null;
  }>;
}

/** Writes the configuration, loads the checkpoint and opens the record of a run until the scope closes. */
export const openRun = Effect.fnUntraced(function* (options: TrainOptions) {
  const { plan: { config, folder, isResumed }, checkpoint, model, screen } = options;
  const step = checkpoint?.state.step ?? 0;
  if (step > config.recipe.steps) {
    return yield* new BadInput({
      message: `Cannot resume after the last step: ${step} steps are done, ` +
        `--steps is ${config.recipe.steps}`,
    });
  }
  if (checkpoint !== null) {
    yield* checkSameModel(checkpoint, model);
    yield* checkRecord(folder, checkpoint.state, config.seed);
  }
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, jsonText(config));
  if (checkpoint !== null) {
    const learner = yield* Learner;
    yield* learner.load(checkpoint.learner);
  }
  if (isResumed) {
    yield* removeUnfinished(folder);
    if (config.recipe.checkpointEvery === 0) yield* keepNewestCheckpoint(folder);
    yield* screen.print(`Going on after step ${step}`);
  }
  if (truncates(config.recipe)) {
    yield* screen.print(
      "Note: top-k, top-p or min-p cut what is sampled, and the importance ratio ignores it",
    );
  }
  const { record, episodes } = yield* openFiles(options.plan, isResumed ? step : -1);
  const state = yield* Ref.make({
    step,
    behaviour: checkpoint?.behaviour ?? null,
    firstStepMillis: null as number | null,
    history: [] as ReadonlyArray<Health>,
    raised: [] as ReadonlyArray<string>,
    episode: null as EpisodeView | null,
  });
  return { ...options, record, episodes, state } satisfies Run;
});

/** The files that a run adds to, without what they hold of later steps than `step`. */
const openFiles = Effect.fnUntraced(
  function* ({ folder, config: { recipe } }: RunPlan, step: number) {
    const bytes = recipe.episodeMegabytes * 1_000_000;
    return {
      record: yield* openRecord(folder, step),
      episodes: yield* openEpisodes(folder, { step, bytes }),
    };
  },
);

/** Records and shows a finished step, with its warnings. */
export const recordStep = Effect.fnUntraced(function* (run: Run, updated: UpdatedStep) {
  const { plan: { config, preset, folder }, screen, record, task } = run;
  const report = summarizeStep(updated, preset);
  const episode = tellingEpisode(updated, task.tokenizer);
  // Before the last checkpoint: a run that goes on after that plays no episode.
  if (updated.step === config.recipe.steps && episode !== null) {
    yield* writeFileAtomic(`${folder}/episode.svg`, episodeSvg(episode));
  }
  yield* record.addStep(report);
  yield* keepEpisodes(run, updated);
  const now = yield* Clock.currentTimeMillis;
  const { raised, history } = yield* Ref.updateAndGet(run.state, (state) => ({
    ...state,
    step: updated.step,
    behaviour: updated.behaviour,
    firstStepMillis: state.firstStepMillis ?? now,
    history: [...state.history, healthOf(report)],
    episode,
  }));
  yield* screen.print(stepLine(report, config.recipe.steps));
  if (updated.sampler === "other") yield* screen.print(gapLine(report));
  for (const trouble of troublesOf(updated)) yield* screen.print(trouble);
  for (const [name, alarm] of Object.entries(ALARMS)) {
    const sentence = raised.includes(name) ? null : alarm(history);
    if (sentence === null) continue;
    yield* screen.print(`Warning: ${sentence}`);
    yield* Ref.update(run.state, (state) => ({ ...state, raised: [...state.raised, name] }));
  }
});

/** What went wrong in a step after which the run goes on. */
function troublesOf(
  { step, skipped, applied: { length: done }, uncaught: { count, last } }: UpdatedStep,
): ReadonlyArray<string> {
  const what = done === 0 ? `update ${step}` : `step ${step} after ${done} updates`;
  const errors = count === 1 ? "an error" : `${count} errors`;
  return [
    ...(skipped === null ? [] : [`Skipped ${what}: not finite: ${skipped}`]),
    ...(count === 0 ? [] : [
      `Warning: a tool left ${errors} that no call waited for; the last said ${quote(last)}`,
    ]),
  ];
}

/** What the alarms read of a step, without all else that a long run would keep. */
function healthOf({ turns, entropy, gain, gainStd, logProbGapMean }: Health): Health {
  return { turns, entropy, gain, gainStd, logProbGapMean };
}
/** No step takes a larger share of the room for transcripts. */
const STEP_SHARE = 1 / 8;

const keepEpisodes = Effect.fn("recordEpisodes")(function* (run: Run, updated: UpdatedStep) {
  const { plan: { config: { recipe }, preset }, task: { tokenizer }, episodes } = run;
  if (recipe.episodeMegabytes === 0) return;
  const transcriptRoom = recipe.episodeMegabytes * 1_000_000 * STEP_SHARE;
  const records = episodeRecords(updated, { preset, tokenizer, transcriptRoom });
  yield* episodes.keep(updated.step, records);
});

/** Asks validation questions every `evaluateEvery` steps and at both ends, test questions at both ends alone. */
export const evaluateDue = Effect.fnUntraced(function* (run: Run, step: number) {
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
    const known = run.startEvaluations?.find((one) =>
      step === 0 && one.step === 0 && one.split === split
    );
    const measure = known !== undefined
      ? Effect.succeed(reportOf(known))
      : evaluateQuestions(questions, { ...config, preset, protocol, wave, step }).pipe(
        Effect.map(({ report }) => report),
        Effect.provideService(Environment, environment),
      );
    const { report, isNew } = yield* record.evaluateOnce({ step, split }, measure);
    if (isNew) yield* screen.print(`${split} after ${step} steps  ${evaluationLine(report)}`);
    return report;
  },
);

function reportOf({ step: _step, split: _split, ...report }: EvaluationLine): EvaluationReport {
  return report;
}

/** Saves a checkpoint every `checkpointEvery` steps and at the end; 0 keeps the last one only. */
export const checkpointDue = Effect.fnUntraced(function* (run: Run, step: number) {
  const { steps, checkpointEvery } = run.plan.config.recipe;
  if (step === steps || (checkpointEvery > 0 && step % checkpointEvery === 0)) yield* save(run);
});

const save = Effect.fnUntraced(function* ({ plan, state, model, date, record }: Run) {
  const { config, folder } = plan;
  const { step, behaviour } = yield* Ref.get(state);
  if ((yield* listCheckpoints(folder)).includes(step)) return;
  // A checkpoint must never be on the disk without the lines of its steps.
  yield* record.sync;
  const base = config.model ?? EMBEDDED_MODEL;
  yield* saveCheckpoint(folder, { step, seed: config.seed, date }, { ...model, base, behaviour });
  if (config.recipe.checkpointEvery === 0) yield* keepNewestCheckpoint(folder);
});

/** Saves a checkpoint when a run was interrupted, diverged or lost its server. When the device failed, the newest one stands. */
export const saveOnStop = Effect.fnUntraced(function* (run: Run, cause: Cause.Cause<unknown>) {
  const error = Cause.squash(cause);
  const isFailed = error instanceof KernelFailed;
  const isSaved = error instanceof TrainingDiverged || error instanceof ServerFailed;
  if (!isFailed && !isSaved && !Cause.hasInterruptsOnly(cause)) return;
  const { plan: { folder }, screen } = run;
  const goOn = `./igpo train --resume ${folder}`;
  const { step: done } = yield* Ref.get(run.state);
  const said = yield* (isFailed || done === 0 ? Effect.void : save(run)).pipe(
    Effect.andThen(listCheckpoints(folder)),
    Effect.map((steps) => steps.at(-1)),
    Effect.map((step) =>
      step === undefined
        ? `No step is ${isFailed ? "saved" : "done"} yet; begin again with: ${goOn}`
        : `Saved after step ${step}; go on with: ${goOn}`
    ),
    Effect.catch(({ message }) => Effect.succeed(message)),
  );
  yield* screen.print(said);
});
