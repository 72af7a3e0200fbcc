/// <reference lib="dom" />
/** The agent in a worker of its own, so that the page stays responsive. The first message opens it. */
import { Cause, Effect, Queue } from "effect";
import { layerLearner } from "../run/layers.ts";
import { openAgent } from "./agent.ts";
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

const tell = (told: Tell) => postMessage(told);

const program = Effect.fnUntraced(function* (options: OpenOptions, asks: Queue.Queue<Ask>) {
  if (options.isFresh) yield* Effect.promise(() => removeRun(savedName(options)));
  const files = yield* Effect.promise(fetchModel);
  const agent = yield* openAgent(files, options);
  // Where a device is lost, what waits for it may wait forever.
  const served = Effect.raceFirst(serveAgent(agent, { asks, tell }), agent.setup.machine.loss);
  yield* Effect.provide(served, layerLearner(agent.setup, [agent.preset]));
});

const asks = Effect.runSync(Queue.unbounded<Ask>());
addEventListener("message", ({ data: options }: MessageEvent<OpenOptions>) => {
  addEventListener("message", ({ data }: MessageEvent<Ask>) => Queue.offerUnsafe(asks, data));
  Effect.runFork(
    program(options, asks).pipe(
      Effect.scoped,
      Effect.catchCause((cause) => {
        const error = Cause.squash(cause);
        const message = error instanceof Error ? error.message : String(error);
        return Effect.sync(() => tell({ kind: "failed", message }));
      }),
    ),
  );
}, { once: true });
