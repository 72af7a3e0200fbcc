import { Effect } from "effect";
import type { EvaluationReport, StepReport } from "../domain/report.ts";
import { isRecord } from "../domain/decode.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonLine, openJsonlWriter, readJsonl } from "../files/jsonl.ts";

/** Name of the metrics in a run's folder. */
export const METRICS_FILE = "metrics.jsonl";

/** One line of `metrics.jsonl`: the numbers of a step, or an evaluation after `step` updates. */
export type MetricsLine =
  | ({ readonly type: "step" } & StepReport)
  | (
    & { readonly type: "evaluation"; readonly step: number; readonly split: string }
    & EvaluationReport
  );

/** Opens `metrics.jsonl` of a run's folder until the scope closes. */
export const openMetrics = Effect.fn("openMetrics")(function* (folder: string) {
  const { append, sync } = yield* openJsonlWriter(`${folder}/${METRICS_FILE}`);
  return { append: (line: MetricsLine) => append(line), sync };
});

/** Drops the lines of `metrics.jsonl` that come after a step, so that a resumed run writes them once. */
export const rewindMetrics = Effect.fn("rewindMetrics")(function* (folder: string, step: number) {
  const path = `${folder}/${METRICS_FILE}`;
  // Opening repairs a last line that a crash cut short.
  yield* Effect.scoped(openJsonlWriter(path));
  const kept = (yield* readJsonl(path)).map(({ value }) => value)
    .filter((line) => isRecord(line) && typeof line["step"] === "number" && line["step"] <= step);
  yield* writeFileAtomic(path, kept.map(jsonLine).join(""));
});
