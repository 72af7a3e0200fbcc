/** Curves of metrics: what runs that differ in their seeds alone have in common. */
import { STEP_METRICS, type StepMetric, type TurnMetric } from "../domain/report.ts";
import { studentInterval } from "../math/intervals.ts";
import { mean } from "../math/statistics.ts";
import type { PageRun } from "./data.ts";

/** A metric that is one number a step, or an evaluation, as `validation f1`. */
export type CurveName = Exclude<StepMetric, TurnMetric | "step"> | `${string} f1`;

/** The runs of one series, and the numbers of one metric. Lists have one entry for each step of the curves. */
export interface Curve {
  readonly series: string;
  readonly runs: number;
  /** Mean over the runs that have the step; null where none has. */
  readonly mean: ReadonlyArray<number | null>;
  /** Student's 95 % interval of the mean; null for fewer than two runs. */
  readonly low: ReadonlyArray<number | null>;
  readonly high: ReadonlyArray<number | null>;
}

/** The curves of one metric over the steps of all runs. */
export interface Curves {
  readonly name: CurveName;
  readonly what: string;
  readonly steps: ReadonlyArray<number>;
  readonly curves: ReadonlyArray<Curve>;
}

const TURN_METRICS: ReadonlyArray<string> = [
  "gainByTurn",
  "advantageByTurn",
  "clipFractionByTurn",
] satisfies ReadonlyArray<TurnMetric>;

/** All metrics that are one number a step. */
export const CURVE_NAMES = (Object.keys(STEP_METRICS) as ReadonlyArray<StepMetric>).filter(
  (name): name is Exclude<StepMetric, TurnMetric | "step"> =>
    name !== "step" && !TURN_METRICS.includes(name),
);

/** The curves of a metric; null where no run has a number of it. */
export function curvesOf(runs: ReadonlyArray<PageRun>, name: CurveName): Curves | null {
  const points = runs.map((run) => ({ run, values: valuesOf(run, name) }));
  const steps = [...new Set(points.flatMap(({ values }) => [...values.keys()]))]
    .sort((a, b) => a - b);
  if (steps.length === 0) return null;
  const curves = [...Map.groupBy(points, ({ run }) => run.series)].map(([series, members]) => {
    const columns = steps.map((step) =>
      Float64Array.from(
        members.flatMap(({ values }) => values.has(step) ? [values.get(step)!] : []),
      )
    );
    const bands = columns.map((column) => column.length < 2 ? null : studentInterval(column));
    return {
      series,
      runs: members.length,
      mean: columns.map((column) => column.length === 0 ? null : mean(column)),
      low: bands.map((band) => band?.[0] ?? null),
      high: bands.map((band) => band?.[1] ?? null),
    };
  });
  const isMetric = (name: string): name is StepMetric => name in STEP_METRICS;
  const what = isMetric(name) ? STEP_METRICS[name] : "mean F1 of one greedy answer a question";
  return { name, what, steps, curves };
}

function valuesOf(run: PageRun, name: CurveName): ReadonlyMap<number, number> {
  const split = / f1$/.test(name) ? name.slice(0, -3) : null;
  const rows: ReadonlyArray<readonly [number, unknown]> = split === null
    ? run.metrics.map((line) => [line.step, line[name as StepMetric]])
    : run.evaluations.filter((one) => one.split === split).map((one) => [one.step, one.f1]);
  return new Map(rows.filter((row): row is [number, number] => typeof row[1] === "number"));
}

/** The splits that some run was evaluated on. */
export function splitsOf(runs: ReadonlyArray<PageRun>): ReadonlyArray<string> {
  return [...new Set(runs.flatMap(({ evaluations }) => evaluations.map(({ split }) => split)))]
    .sort();
}
