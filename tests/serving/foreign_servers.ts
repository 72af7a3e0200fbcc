/**
 * Servers of our own that speak the protocols of SGLang, vLLM and llama.cpp: behind each, the policy in plain loops
 * samples, so that what comes over the wire can be compared with the policy itself.
 */
import { Effect, type Scope } from "effect";
import { readAdapterFolder } from "../../src/pipeline/adapter_folder.ts";
import type { ModelFolder } from "../../src/pipeline/model_folder.ts";
import { createLearner } from "../../src/policy/learner.ts";
import { makePolicy } from "../../src/policy/make_policy.ts";
import type { Generation } from "../../src/policy/policy.ts";
import { createRuntime } from "../../src/policy/runtime.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import type { ServerFailed } from "../../src/domain/errors.ts";
import type { BadInput, KernelFailed } from "../../src/domain/errors.ts";
import { ADAMW, PLAIN } from "../support/tiny_policy.ts";

const CAPACITY = { rows: 4, contextTokens: 128, passTokens: 256, messageTokens: 32 };

/** A model with adapters on plain loops, as a run has it. */
export const openModel = Effect.fnUntraced(function* (model: ModelFolder) {
  const runtime = yield* createRuntime(createInterpreter(), model, CAPACITY);
  return { policy: makePolicy(runtime), learner: yield* createLearner(runtime, ADAMW) };
});

type Json = Readonly<Record<string, unknown>>;

/** What a server was asked, and what it answers. */
export interface Exchange {
  readonly path: string;
  readonly body: Json;
  readonly key: string | null;
}

interface Sampled extends Generation {
  readonly name: string;
}

/** What a protocol needs of the model behind it. */
interface Behind {
  readonly sample: (asked: {
    readonly tokens: unknown;
    readonly maxTokens: unknown;
    readonly seed: unknown;
    readonly stopIds: unknown;
    readonly adapter: unknown;
  }) => Promise<Sampled>;
  /** Takes the adapters of a folder under a name. */
  readonly load: (name: string, path: string) => Promise<void>;
  readonly names: Map<string, ReadonlyMap<string, Float32Array>>;
}

type Protocol = (exchange: Exchange, behind: Behind) => Promise<Response>;

/** A server over a model of its own until the scope closes; `spoil` may change an answer on its way out. */
export const serveForeign: (
  protocol: Protocol,
  model: ModelFolder,
  spoil?: (answer: Json, exchange: Exchange) => unknown,
) => Effect.Effect<
  { readonly origin: string; readonly exchanges: ReadonlyArray<Exchange> },
  BadInput | KernelFailed | ServerFailed,
  Scope.Scope
> = Effect.fnUntraced(function* (protocol, model, spoil = (answer) => answer) {
  const { policy, learner } = yield* openModel(model);
  const base = yield* learner.weights();
  const names: Behind["names"] = new Map();
  let used: string | null = null;
  const behind: Behind = {
    names,
    load: async (name, path) => {
      const read = readAdapterFolder(path, model.architecture);
      names.set(name, (await Effect.runPromise(read)).weights);
    },
    sample: async ({ tokens, maxTokens, seed, stopIds, adapter }) => {
      const name = String(adapter);
      if (name !== used) {
        await Effect.runPromise(learner.adopt({ updates: 0, weights: names.get(name) ?? base }));
      }
      used = name;
      const request = {
        sequence: crypto.randomUUID(),
        tokens: Uint32Array.from(tokens as Array<number>),
        key: [0, Number(seed)] as const,
        maxTokens: Number(maxTokens),
      };
      const options = { sampling: PLAIN, stopIds: stopIds as Array<number> };
      const [message] = await Effect.runPromise(policy.generate([request], options));
      return { ...message!, name };
    },
  };
  const exchanges: Exchange[] = [];
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
        const exchange = {
          path: new URL(request.url).pathname,
          body: request.method === "GET" ? {} : await request.json() as Json,
          key: request.headers.get("authorization"),
        };
        exchanges.push(exchange);
        const response = await protocol(exchange, behind);
        if (!response.headers.get("content-type")?.includes("json")) return response;
        return Response.json(spoil(await response.json(), exchange), { status: response.status });
      })
    ),
    (server) => Effect.promise(() => server.shutdown()),
  );
  return { origin: `http://127.0.0.1:${server.addr.port}`, exchanges };
});

