import { Clock, Effect } from "effect";
import { comparedRun, openRuns } from "../run/compare_record.ts";
import type { RunPlan } from "../run/configure.ts";
import type { ComparePlan } from "../run/configure_compare.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonText } from "../files/json_file.ts";
import { CONFIG_FILE, remakeRunFolder } from "../files/run_folder.ts";
import type { Preset } from "../igpo/preset.ts";
import { loadLatestCheckpoint } from "../pipeline/checkpoint.ts";
import { checkQuestions } from "../pipeline/questions.ts";
import { Learner } from "../policy/policy.ts";
import { type ComparedRun, estimate } from "../report/compare_statistics.ts";
import { compareReport } from "../report/compare_table.ts";
import { type Curve, learningCurveSvg } from "../report/learning_curve.ts";
import { duration } from "../report/style.ts";
import { adviseToResume } from "../run/resume.ts";
import type { TrainOptions } from "../run/run.ts";
import { type EvaluationLine, readEvaluations } from "../run/record.ts";
import type { Task } from "../run/task.ts";
import { callsLine } from "../search/meter.ts";
import { train } from "./train.ts";

/** A world with the task of its training questions. */
export interface ComparedWorld {
  readonly name: string;
  readonly config: RunPlan["config"];
  readonly task: Task;
}

/** What a comparison needs besides policy and learner. */
export interface CompareOptions
  extends Omit<TrainOptions, "plan" | "task" | "checkpoint" | "startedMillis"> {
  readonly plan: Pick<ComparePlan, "folder" | "presets" | "seed" | "seeds" | "written">;
  readonly worlds: ReadonlyArray<ComparedWorld>;
}

/**
 * Trains with every preset, world and seed from the same weights; runs of one world and seed play the same episodes in
 * their first step. Writes each run's folder, `runs.jsonl`, `compare.md` and `compare.svg`. Runs that the folder
 * already holds are not repeated.
 */
export const compare = Effect.fn("compare")(function* (options: CompareOptions) {
  const { plan: { folder, presets, seed: first, seeds, written }, worlds, screen } = options;
  for (const { config: { recipe: { promptsPerStep } }, task: { train: { questions } } } of worlds) {
    yield* checkQuestions({ questions, promptsPerStep });
  }
  const learner = yield* Learner;
  const start = yield* learner.save();
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, jsonText(written));
  const { finished, append } = yield* openRuns(folder);
  const runs: Array<ComparedRun> = [];
  /** Evaluations of the starting weights. All runs get the same answers, but presets may grade them differently. */
  const starts = new Map<string, ReadonlyArray<EvaluationLine>>();
  for (let seed = first; seed < first + seeds; seed++) {
    for (const world of worlds) {
      for (const preset of presets) {
        const known = finished.find((run) =>
          run.world === world.name && run.preset === preset.name && run.seed === seed
        );
        if (known === undefined) yield* learner.load(start);
        const run = known ?? (yield* trainOne(options, { world, preset, seed, starts }));
        if (known === undefined) yield* append(run);
        runs.push(run);
      }
    }
  }
  yield* writeReport(folder, runs);
  // Each world has a task, and a meter, of its own.
  const calls = worlds.flatMap(({ task: { meter } }) => meter === null ? [] : [callsLine(meter)]);
  yield* screen.print(
    ["", compareReport(runs), "", ...calls, `Everything is in ${folder}`].join("\n"),
  );
  return runs;
}, (program, { plan: { folder }, screen }) =>
  program.pipe(
    Effect.onInterrupt(() => adviseToResume(folder, `./igpo compare --resume ${folder}`, screen)),
    Effect.scoped,
  ));

const writeReport = Effect.fnUntraced(function* (
  folder: string,
  runs: ReadonlyArray<ComparedRun>,
) {
  yield* writeFileAtomic(`${folder}/compare.md`, `${compareReport(runs)}\n`);
  const charts = [...Map.groupBy(runs, ({ world }) => world)].map(([world, own]) => ({
    title: `F1 while training, ${world}`,
    xLabel: "step",
    yLabel: "F1",
    curves: curvesOf(own),
  }));
  yield* writeFileAtomic(`${folder}/compare.svg`, learningCurveSvg(...charts));
});

interface Place {
  readonly world: ComparedWorld;
  readonly preset: Preset;
  readonly seed: number;
  /** Evaluations of the starting weights, by the `outcome` of a preset as JSON. */
  readonly starts: Map<string, ReadonlyArray<EvaluationLine>>;
}

const trainOne = Effect.fnUntraced(function* (
  options: CompareOptions,
  { world, preset, seed, starts }: Place,
) {
  const { plan, screen, model } = options;
  const name = `${world.name}/${preset.name}-seed${seed}`;
  const folder = `${plan.folder}/${name}`;
  const grading = jsonText(preset.outcome);
  const checkpoint = yield* loadLatestCheckpoint(folder, model);
  if (checkpoint === null) yield* remakeRunFolder(folder);
  const summary = yield* train({
    ...options,
    task: world.task,
    plan: {
      folder,
      preset,
      isResumed: checkpoint !== null,
      config: { ...world.config, seed, preset },
    },
    checkpoint,
    startEvaluations: starts.get(grading) ?? [],
    startedMillis: yield* Clock.currentTimeMillis,
    // Only the result of each run stays on the screen.
    screen: { ...screen, print: (text) => screen.showProgress(text.split("\n")[0] ?? "") },
  });
  if (!starts.has(grading)) starts.set(grading, yield* readEvaluations(folder));
  const { before, after, wallSeconds } = summary;
  yield* screen.print(
    `${name}: test F1 ${before.f1.toFixed(3)} to ${after.f1.toFixed(3)} in ${
      duration(wallSeconds)
    }`,
  );
  return yield* comparedRun(folder, summary, world.name);
});

/** One curve for each preset: the mean over seeds, with its 95 % confidence band. */
function curvesOf(runs: ReadonlyArray<ComparedRun>): ReadonlyArray<Curve> {
  return [...Map.groupBy(runs, ({ preset }) => preset)].map(([name, ofPreset]) => {
    const byStep = Map.groupBy(ofPreset.flatMap(({ curve }) => curve), ({ step }) => step);
    const points = [...byStep].map(([x, at]) => {
      const { mean: y, interval } = estimate(at.map(({ f1 }) => f1));
      const [low, high] = interval ?? [y, y];
      return { x, y, low: Math.max(0, low), high: Math.min(1, high) };
    });
    return { name, points };
  });
}
