import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Trace } from "../domain/trace.ts";
import { makeSwapPool, type SwapPool } from "../pipeline/swap_pool.ts";
import { addRefusal, type ImportCounts, type RefusedLogs } from "../report/credit_table.ts";
import type { Imported } from "../traces/import_document.ts";

/** What a first pass through traces found. */
export interface Survey {
  readonly counts: ReadonlyArray<ImportCounts>;
  readonly refused: ReadonlyArray<RefusedLogs>;
  /** Traces of all formats. */
  readonly total: number;
  readonly pool: SwapPool;
  /** The largest of what `size` says of traces with a gold answer. */
  readonly longest: number;
}

/** Reads all traces once, one at a time. Fails with the first refusal where there is no trace at all. */
export const surveyTraces = Effect.fn("surveyTraces")(function* (
  traces: Stream.Stream<Imported, BadInput>,
  size: (trace: Trace) => number,
) {
  const pool = makeSwapPool();
  const counts = new Map<string, Counting>();
  let longest = 0;
  let refused: ReadonlyArray<RefusedLogs> = [];
  yield* Stream.runForEach(traces, (one) =>
    Effect.sync(() => {
      if (Result.isFailure(one)) {
        refused = addRefusal(refused, one.failure);
        return;
      }
      const trace = one.success;
      pool.add(trace);
      count(counts, trace);
      if (trace.golds !== null) longest = Math.max(longest, size(trace));
    }));
  if (counts.size === 0) {
    const first = refused[0];
    return yield* new BadInput({
      message: first === undefined
        ? "Cannot credit turns without a trace: there is no .json, .jsonl or .eval file"
        : first.reason.startsWith("Cannot ")
        ? first.reason
        : `Cannot import "${first.source}" as ${first.reason}`,
    });
  }
  return {
    counts: [...counts.values()],
    total: counts.values().reduce((sum, { traces }) => sum + traces, 0),
    refused,
    pool,
    longest,
  } satisfies Survey;
});

type Counting = { -readonly [K in keyof ImportCounts]: ImportCounts[K] } & {
  readonly lost: Map<string, number>;
};

function count(counts: Map<string, Counting>, trace: Trace): void {
  const { format, turns, golds, reward, lost } = trace;
  const one = counts.get(format) ?? { ...NONE, format, lost: new Map() };
  counts.set(format, one);
  const calls = turns.flatMap((turn) => turn.calls);
  one.traces += 1;
  one.turns += turns.length;
  one.calls += calls.length;
  one.results += calls.filter(({ result }) => result !== null).length;
  one.golds += Number(golds !== null);
  one.rewards += Number(reward !== null);
  one.times += Number([...turns, ...calls].some(({ seconds }) => seconds !== null));
  for (const what of lost) {
    const sort = what.replace(/^\d+ × /, "");
    one.lost.set(sort, (one.lost.get(sort) ?? 0) + 1);
  }
}

const NONE = { traces: 0, turns: 0, calls: 0, results: 0, golds: 0, rewards: 0, times: 0 };