const missing = () => Response.json({ detail: "Not Found" }, { status: 404 });

/** SGLang's shapes. */
export const asSglang: Protocol = async ({ path, body }, { sample, load, names }) => {
  const name = String(body["lora_name"]);
  switch (path) {
    case "/v1/models":
      return Response.json({ object: "list", data: [{ id: "base", max_model_len: 128 }] });
    case "/load_lora_adapter":
      await load(name, String(body["lora_path"]));
      return Response.json({ success: true, error_message: "", loaded_adapters: {} });
    case "/unload_lora_adapter":
      return names.delete(name)
        ? Response.json({ success: true })
        : Response.json({ success: false, error_message: "not loaded" }, { status: 400 });
    case "/generate": {
      const params = body["sampling_params"] as Json;
      const { tokens, logProbs, stopped } = await sample({
        tokens: body["input_ids"],
        maxTokens: params["max_new_tokens"],
        seed: params["sampling_seed"],
        stopIds: params["stop_token_ids"],
        adapter: body["lora_path"],
      });
      return Response.json({
        text: "",
        output_ids: [...tokens],
        meta_info: {
          id: "1",
          finish_reason: { type: stopped ? "stop" : "length" },
          prompt_tokens: 1,
          completion_tokens: tokens.length,
          output_token_logprobs: Array.from(tokens, (id, i) => [logProbs[i], id, null]),
        },
      });
    }
    default:
      return missing();
  }
};

/** vLLM's shapes. */
export const asVllm: Protocol = async ({ path, body }, { sample, load, names }) => {
  const name = String(body["lora_name"]);
  switch (path) {
    case "/v1/models":
      return Response.json({
        object: "list",
        data: [
          { id: "base", object: "model", parent: null, max_model_len: 128 },
          ...[...names.keys()].map((id) => ({ id, object: "model", parent: "base" })),
        ],
      });
    case "/v1/load_lora_adapter":
      await load(name, String(body["lora_path"]));
      return new Response(`Success: LoRA adapter '${name}' added successfully.`);
    case "/v1/unload_lora_adapter":
      return names.delete(name)
        ? new Response(`Success: LoRA adapter '${name}' removed successfully.`)
        : Response.json({ error: { message: "not found", code: 404 } }, { status: 404 });
    case "/inference/v1/generate": {
      const params = body["sampling_params"] as Json;
      const { tokens, logProbs, stopped } = await sample({
        tokens: body["token_ids"],
        maxTokens: params["max_tokens"],
        seed: params["seed"],
        stopIds: params["stop_token_ids"],
        adapter: body["model"],
      });
      const content = Array.from(logProbs, (logprob, i) => ({
        token: `token_id:${tokens[i]}`,
        logprob,
        bytes: null,
        top_logprobs: [],
      }));
      return Response.json({
        request_id: "1",
        choices: [{
          index: 0,
          logprobs: { content },
          finish_reason: stopped ? "stop" : "length",
          token_ids: [...tokens],
        }],
        prompt_logprobs: null,
        kv_transfer_params: null,
      });
    }
    default:
      return missing();
  }
};

/** The shapes of llama.cpp's router over one model; its `end` token is the only one that ends a message. */
export const asLlamaCpp = (preset: string, end: number): Protocol => {
  let status = "unloaded";
  return async ({ path, body }, { sample }) => {
    switch (path) {
      case "/models":
        return Response.json({
          data: [{
            id: "policy",
            status: { value: status, args: ["llama-server"], preset },
            ...(status === "loaded" ? { meta: { n_vocab: 640, n_ctx: 128 } } : {}),
          }],
        });
      case "/models/load":
        status = "loaded";
        return Response.json({ success: true });
      case "/models/unload":
        status = "unloaded";
        return Response.json({ success: true });
      case "/completion": {
        const { tokens, logProbs, stopped } = await sample({
          tokens: body["prompt"],
          maxTokens: body["n_predict"],
          seed: body["seed"],
          stopIds: [end],
          adapter: null,
        });
        return Response.json({
          tokens: [...tokens],
          stop_type: stopped ? "eos" : "limit",
          completion_probabilities: Array.from(logProbs, (logprob, i) => ({
            id: tokens[i],
            token: "",
            bytes: [],
            logprob,
            top_logprobs: [],
          })),
        });
      }
      default:
        return missing();
    }
  };
};
