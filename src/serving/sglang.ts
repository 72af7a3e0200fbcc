/** SGLang's own protocol. Adapters need its flag `--enable-lora`. */
import { Effect, Schema } from "effect";
import { ServerFailed } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { namedAdapters } from "./named_adapters.ts";
import {
  askServer,
  type MessageRequest,
  NO_PENALTIES,
  type Server,
  type ServerOptions,
} from "./server.ts";

const Models = Schema.Struct({
  data: Schema.Array(Schema.Struct({ max_model_len: Schema.optional(Schema.NullOr(Schema.Int)) })),
});

const Generated = Schema.Struct({
  output_ids: Schema.Array(Schema.Int),
  meta_info: Schema.Struct({
    finish_reason: Schema.Struct({ type: Schema.String }),
    /** Rows of log-prob, token id, and the token's text or null. */
    output_token_logprobs: Schema.Array(Schema.Array(Schema.Unknown)),
  }),
});

const Loaded = Schema.Struct({
  success: Schema.Boolean,
  error_message: Schema.optional(Schema.NullOr(Schema.String)),
});

/** The SGLang server at an address. */
export function sglang(options: ServerOptions): Server {
  const name = `sglang at ${options.origin}`;
  const asked = askServer(name, options);
  const succeed = ({ success, error_message }: typeof Loaded.Type) => {
    if (success) return Effect.void;
    const message = `Cannot go on as ${name} must take adapters: it says ${
      quote(error_message ?? "")
    }`;
    return Effect.fail(new ServerFailed({ kind: "refused", message }));
  };
  const adapters = namedAdapters(options.folder, {
    load: (lora_name, lora_path) =>
      Effect.flatMap(asked("/load_lora_adapter", Loaded, { lora_name, lora_path }), succeed),
    unload: (lora_name) =>
      Effect.flatMap(asked("/unload_lora_adapter", Loaded, { lora_name }), succeed),
  });
  return {
    name,
    describe: Effect.map(asked("/v1/models", Models), ({ data }) => ({
      vocabulary: null,
      contextTokens: data[0]?.max_model_len ?? null,
    })),
    generate: (request) =>
      Effect.map(
        asked("/generate", Generated, bodyOf(request, adapters.name())),
        ({ output_ids, meta_info: { finish_reason, output_token_logprobs: rows } }) => ({
          ids: output_ids,
          // A row of another token says nothing of this one.
          logProbs: rows.map(([logProb, id], i) =>
            id === output_ids[i] && typeof logProb === "number" ? logProb : NaN
          ),
          isStopped: finish_reason.type === "stop",
        }),
      ),
    publish: adapters.publish,
  };
}

function bodyOf({ tokens, maxTokens, stopIds, seed }: MessageRequest, adapter: string | null) {
  return {
    input_ids: [...tokens],
    sampling_params: {
      max_new_tokens: maxTokens,
      temperature: 1,
      top_p: 1,
      top_k: -1,
      min_p: 0,
      ...NO_PENALTIES,
      sampling_seed: seed,
      stop_token_ids: stopIds,
      ignore_eos: true,
      no_stop_trim: true,
      skip_special_tokens: false,
    },
    return_logprob: true,
    logprob_start_len: -1,
    ...(adapter === null ? {} : { lora_path: adapter }),
    stream: false,
  };
}
