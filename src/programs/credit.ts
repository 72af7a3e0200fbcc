import { Effect, Result, Stream } from "effect";
import type { EpisodeRecord } from "../domain/episode_record.ts";
import type { Trace } from "../domain/trace.ts";
import { writeStreamAtomic } from "../files/atomic.ts";
import { jsonLine } from "../files/jsonl.ts";
import { creditTrace } from "../pipeline/trace_credit.ts";
import { type CreditedTrace, traceRecord } from "../pipeline/trace_record.ts";
import { creditTable, importTable } from "../report/credit_table.ts";
import type { CreditJob } from "../run/prepare_credit.ts";

/**
 * Scores traces one by one and writes their records into one file, whole or not at all. Traces without a gold answer, or
 * too long even once they are cut, are written without numbers and say so.
 */
export const credit = Effect.fn("credit")(function* (job: CreditJob) {
  const { source, survey, screen, preset, out, gain } = job;
  yield* screen.print(importTable(survey.counts, survey.refused));
  const groups = makeGroups();
  let done = 0;
  let scored = 0;
  const total = survey.counts.reduce((sum, { traces }) => sum + traces, 0);
  const record = Effect.fnUntraced(function* (trace: Trace) {
    yield* screen.showProgress(`Scoring trace ${++done} of ${total}: ${trace.source}`);
    const found = traceRecord(
      { trace, ...groups(trace), ...(yield* scoreTrace(trace, job)) },
      preset,
    );
    scored += Number(found.goldLogProb.length > 0);
    yield* screen.print(
      `\n${creditTable(found, { measure: gain.measure, columns: screen.columns })}`,
    );
    return found;
  });
  const records = source.stream.pipe(
    Stream.filterMap((one) => Result.mapError(one, () => undefined)),
    Stream.mapEffect(record),
    Stream.map((found: EpisodeRecord) => jsonLine(found)),
  );
  yield* writeStreamAtomic(out, records);
  yield* screen.print(
    `\n${scored} of ${total} traces have numbers. Their records are in ${out}`,
  );
});

const scoreTrace = Effect.fnUntraced(function* (
  trace: Trace,
  job: CreditJob,
) {
  const { protocol, gain, credits, survey: { pool } } = job;
  const unscored = (note: string): Pick<CreditedTrace, "scored" | "notes"> => ({
    scored: null,
    notes: [note],
  });
  if (trace.golds === null) return unscored("no gold answer, so that nothing is measured");
  const rendered = job.render(trace);
  if (Result.isFailure(rendered)) return unscored(`not measured: ${rendered.failure}`);
  const options = { protocol, gain, others: credits, swap: pool.textsFor };
  const credit = yield* creditTrace(trace, rendered.success, options);
  const swapsOwn = credits.includes("swapped") && pool.isOwn(trace);
  return {
    scored: { rendered: rendered.success, credit },
    notes: [
      ...rendered.success.notes,
      ...(swapsOwn
        ? ["no other question is there: results are swapped with other turns' own"]
        : []),
    ],
  };
});

/** Numbers the questions of a file, and the traces of each. */
function makeGroups() {
  const known = new Map<string, { readonly group: number; next: number }>();
  return ({ question }: Trace) => {
    const key = question ?? "";
    const one = known.get(key) ?? { group: known.size, next: 0 };
    known.set(key, one);
    return { group: one.group, sample: one.next++ };
  };
}
