import { Clock, Effect } from "effect";
import { isRecord } from "./domain/decode.ts";
import { writeFileAtomic } from "./files/atomic.ts";
import { jsonText } from "./files/json_file.ts";
import { readJsonl } from "./files/jsonl.ts";
import { CONFIG_FILE, createRunFolder } from "./files/run_folder.ts";
import type { Preset } from "./igpo/preset.ts";
import { mean } from "./math/statistics.ts";
import { checkQuestions } from "./pipeline/questions.ts";
import { Learner } from "./policy/policy.ts";
import { type ComparedRun, compareTable, estimate } from "./report/compare_table.ts";
import { type Curve, learningCurveSvg } from "./report/learning_curve.ts";
import { METRICS_FILE } from "./report/metrics.ts";
import { duration } from "./report/style.ts";
import type { TrainOptions } from "./run.ts";
import { train } from "./train.ts";

/** What a comparison needs besides policy and learner: the plan gives all but preset and seed. */
export interface CompareOptions extends Omit<TrainOptions, "checkpoint" | "startedMillis"> {
  readonly presets: ReadonlyArray<Preset>;
  /** Seeds are counted up from the plan's. */
  readonly seeds: number;
}

/** One run with the points of its curve. */
interface Trained extends ComparedRun {
  readonly curve: ReadonlyArray<{ readonly step: number; readonly f1: number }>;
}

/**
 * Trains with every preset and every seed from the same weights; runs of one seed play the same episodes in their first
 * step. Leaves each run's folder, `compare.json`, `compare.md` and `compare.svg`.
 */
export const compare = Effect.fn("compare")(function* (options: CompareOptions) {
  const { plan: { config, folder }, presets, seeds, screen, task } = options;
  const { promptsPerStep } = config.recipe;
  yield* checkQuestions({ questions: task.train.questions, promptsPerStep });
  const learner = yield* Learner;
  const start = yield* learner.save();
  const written = { ...config, preset: presets.map(({ name }) => name), seeds };
  yield* writeFileAtomic(`${folder}/${CONFIG_FILE}`, jsonText(written));
  const runs: Array<Trained> = [];
  for (let seed = config.seed; seed < config.seed + seeds; seed++) {
    for (const preset of presets) {
      yield* learner.load(start);
      runs.push(yield* trainOne(options, { preset, seed }));
    }
  }
  const table = compareTable(runs);
  yield* writeFileAtomic(`${folder}/compare.json`, jsonText(runs));
  yield* writeFileAtomic(`${folder}/compare.md`, `${table}\n`);
  yield* writeFileAtomic(
    `${folder}/compare.svg`,
    learningCurveSvg({
      ...{ title: "F1 while training", xLabel: "step", yLabel: "F1", curves: curvesOf(runs) },
    }),
  );
  yield* screen.print(`\n${table}\n\nEverything is in ${folder}`);
  return runs;
});

const trainOne = Effect.fnUntraced(function* (
  options: CompareOptions,
  { preset, seed }: { readonly preset: Preset; readonly seed: number },
) {
  const { plan, screen } = options;
  const folder = `${plan.folder}/${preset.name}-seed${seed}`;
  yield* createRunFolder(folder);
  const summary = yield* train({
    ...options,
    plan: { ...plan, folder, preset, config: { ...plan.config, seed, preset } },
    checkpoint: null,
    startedMillis: yield* Clock.currentTimeMillis,
    // Of each run, only what it came to stays on the screen.
    screen: { ...screen, print: (text) => screen.showProgress(text.split("\n")[0] ?? "") },
  });
  const { before, after, wallSeconds: seconds } = summary;
  yield* screen.print(
    `${preset.name}, seed ${seed}: test F1 ${before.f1.toFixed(3)} to ${after.f1.toFixed(3)} ` +
      `in ${duration(seconds)}`,
  );
  const lines = (yield* readJsonl(`${folder}/${METRICS_FILE}`)).map(({ value }) => value);
  const measures = {
    "test F1 before": before.f1,
    "test F1 after": after.f1,
    "test EM after": after.em,
    "zero-advantage groups": meanOf(lines, "zeroAdvantageGroups"),
    turns: meanOf(lines, "turns"),
    seconds,
  };
  return { preset: preset.name, seed, measures, curve: curveOf(lines) } satisfies Trained;
});

type Lines = ReadonlyArray<unknown>;

/** A field of the lines of one type, with their steps; lines without the number are left out. */
function numbersOf(lines: Lines, type: string, field: string) {
  return lines.filter(isRecord).flatMap((line) => {
    const { [field]: value, step, split } = line;
    if (line["type"] !== type || typeof value !== "number" || typeof step !== "number") return [];
    return [{ step, value, split }];
  });
}

function meanOf(lines: Lines, field: string): number {
  return mean(Float64Array.from(numbersOf(lines, "step", field), ({ value }) => value));
}

/** Validation F1 while training; test F1 before and after where nothing is validated. */
function curveOf(lines: Lines): Trained["curve"] {
  const points = numbersOf(lines, "evaluation", "f1");
  const validated = points.filter(({ split }) => split === "validation");
  return (validated.length > 0 ? validated : points)
    .map(({ step, value }) => ({ step, f1: value }));
}

/** A curve a preset: the mean over seeds, with a band of one standard error. */
function curvesOf(runs: ReadonlyArray<Trained>): ReadonlyArray<Curve> {
  return [...Map.groupBy(runs, ({ preset }) => preset)].map(([name, ofPreset]) => {
    const byStep = Map.groupBy(ofPreset.flatMap(({ curve }) => curve), ({ step }) => step);
    const points = [...byStep].map(([x, at]) => {
      const { mean: y, standardError } = estimate(at.map(({ f1 }) => f1));
      return { x, y, low: y - (standardError ?? 0), high: y + (standardError ?? 0) };
    });
    return { name, points };
  });
}
