/**
 * vLLM's token-in, token-out endpoint. Adapters need its flag `--enable-lora` and the variable
 * VLLM_ALLOW_RUNTIME_LORA_UPDATING=1.
 */
import { Effect, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { namedAdapters } from "./named_adapters.ts";
import {
  askServer,
  type MessageRequest,
  NO_PENALTIES,
  type Server,
  type ServerOptions,
} from "./server.ts";

const Models = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    /** The model that an adapter belongs to. */
    parent: Schema.optional(Schema.NullOr(Schema.String)),
    max_model_len: Schema.optional(Schema.NullOr(Schema.Int)),
  })),
});

const Choice = Schema.Struct({
  token_ids: Schema.Array(Schema.Int),
  finish_reason: Schema.NullOr(Schema.String),
  logprobs: Schema.Struct({ content: Schema.Array(Schema.Struct({ logprob: Schema.Number })) }),
});
const Generated = Schema.Struct({ choices: Schema.Tuple([Choice]) });

/** The vLLM server at an address. */
export const openVllm = Effect.fn("openVllm")(function* (options: ServerOptions) {
  const name = `vllm at ${options.origin}`;
  const asked = askServer(name, options);
  const base = Effect.flatMap(asked("/v1/models", Models), ({ data }) => {
    const own = data.find(({ parent }) => (parent ?? null) === null);
    return own === undefined ? Effect.fail(noModel(name)) : Effect.succeed(own);
  });
  const { id } = yield* base;
  const isText = true;
  const adapters = namedAdapters(options.folder, {
    load: (lora_name, lora_path) =>
      asked("/v1/load_lora_adapter", Schema.String, { lora_name, lora_path }, { isText }),
    unload: (lora_name) =>
      asked("/v1/unload_lora_adapter", Schema.String, { lora_name }, { isText }),
  });
  return {
    name,
    describe: Effect.map(base, ({ max_model_len }) => ({
      vocabulary: null,
      contextTokens: max_model_len ?? null,
    })),
    generate: (request) =>
      Effect.map(
        asked("/inference/v1/generate", Generated, bodyOf(request, adapters.name() ?? id)),
        ({ choices: [{ token_ids, logprobs, finish_reason }] }) => ({
          ids: token_ids,
          logProbs: logprobs.content.map(({ logprob }) => logprob),
          isStopped: finish_reason === "stop",
        }),
      ),
    publish: adapters.publish,
  } satisfies Server;
});

function noModel(name: string): BadInput {
  return new BadInput({
    message: `Cannot sample at ${name} as it must serve a model: it lists none`,
  });
}

function bodyOf({ tokens, maxTokens, stopIds, seed }: MessageRequest, model: string) {
  return {
    model,
    token_ids: [...tokens],
    sampling_params: {
      n: 1,
      max_tokens: maxTokens,
      temperature: 1,
      top_p: 1,
      top_k: 0,
      min_p: 0,
      ...NO_PENALTIES,
      seed,
      stop_token_ids: stopIds,
      ignore_eos: true,
      logprobs: 0,
    },
    stream: false,
  };
}
