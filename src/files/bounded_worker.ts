import { Worker } from "node:worker_threads";
import { Effect, Schema } from "effect";

/** A worker was stopped at a bound, or broke. */
export class WorkerStopped extends Schema.TaggedError<WorkerStopped>()("WorkerStopped", {
  /** `late` after its seconds, `large` at its memory, `broken` by anything else. */
  why: Schema.Literals(["late", "large", "broken"]),
}) {}

/** What a worker may take. */
export interface WorkerBounds {
  /** Seconds for an answer. */
  readonly seconds: number;
  /** MiB of its heap; array buffers are not counted. */
  readonly megabytes: number;
}

/** A worker that answers one question after the other. */
export interface BoundedWorker {
  readonly ask: (question: unknown) => Effect.Effect<unknown, WorkerStopped>;
}

/** Seconds until a worker has loaded its modules. */
const START_SECONDS = 60;

/**
 * Starts a worker that lives until the scope closes. It is for work that nothing can interrupt from within: the worker is
 * ended at its bounds, and when the effect is interrupted. Its script posts one message when it is ready, and then one for
 * each message that it gets.
 */
export const openWorker = Effect.fn("openWorker")(function* (
  script: URL,
  { seconds, megabytes }: WorkerBounds,
) {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: megabytes } })
    ),
    (worker) => Effect.promise(() => worker.terminate()),
  );
  yield* within(START_SECONDS, nextMessage(worker));
  return {
    ask: (question) => within(seconds, nextMessage(worker, () => worker.postMessage(question))),
  } satisfies BoundedWorker;
});

function within<A>(seconds: number, effect: Effect.Effect<A, WorkerStopped>) {
  return Effect.timeoutOrElse(effect, {
    duration: `${seconds} seconds`,
    orElse: () => Effect.fail(new WorkerStopped({ why: "late" })),
  });
}

/** The next message of a worker, from when `begin` is called. */
function nextMessage(worker: Worker, begin: () => void = () => {}) {
  return Effect.callback<unknown, WorkerStopped>((resume) => {
    const leave = () => worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    const end = (result: Effect.Effect<unknown, WorkerStopped>) => {
      leave();
      resume(result);
    };
    const onMessage = (message: unknown) => end(Effect.succeed(message));
    const onError = (error: Error & { readonly code?: string }) => {
      const why = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "large" : "broken";
      end(Effect.fail(new WorkerStopped({ why })));
    };
    const onExit = () => end(Effect.fail(new WorkerStopped({ why: "broken" })));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    begin();
    return Effect.sync(leave);
  });
}
