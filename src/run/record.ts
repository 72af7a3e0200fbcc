import { Effect, Ref, Schema } from "effect";
import { decodeRecord, isRecord } from "../domain/decode.ts";
import type { BadInput } from "../domain/errors.ts";
import type { EvaluationReport, StepReport } from "../domain/report.ts";
import { readJsonl } from "../files/jsonl.ts";
import { METRICS_FILE, openMetrics, rewindMetrics } from "../report/metrics.ts";

/** The record of a run: the lines of `metrics.jsonl`. */
export interface RunRecord {
  readonly addStep: (report: StepReport) => Effect.Effect<void, BadInput>;
  /** The evaluation of a split after `step` steps: as recorded, or else measured and recorded now. */
  readonly evaluateOnce: <E, R>(
    at: EvaluationPlace,
    measure: Effect.Effect<EvaluationReport, E, R>,
  ) => Effect.Effect<
    { readonly report: EvaluationReport; readonly isNew: boolean },
    E | BadInput,
    R
  >;
  /** Returns when the disk holds all lines so far. */
  readonly sync: Effect.Effect<void, BadInput>;
  /** All evaluations so far, in order. */
  readonly evaluations: Effect.Effect<ReadonlyArray<EvaluationLine>>;
}

/** What identifies an evaluation: the steps done before it, and its split. */
export interface EvaluationPlace {
  readonly step: number;
  readonly split: "validation" | "test";
}

/** An evaluation with its place. */
export interface EvaluationLine extends EvaluationReport {
  readonly step: number;
  readonly split: string;
}

const kindFields = { count: Schema.Int, f1: Schema.Finite, em: Schema.Finite };

const EvaluationLineSchema = Schema.Struct({
  type: Schema.Literal("evaluation"),
  step: Schema.Int,
  split: Schema.String,
  ...kindFields,
  byKind: Schema.Record(Schema.String, Schema.Struct(kindFields)),
  meanTurns: Schema.Finite,
  invalidRate: Schema.Finite,
  scores: Schema.optionalKey(Schema.Array(Schema.Finite)),
});

/**
 * Opens the record of a run in its folder until the scope closes. For a run that resumes after `step` steps, lines of
 * later steps are removed; -1 removes all lines.
 */
export const openRecord = Effect.fn("openRecord")(function* (folder: string, step: number) {
  yield* rewindMetrics(folder, step);
  const known = yield* Ref.make(yield* readEvaluations(folder));
  const { append, sync } = yield* openMetrics(folder);
  const evaluateOnce: RunRecord["evaluateOnce"] = Effect.fnUntraced(function* (at, measure) {
    const same = (yield* Ref.get(known)).find((line) =>
      line.step === at.step && line.split === at.split
    );
    if (same !== undefined) return { report: same, isNew: false };
    const report = yield* measure;
    yield* Effect.uninterruptible(append({ type: "evaluation", ...at, ...report }));
    yield* Ref.update(known, (lines) => [...lines, { ...at, ...report }]);
    return { report, isNew: true };
  });
  return {
    addStep: (report) => append({ type: "step", ...report }),
    evaluateOnce,
    sync,
    evaluations: Ref.get(known),
  } satisfies RunRecord;
});

/** The evaluations that are recorded in a run's folder, in order. */
export const readEvaluations = Effect.fnUntraced(function* (folder: string) {
  const rows = yield* readJsonl(`${folder}/${METRICS_FILE}`);
  const lines = rows.filter(({ value }) => isRecord(value) && value["type"] === "evaluation");
  return yield* Effect.forEach(
    lines,
    ({ value, row }): Effect.Effect<EvaluationLine, BadInput> =>
      Effect.map(
        decodeRecord(EvaluationLineSchema, value, `row ${row} of ${METRICS_FILE}`),
        ({ type: _type, ...line }) => line,
      ),
  );
});
