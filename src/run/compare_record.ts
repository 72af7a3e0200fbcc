import { Effect, Schema } from "effect";
import { decodeRecord, isRecord } from "../domain/decode.ts";
import type { Summary } from "../domain/report.ts";
import { openJsonlWriter, readJsonl } from "../files/jsonl.ts";
import { mean } from "../math/statistics.ts";
import { type ComparedRun, TARGET_F1 } from "../report/compare_statistics.ts";
import { METRICS_FILE } from "../report/metrics.ts";

/** Name of the file of finished runs in a comparison's folder. Resuming needs this file and the configuration. */
export const RUNS_FILE = "runs.jsonl";

const ComparedRunSchema = Schema.Struct({
  world: Schema.String,
  preset: Schema.String,
  seed: Schema.Int,
  before: Schema.Finite,
  f1: Schema.Finite,
  scores: Schema.Array(Schema.Finite),
  byKind: Schema.Record(Schema.String, Schema.Finite),
  idleGroups: Schema.Finite,
  turns: Schema.Finite,
  stepSeconds: Schema.Finite,
  target: Schema.NullOr(Schema.Struct({ steps: Schema.Finite, seconds: Schema.Finite })),
  seconds: Schema.Finite,
  curve: Schema.Array(Schema.Struct({ step: Schema.Int, f1: Schema.Finite })),
});

/** The finished runs of a comparison's folder, and a function that adds one until the scope closes. */
export const openRuns = Effect.fn("openRuns")(function* (folder: string) {
  const path = `${folder}/${RUNS_FILE}`;
  // Opening repairs a last line that a crash cut short.
  const { append } = yield* openJsonlWriter(path);
  const rows = yield* readJsonl(path);
  const finished = yield* Effect.forEach(
    rows,
    ({ value, row }) => decodeRecord(ComparedRunSchema, value, `row ${row} of "${path}"`),
  );
  return { finished, append: (run: ComparedRun) => append(run) };
});

type Lines = ReadonlyArray<unknown>;

/** The result of a finished run, from its summary and the lines of its metrics. */
export const comparedRun = Effect.fnUntraced(function* (
  folder: string,
  { before, after, preset, seed, wallSeconds }: Summary,
  world: string,
) {
  const lines: Lines = (yield* readJsonl(`${folder}/${METRICS_FILE}`)).map(({ value }) => value);
  const curve = curveOf(lines);
  const seconds = numbersOf(lines, "step", "seconds").map(({ value }) => value);
  const { f1, scores = [], byKind } = after;
  return {
    world,
    preset,
    seed,
    before: before.f1,
    f1,
    scores,
    byKind: Object.fromEntries(Object.entries(byKind).map(([kind, { f1 }]) => [kind, f1])),
    idleGroups: meanOf(lines, "zeroAdvantageGroups"),
    turns: numbersOf(lines, "step", "turns").at(-1)?.value ?? 0,
    stepSeconds: mean(Float64Array.from(seconds)),
    target: reach(curve, seconds),
    seconds: wallSeconds,
    curve,
  } satisfies ComparedRun;
});

/** Values of a field in the lines of one type, with their steps; only numbers count. */
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
function curveOf(lines: Lines): ComparedRun["curve"] {
  const points = numbersOf(lines, "evaluation", "f1");
  const validated = points.filter(({ split }) => split === "validation");
  return (validated.length > 0 ? validated : points)
    .map(({ step, value }) => ({ step, f1: value }));
}

/** Steps and seconds until a curve first reaches the target; null where it never does. */
export function reach(
  curve: ComparedRun["curve"],
  seconds: ReadonlyArray<number>,
): ComparedRun["target"] {
  const at = curve.findIndex(({ f1 }) => f1 >= TARGET_F1);
  const after = curve[at];
  if (after === undefined) return null;
  const before = curve[at - 1] ?? { step: after.step, f1: 0 };
  const share = (TARGET_F1 - before.f1) / (after.f1 - before.f1);
  const steps = before.step + share * (after.step - before.step);
  const whole = Math.floor(steps);
  const taken = seconds.slice(0, whole).reduce((sum, one) => sum + one, 0);
  return { steps, seconds: taken + (steps - whole) * (seconds[whole] ?? 0) };
}
