import { Effect, type Scope } from "effect";
import { messageOf } from "./tool.ts";

/** Errors that no call waited for. */
export interface Uncaught {
  readonly count: number;
  /** What the last of them said; empty for none. */
  readonly last: string;
}

const NONE: Uncaught = { count: 0, last: "" };

/**
 * Until the scope closes, counts errors that foreign code leaves behind and that would end the process: a promise that
 * nobody awaits and that is rejected, perhaps after its call is over, or a timer's callback that throws. Answers with
 * what came since it was asked last. Whose code it was cannot be known. In Node, which has no such events, the process
 * ends as ever.
 */
export const countUncaught: Effect.Effect<Effect.Effect<Uncaught>, never, Scope.Scope> = Effect.gen(
  function* () {
    if (typeof globalThis.addEventListener !== "function") return Effect.succeed(NONE);
    let found = NONE;
    const note = (event: Event, thrown: unknown) => {
      event.preventDefault();
      found = { count: found.count + 1, last: messageOf(thrown) };
    };
    const onError = (event: ErrorEvent) => note(event, event.error);
    const onRejection = (event: PromiseRejectionEvent) => note(event, event.reason);
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        globalThis.addEventListener("error", onError);
        globalThis.addEventListener("unhandledrejection", onRejection);
      }),
      () =>
        Effect.sync(() => {
          globalThis.removeEventListener("error", onError);
          globalThis.removeEventListener("unhandledrejection", onRejection);
        }),
    );
    return Effect.sync(() => {
      const since = found;
      found = NONE;
      return since;
    });
  },
);
