import { Effect, Result, Stream } from "effect";
import { writeStreamAtomic } from "../files/atomic.ts";
import { jsonLine } from "../files/jsonl.ts";
import { creditTraces } from "../pipeline/credit_traces.ts";
import { creditTable, importTable } from "../report/credit_table.ts";
import type { CreditJob } from "../run/prepare_credit.ts";

/** Scores traces one by one, shows a table of each, and writes their records into one file, whole or not at all. */
export const credit = Effect.fn("credit")(function* (job: CreditJob) {
  const { traces, survey, screen, out, gain } = job;
  yield* screen.print(importTable(survey.counts, survey.refused));
  let done = 0;
  let scored = 0;
  const { total } = survey;
  const records = traces.pipe(
    Stream.filterMap((one) => Result.mapError(one, () => undefined)),
    Stream.tap(({ source }) =>
      screen.showProgress(`Scoring trace ${++done} of ${total}: ${source}`)
    ),
    creditTraces(job),
    Stream.tap((found) => {
      scored += Number(found.goldLogProb.length > 0);
      const options = { measure: gain.measure, columns: screen.columns };
      return screen.print(`\n${creditTable(found, options)}`);
    }),
    Stream.map(jsonLine),
  );
  yield* writeStreamAtomic(out, records);
  yield* screen.print(
    `\n${scored} of ${total} traces have numbers. Their records are in ${out}`,
  );
});
