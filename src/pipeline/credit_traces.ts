import { Effect, Result, Stream } from "effect";
import type { Trace } from "../domain/trace.ts";
import type { Preset } from "../igpo/preset.ts";
import type { RenderedTrace } from "./render_trace.ts";
import type { SwapPool } from "./swap_pool.ts";
import { type CreditOptions, creditTrace, type OtherCredit } from "./trace_credit.ts";
import { type CreditedTrace, traceRecord } from "./trace_record.ts";

/** How traces get their credits. */
export interface CreditPlan extends Pick<CreditOptions, "protocol" | "gain"> {
  readonly preset: Preset;
  readonly credits: ReadonlyArray<OtherCredit>;
  /** What results are swapped with. */
  readonly pool: SwapPool;
  /** A trace as tokens, or why it cannot be measured. */
  readonly render: (trace: Trace) => Result.Result<RenderedTrace, string>;
}

/**
 * Scores traces one by one. Those without a gold answer, or too long even once they are cut, get records without
 * numbers that say so.
 */
export const creditTraces = (plan: CreditPlan) => <E, R>(traces: Stream.Stream<Trace, E, R>) => {
  const groups = makeGroups();
  return Stream.mapEffect(traces, (trace) =>
    Effect.map(
      scoreTrace(trace, plan),
      (found) => traceRecord({ trace, ...groups(trace), ...found }, plan.preset),
    ));
};

const scoreTrace = Effect.fnUntraced(function* (
  trace: Trace,
  plan: CreditPlan,
) {
  const { protocol, gain, credits, pool } = plan;
  const unscored = (note: string): Pick<CreditedTrace, "scored" | "notes"> => ({
    scored: null,
    notes: [note],
  });
  if (trace.golds === null) return unscored("no gold answer, so that nothing is measured");
  const rendered = plan.render(trace);
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
