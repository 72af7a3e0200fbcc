/// <reference lib="dom" />
/** An agent, or credits of traces, in a worker of its own, so that the page stays responsive. The first message says which. */
import { Cause, Effect, Queue } from "effect";
import { layerLearner, layerPolicy } from "../run/layers.ts";
import { openAgent } from "./agent.ts";
import { planScoring, scoreTraces } from "./credit.ts";
import type { CreditOptions, CreditTell } from "./credit_messages.ts";
import type { Ask, OpenOptions, Tell } from "./messages.ts";
import type { ModelFiles } from "../pipeline/model_in_memory.ts";
import { removeRun } from "./saved_run.ts";
import { savedName, serveAgent } from "./serve.ts";

/** Where the built-in model lies beside this program. */
const MODEL = new URL("model/", import.meta.url);

async function fetchFile(name: string): Promise<Response> {
  const response = await fetch(new URL(name, MODEL));
  if (response.ok) return response;
  throw new Error(`Cannot read model/${name} beside this page: the server says ${response.status}`);
}

async function fetchModel(): Promise<ModelFiles> {
  const text = async (name: string) => await (await fetchFile(name)).text();
  const [config, tokenizer, tokenizerConfig, weights] = await Promise.all([
    text("config.json"),
    text("tokenizer.json"),
    text("tokenizer_config.json"),
    fetchFile("model.safetensors").then((response) => response.arrayBuffer()),
  ]);
  return {
    "config.json": config,
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": tokenizerConfig,
    "model.safetensors": new Uint8Array(weights),
  };
}

/** Opens an agent and does what the page asks. */
const serve = Effect.fnUntraced(function* (options: OpenOptions) {
  const asks = yield* Queue.unbounded<Ask>();
  addEventListener("message", ({ data }: MessageEvent<Ask>) => Queue.offerUnsafe(asks, data));
  if (options.isFresh) yield* Effect.promise(() => removeRun(savedName(options)));
  const files = yield* Effect.promise(fetchModel);
  const agent = yield* openAgent(files, options);
  const tell = (told: Tell) => postMessage(told);
  // Where a device is lost, what waits for it may wait forever.
  const served = Effect.raceFirst(serveAgent(agent, { asks, tell }), agent.setup.machine.loss);
  yield* Effect.provide(served, layerLearner(agent.setup, [agent.preset]));
});

/** Credits traces, and is done. */
const credit = Effect.fnUntraced(function* (options: CreditOptions) {
  const tell = (told: CreditTell) => postMessage(told);
  const plan = yield* planScoring(options, Effect.promise(fetchModel));
  const scored = Effect.raceFirst(
    scoreTraces(plan, options.traces, tell),
    plan.setup.machine.loss,
  );
  yield* Effect.provide(scored, layerPolicy(plan.setup));
});

addEventListener("message", ({ data: options }: MessageEvent<OpenOptions | CreditOptions>) => {
  const program = options.kind === "open" ? serve(options) : credit(options);
  Effect.runFork(
    program.pipe(
      Effect.scoped,
      Effect.catchCause((cause) => {
        const error = Cause.squash(cause);
        const message = error instanceof Error ? error.message : String(error);
        return Effect.sync(() => postMessage({ kind: "failed", message }));
      }),
    ),
  );
}, { once: true });
