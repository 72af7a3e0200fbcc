import { Effect } from "effect";
import { ggufBytes, type GgufValue } from "../../src/files/gguf.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { readParameters } from "../../src/model/weight_source.ts";
import type { ModelFolder } from "../../src/pipeline/model_folder.ts";
import { GGUF_PROJECTIONS } from "../../src/serving/adapter_gguf.ts";

const NAMES: Readonly<Record<string, string>> = {
  ...GGUF_PROJECTIONS,
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  q_norm: "attn_q_norm",
  k_norm: "attn_k_norm",
};
const WHOLE: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

function nameOf(parameter: string): string {
  const [, layer, name, kind] = /^model\.layers\.(\d+)\.(?:\w+\.)?(\w+)\.(\w+)$/.exec(parameter) ??
    [];
  return layer === undefined ? WHOLE[parameter]! : `blk.${layer}.${NAMES[name!]}.${kind}`;
}

interface TokenizerFile {
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: ReadonlyArray<readonly [string, string]>;
  };
  readonly added_tokens: ReadonlyArray<
    { readonly id: number; readonly content: string; readonly special: boolean }
  >;
}

/** Codes of ordinary tokens, of special ones, of other added ones and of rows without a token. */
const TOKEN = { normal: 1, control: 3, added: 4, unused: 5 } as const;

/** The vocabulary of a byte-level tokenizer with as many rows as the model; `end` ends a message. */
function vocabularyOf(file: TokenizerFile, rows: number, end: number) {
  const tokens = Array.from({ length: rows }, (_, id) => `<unused ${id}>`);
  const types = Array<number>(rows).fill(TOKEN.unused);
  for (const [token, id] of Object.entries(file.model.vocab)) {
    tokens[id] = token;
    types[id] = TOKEN.normal;
  }
  for (const { id, content, special } of file.added_tokens) {
    tokens[id] = content;
    types[id] = special ? TOKEN.control : TOKEN.added;
  }
  return {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": { strings: tokens },
    "tokenizer.ggml.token_type": { i32s: types },
    "tokenizer.ggml.merges": { strings: file.model.merges.map((pair) => pair.join(" ")) },
    "tokenizer.ggml.eos_token_id": { u32: end },
    "tokenizer.ggml.add_bos_token": false,
  } satisfies Readonly<Record<string, GgufValue>>;
}

/** A model of the family qwen2 or qwen3 as a GGUF file in f32, its adapters left out. */
export const ggufModel = Effect.fnUntraced(function* (model: ModelFolder, end: number) {
  const { architecture: a } = model;
  const parameters = parametersOf(a);
  const weights = yield* readParameters(model.weights, parameters);
  const tokenizer: TokenizerFile = JSON.parse(model.tokenizerFiles["tokenizer.json"]);
  const sizes = {
    "block_count": a.layers,
    "context_length": a.maxPositions,
    "embedding_length": a.hidden,
    "feed_forward_length": a.feedForward,
    "attention.head_count": a.heads,
    "attention.head_count_kv": a.keyValueHeads,
    "attention.key_length": a.headDim,
    "attention.value_length": a.headDim,
  };
  const metadata: Readonly<Record<string, GgufValue>> = {
    "general.type": "model",
    "general.architecture": a.family,
    ...Object.fromEntries(
      Object.entries(sizes).map(([name, u32]) => [`${a.family}.${name}`, { u32 }]),
    ),
    [`${a.family}.rope.freq_base`]: { f32: a.rope.base },
    [`${a.family}.attention.layer_norm_rms_epsilon`]: { f32: a.normEps },
    ...vocabularyOf(tokenizer, a.vocabulary, end),
  };
  return ggufBytes(
    metadata,
    parameters.map(({ name, shape }) => ({
      name: nameOf(name),
      shape,
      values: weights.get(name)!,
    })),
  );
});
