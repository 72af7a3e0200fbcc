import { Duration, Effect, Option, type Scope } from "effect";
import { BadInput } from "../domain/errors.ts";
import { fileUrl, readText } from "../files/disk.ts";
import { oneByOne, type Reply, type Reward, type RewardOptions } from "./reward.ts";
import type { Loaded } from "./reward_worker.ts";

/** How a module is opened. */
export interface ModuleOptions extends RewardOptions {
  /** A further folder that it may read; null for none. */
  readonly reads: string | null;
  /** Seconds for loading it and what it imports. @default {60} */
  readonly loadSeconds?: number;
}

/** This project, which a module may import. */
const PROJECT = new URL("../../", import.meta.url);

/**
 * The `grade(question, answer)` or `reward(question, answer, transcript)` of a TypeScript module. It runs in a worker
 * that may read the module's folder and nothing else of the machine, has a bound on its memory, and ends with the scope. Fails unless the
 * module can be loaded and has one of the two.
 */
export const openModule = Effect.fn("openModule")(function* (
  path: string,
  { reads, loadSeconds = 60, ...options }: ModuleOptions,
): Effect.fn.Return<Reward, BadInput, Scope.Scope> {
  yield* readText(path);
  const url = fileUrl(path);
  const further = reads === null ? [] : [fileUrl(reads)];
  const read = [new URL(".", url), PROJECT, ...further];
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => startWorker(read)),
    (worker) => Effect.sync(() => worker.terminate()),
  );
  const loading = Effect.timeoutOption(
    sendTo<Loaded>(worker, url.href),
    Duration.seconds(loadSeconds),
  );
  const loaded = Option.getOrElse(
    yield* loading,
    (): Loaded => ({ over: `it was not loaded within ${loadSeconds} s` }),
  );
  if ("reads" in loaded) {
    const ask = yield* oneByOne((request) => sendTo<Reply>(worker, request), options);
    return { reads: loaded.reads, ask };
  }
  return yield* new BadInput({
    message: `Cannot check "${path}" as it must be a module with a grade or a reward: ` +
      ("over" in loaded ? loaded.over : loaded.failed),
  });
});

function startWorker(read: Array<URL>): Worker {
  const permissions = {
    read,
    write: false,
    net: false,
    env: false,
    run: false,
    ffi: false,
    sys: false,
    import: false,
  } as const;
  return new Worker(new URL("./outer_reward_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions },
  });
}

/** What the worker answers to one message. */
function sendTo<A>(worker: Worker, message: unknown): Effect.Effect<A | { readonly over: string }> {
  return Effect.callback((resume) => {
    worker.onmessage = ({ data }: MessageEvent<A>) => resume(Effect.succeed(data));
    worker.onerror = (event) => {
      event.preventDefault();
      resume(Effect.succeed({ over: `it threw outside of its answer: ${event.message}` }));
    };
    worker.postMessage(message);
  });
}
