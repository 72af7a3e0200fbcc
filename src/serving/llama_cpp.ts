/**
 * llama-server of llama.cpp, started as a router. It reads adapters only when it loads a model, so that a publication
 * replaces their file and has the router load the model anew.
 */
import { Clock, Effect, Schema, Semaphore } from "effect";
import { BadInput, ServerFailed } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { absolutePath } from "../files/disk.ts";
import { adapterGguf } from "./adapter_gguf.ts";
import {
  askServer,
  type MessageAnswer,
  type MessageRequest,
  type Server,
  type ServerOptions,
} from "./server.ts";

const Status = Schema.Struct({
  value: Schema.String,
  preset: Schema.optional(Schema.String),
  failed: Schema.optional(Schema.Boolean),
});
const Meta = Schema.Struct({ n_vocab: Schema.Int, n_ctx: Schema.Int });
const Models = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    status: Schema.optional(Status),
    meta: Schema.optional(Schema.NullOr(Meta)),
  })),
});

const Completion = Schema.Struct({
  tokens: Schema.Array(Schema.Int),
  stop_type: Schema.String,
  /** Left out where it would be empty. */
  completion_probabilities: Schema.optional(
    Schema.Array(Schema.Struct({ id: Schema.Int, logprob: Schema.Number })),
  ),
});

/** What is asked is done later; a refusal is no answer of this kind. */
const Done = Schema.Struct({ success: Schema.Boolean });

/** Milliseconds between two looks at a model that is loaded or unloaded, and most of them in all. */
const LOOK_EVERY = 50;
const LONGEST_LOAD = 600_000;

/** Messages that are asked for at the same time: the router keeps a thread for each. */
const AT_A_TIME = 32;

/** A router of llama.cpp; one of its models must take adapters from the file of the run. */
export const openLlamaCpp = Effect.fn("openLlamaCpp")(function* (options: ServerOptions) {
  const name = `llama.cpp at ${options.origin}`;
  const asked = askServer(name, options);
  const file = absolutePath(`${options.folder}/adapter.gguf`);
  const find = Effect.flatMap(asked("/models", Models), ({ data }) => findModel(data, name, file));
  const { id } = yield* find;
  const turns = yield* Semaphore.make(AT_A_TIME);
  const untilItIs = Effect.fnUntraced(function* (wanted: "loaded" | "unloaded") {
    const end = (yield* Clock.currentTimeMillis) + LONGEST_LOAD;
    while (true) {
      const { status } = yield* find;
      if (status.value === wanted) return;
      const isLate = (yield* Clock.currentTimeMillis) >= end;
      if (isLate || (wanted === "loaded" && status.failed === true)) {
        return yield* new ServerFailed({
          kind: isLate ? "late" : "refused",
          message: `Cannot go on as model "${id}" of ${name} must be ${wanted}: it is ` +
            quote(status.value),
        });
      }
      yield* Effect.sleep(LOOK_EVERY);
    }
  });
  return {
    name,
    describe: Effect.map(find, ({ meta }) => ({
      vocabulary: meta?.n_vocab ?? null,
      contextTokens: meta?.n_ctx ?? null,
    })),
    generate: (request) =>
      asked("/completion", Completion, bodyOf(request, id)).pipe(
        Effect.map(answerOf),
        turns.withPermit,
      ),
    publish: Effect.fn("llamaCpp.publish")(function* (adapters) {
      yield* writeFileAtomic(file, yield* Effect.fromResult(adapterGguf(adapters)));
      const { status } = yield* find;
      if (status.value !== "unloaded") yield* asked("/models/unload", Done, { model: id });
      yield* untilItIs("unloaded");
      yield* asked("/models/load", Done, { model: id });
      yield* untilItIs("loaded");
    }),
  } satisfies Server;
});

/** The model of a router whose preset takes adapters from a file. */
function findModel(models: typeof Models.Type["data"], name: string, file: string) {
  for (const { status, ...model } of models) {
    const lines = status?.preset?.split("\n").map((line) => line.trim()) ?? [];
    if (lines.includes(`lora = ${file}`)) return Effect.succeed({ ...model, status: status! });
  }
  return Effect.fail(
    new BadInput({
      message: `Cannot sample at ${name} as it must be a router, llama-server --models-preset ` +
        `FILE, and one of its models must have the line lora = ${file}: none of ` +
        `${models.length} has`,
    }),
  );
}

function bodyOf({ tokens, maxTokens, seed }: MessageRequest, model: string) {
  return {
    model,
    prompt: [...tokens],
    n_predict: maxTokens,
    // One filter alone, so that draws are from the whole vocabulary.
    samplers: ["temperature"],
    temperature: 1,
    seed,
    n_probs: 1,
    return_tokens: true,
    cache_prompt: true,
    response_fields: ["tokens", "stop_type", "completion_probabilities"],
  };
}

/**
 * Log-probs come as a list of their own, which lacks the tokens that end within a UTF-8 character: each entry belongs to
 * the next token of its id.
 */
function answerOf(
  { tokens, stop_type, completion_probabilities: entries = [] }: typeof Completion.Type,
): MessageAnswer {
  let next = 0;
  const logProbs = tokens.map((id) => entries[next]?.id === id ? entries[next++]!.logprob : null);
  return { ids: tokens, logProbs, isStopped: stop_type === "eos" };
}
