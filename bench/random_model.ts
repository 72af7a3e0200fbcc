import { Effect, Stream } from "effect";
import { writeCheckpoint } from "../src/files/checkpoint_dir.ts";
import { readText } from "../src/files/disk.ts";
import { readArchitecture } from "../src/model/architecture.ts";
import { type Parameter, parametersOf } from "../src/model/parameters.ts";

/** Sizes of published models, as their `config.json` has them. */
const SHAPES = {
  "qwen2.5-0.5b": {
    hidden_size: 896,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    intermediate_size: 4864,
  },
  "qwen2.5-1.5b": {
    hidden_size: 1536,
    num_hidden_layers: 28,
    num_attention_heads: 12,
    num_key_value_heads: 2,
    intermediate_size: 8960,
  },
  "qwen2.5-7b": {
    hidden_size: 3584,
    num_hidden_layers: 28,
    num_attention_heads: 28,
    num_key_value_heads: 4,
    intermediate_size: 18944,
    vocab_size: 152_064,
    tie_word_embeddings: false,
  },
} as const;

/** A model whose shape is known. */
export type ShapeName = keyof typeof SHAPES;

/** The names of all shapes. */
export const SHAPE_NAMES = Object.keys(SHAPES) as ReadonlyArray<ShapeName>; // the keys of an object literal

const COMMON = {
  architectures: ["Qwen2ForCausalLM"],
  model_type: "qwen2",
  vocab_size: 151_936,
  hidden_act: "silu",
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  max_position_embeddings: 32_768,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
};

/** The `config.json` of a shape. */
export function configOf(shape: ShapeName) {
  return { ...COMMON, ...SHAPES[shape] };
}

/** Values written at a time. */
const PIECE = 2 ** 20;

/** Random values of about 0.02, the same each time; norms are 1 and biases 0. */
function* valuesOf({ kind, rows, cols, name }: Parameter): Generator<Float32Array> {
  let state = name.length * 2654435761 >>> 0 || 1;
  for (let left = rows * cols; left > 0; left -= PIECE) {
    const piece = new Float32Array(Math.min(PIECE, left));
    if (kind === "norm") piece.fill(1);
    else if (kind !== "bias") {
      for (let i = 0; i < piece.length; i++) {
        // xorshift32: a generator of a few operations, for half a billion values.
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        piece[i] = 0.035 * ((state >>> 0) / 2 ** 31 - 1);
      }
    }
    yield piece;
  }
}

/** All values of a parameter that `writeRandomModel` writes. */
export function randomValuesOf(parameter: Parameter): Float32Array<ArrayBuffer> {
  const values = new Float32Array(parameter.rows * parameter.cols);
  let at = 0;
  for (const piece of valuesOf(parameter)) {
    values.set(piece, at);
    at += piece.length;
  }
  return values;
}

/** Writes a checkpoint of random weights in bf16, in a published shape, with the tokenizer of a folder. */
export const writeRandomModel = Effect.fn("writeRandomModel")(
  function* (folder: string, shape: ShapeName, tokenizerFolder: string) {
    const config = configOf(shape);
    const architecture = yield* Effect.fromResult(readArchitecture(config));
    const tensors = parametersOf(architecture).map((parameter) => ({
      name: parameter.name,
      shape: parameter.shape,
      values: Stream.fromIterable({ [Symbol.iterator]: () => valuesOf(parameter) }, {
        chunkSize: 1,
      }),
    }));
    const files = {
      "tokenizer.json": yield* readText(`${tokenizerFolder}/tokenizer.json`),
      "tokenizer_config.json": yield* readText(`${tokenizerFolder}/tokenizer_config.json`),
    };
    yield* writeCheckpoint(folder, { config, tensors, dtype: "BF16", files });
  },
);
