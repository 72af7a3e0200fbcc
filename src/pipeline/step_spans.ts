/** Spans of OpenTelemetry: each step is a trace of its own, in which the spans of its stages lie. */
import { Context, Effect, type Tracer } from "effect";

/** The spans of steps. */
export interface Steps {
  /** The span of a step; the first call begins it. */
  readonly of: (step: number) => Effect.Effect<Tracer.AnySpan>;
  readonly end: (step: number) => Effect.Effect<void>;
}

/** The spans of steps, or null where nobody asks for spans. */
export const StepSpans: Context.Reference<Steps | null> = Context.Reference<Steps | null>(
  "igpo/pipeline/StepSpans",
  { defaultValue: () => null },
);

/** The span of a step; null where nobody asks for spans. */
export const stepSpan: (step: number) => Effect.Effect<Tracer.AnySpan | null> = Effect.fnUntraced(
  function* (step) {
    const spans = yield* StepSpans;
    return spans === null ? null : yield* spans.of(step);
  },
);

/** Makes the spans of an effect children of a step's. */
export const inStep = (step: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    stepSpan(step),
    (span) => span === null ? effect : Effect.withParentSpan(effect, span),
  );

/** Ends the span of a step. */
export const endStep: (step: number) => Effect.Effect<void> = Effect.fnUntraced(function* (step) {
  const spans = yield* StepSpans;
  if (spans !== null) yield* spans.end(step);
});
