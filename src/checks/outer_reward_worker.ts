/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// Starts a user's module in a thread within this one. Only this kind of thread can have fewer permissions than the
// program, which the one within inherits, and only that kind can have a bound on its memory.
import { Worker } from "node:worker_threads";
import { LIMITS } from "../domain/limits.ts";
import type { Reply } from "./reward.ts";

const { rewardMegabytes: megabytes } = LIMITS;
const worker = new Worker(new URL("./reward_worker.ts", import.meta.url), {
  resourceLimits: { maxOldGenerationSizeMb: megabytes },
});
const end = (over: string) => self.postMessage({ over } satisfies Reply);
worker.on("message", (reply) => self.postMessage(reply));
worker.on("error", ({ message, code }: Error & { readonly code?: string }) => {
  const isLarge = code === "ERR_WORKER_OUT_OF_MEMORY";
  end(isLarge ? `it took more than ${megabytes} MiB of memory` : `it broke: ${message}`);
});
worker.on("exit", () => end("it ended"));
self.onmessage = ({ data }: MessageEvent<unknown>) => worker.postMessage(data);
