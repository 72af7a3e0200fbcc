import { Effect } from "effect";
import type { Summary } from "../domain/report.ts";
import { writeFileAtomic } from "../files/atomic.ts";

/** Name of the summary in a run's folder. */
export const SUMMARY_FILE = "summary.json";

/** A summary as the text of its file. */
export function summaryJson(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2)}\n`;
}

/** Writes `summary.json` into a run's folder, whole or not at all. */
export const writeSummary = Effect.fn("writeSummary")(function* (folder: string, summary: Summary) {
  yield* writeFileAtomic(`${folder}/${SUMMARY_FILE}`, summaryJson(summary));
});
