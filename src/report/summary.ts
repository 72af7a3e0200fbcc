import { Effect } from "effect";
import type { EvaluationReport, Summary } from "../domain/report.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonText } from "../files/json_file.ts";

/** Name of the summary in a run's folder. */
export const SUMMARY_FILE = "summary.json";

/** A summary as the text of its file. */
export function summaryJson(summary: Summary): string {
  return jsonText({
    ...summary,
    before: withoutScores(summary.before),
    after: withoutScores(summary.after),
  });
}

/** Leaves out the scores of single questions, which are in the metrics. */
function withoutScores({ scores: _scores, ...numbers }: EvaluationReport) {
  return numbers;
}

/** Writes `summary.json` into a run's folder, completely or not at all. */
export const writeSummary = Effect.fn("writeSummary")(function* (folder: string, summary: Summary) {
  yield* writeFileAtomic(`${folder}/${SUMMARY_FILE}`, summaryJson(summary));
});
