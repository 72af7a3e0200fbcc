/** What a run asks of an inference server, whichever it is. Token ids go in and come out, never text. */
import { Effect, type Schema } from "effect";
import { type BadInput, ServerFailed } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Adapters } from "../pipeline/adapter_folder.ts";
import { ask, type Patience } from "../search/ask.ts";

/** A message to sample, at temperature 1 from the whole vocabulary. */
export interface MessageRequest {
  /** The whole context. */
  readonly tokens: Uint32Array;
  readonly maxTokens: number;
  readonly stopIds: ReadonlyArray<number>;
  /** Below 2^31. Equal seeds draw alike as far as the server repeats its logits to the bit. */
  readonly seed: number;
}

/** A message as a server gave it; nothing of it is checked yet. */
export interface MessageAnswer {
  readonly ids: ReadonlyArray<number>;
  /** Log-prob of each id at temperature 1, nats; null where the server left it out. */
  readonly logProbs: ReadonlyArray<number | null>;
  /** Whether the server ended the message by itself, rather than at the limit. */
  readonly isStopped: boolean;
}

/** Adapters as they are after an update. */
export interface Publication extends Adapters {
  /** Number of updates that made them. */
  readonly version: number;
  readonly architecture: Architecture;
  /** Folder or name of the model that they belong to. */
  readonly base: string;
}

/** What a server says of the model that it serves; null where it does not say. */
export interface ServedModel {
  readonly vocabulary: number | null;
  /** Tokens of a sequence. */
  readonly contextTokens: number | null;
}

/** An inference server. */
export interface Server {
  /** Its kind and address, as messages name it. */
  readonly name: string;
  readonly describe: Effect.Effect<ServedModel, ServerFailed | BadInput>;
  /** Samples with the adapters of the last publication. */
  readonly generate: (request: MessageRequest) => Effect.Effect<MessageAnswer, ServerFailed>;
  /** Makes adapters the ones that are sampled with. No message may be in progress. */
  readonly publish: (adapters: Publication) => Effect.Effect<void, ServerFailed | BadInput>;
}

/**
 * Penalties of SGLang and vLLM, switched off: a server's defaults, such as those of a model's generation_config.json,
 * would change what is drawn and not the log-prob that is told.
 */
export const NO_PENALTIES = {
  repetition_penalty: 1,
  frequency_penalty: 0,
  presence_penalty: 0,
} as const;

/** Where a server is, and what is needed to speak to it. */
export interface ServerOptions {
  /** Address without a path, `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Existing folder that the server sees under the same path: adapters are published there. */
  readonly folder: string;
  /** Deadlines and retries, if not those of long messages. */
  readonly patience?: Patience;
}

/** A message may wait for many others. */
const PATIENCE: Patience = {
  seconds: 600,
  retries: 4,
  waitMillis: 500,
  bytes: LIMITS.serverAnswerBytes,
  total: 1800,
};

/** Asks a server: by POST where there is a body, else by GET. */
export type AskServer = <A>(
  path: string,
  answer: Schema.Decoder<A>,
  body?: unknown,
  options?: { readonly isText?: boolean },
) => Effect.Effect<A, ServerFailed>;

/** How the server at an address is asked. */
export function askServer(
  name: string,
  { origin, headers, patience = PATIENCE }: ServerOptions,
): AskServer {
  return (path, answer, body, { isText = false } = {}) =>
    ask({
      url: `${origin}${path}`,
      method: body === undefined ? "GET" : "POST",
      headers,
      body,
      answer,
      isText,
    }, patience).pipe(
      Effect.mapError(({ kind, message }) =>
        new ServerFailed({ kind, message: `Cannot go on as ${name} must answer: ${message}` })
      ),
    );
}
