import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote, shorten } from "../domain/quote.ts";
import {
  type CheckpointFolder,
  openCheckpoint,
  readCheckpointTensor,
  writeCheckpoint,
} from "../files/checkpoint_dir.ts";
import { pathExists, readText } from "../files/disk.ts";
import { readJsonFile } from "../files/json_file.ts";
import { type TensorDtype, toFloat32 } from "../files/tensor_types.ts";
import { type Architecture, readArchitecture } from "../model/architecture.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { Lora } from "../model/lora.ts";
import { type Parameter, parametersOf } from "../model/parameters.ts";
import type { WeightSource } from "../model/weight_source.ts";
import { finiteState } from "./finite_state.ts";

/** A model that was read from a folder. */
export interface ModelFolder {
  readonly architecture: Architecture;
  /** Weights of adapters included. */
  readonly weights: WeightSource;
  /** How its files hold matrices; a model made by this program is f32. */
  readonly storedAs: WeightFormat;
  /** Its adapters, which are trained instead of its own weights; null for none. */
  readonly lora: Lora | null;
  /** `config.json`, parsed. */
  readonly config: unknown;
  /** Texts of the files that make a tokenizer and its chat template, by name. */
  readonly tokenizerFiles: Readonly<Record<"tokenizer.json" | "tokenizer_config.json", string>>;
}

/** Reads a model in the layout of the Hugging Face hub; fails if its tensors are not those of its config. */
export const readModelFolder = Effect.fn("readModelFolder")(function* (path: string) {
  const folder = yield* openCheckpoint(path);
  const architecture = yield* Effect.fromResult(readArchitecture(folder.config));
  yield* checkTensors(folder, architecture);
  const tokenizerFiles = {
    "tokenizer.json": yield* readText(`${path}/tokenizer.json`),
    "tokenizer_config.json": yield* readTokenizerConfig(path),
  };
  return {
    architecture,
    weights: weightsOf(folder),
    storedAs: STORED_AS[folder.tensors.get(EMBEDDING)?.dtype ?? "F32"] ?? "f32",
    lora: null,
    config: folder.config,
    tokenizerFiles,
  } satisfies ModelFolder;
});

/** Text of `tokenizer_config.json`, with the chat template that newer models keep in a file of its own. */
const readTokenizerConfig = Effect.fnUntraced(function* (path: string) {
  const [name, template] = [`${path}/tokenizer_config.json`, `${path}/chat_template.jinja`];
  if (!(yield* pathExists(template))) return yield* readText(name);
  const config = yield* readJsonFile(name, "the tokenizer's configuration");
  if (isRecord(config)) {
    return JSON.stringify({ ...config, chat_template: yield* readText(template) }, null, 2);
  }
  return yield* new BadInput({
    message: `Cannot load "${path}" as tokenizer_config.json must be a JSON object: it is ${
      quote(config)
    }`,
  });
});

/** Formats that store tensors of a file's type exactly; other types are widened to f32. */
const STORED_AS: Partial<Readonly<Record<TensorDtype, WeightFormat>>> = {
  BF16: "bf16",
  F16: "f16",
};

/** A tensor that every model has; its type is taken for that of all matrices. */
const EMBEDDING = "model.embed_tokens.weight";

/** The tensors of a folder, read on demand; reading fails on numbers that are not finite. */
export function weightsOf(folder: CheckpointFolder): WeightSource {
  return {
    read: Effect.fnUntraced(function* (name, from, count) {
      const raw = yield* readCheckpointTensor(folder, name, { from, count });
      const values = yield* Effect.fromResult(toFloat32(raw));
      const wrong = firstNonFinite(values);
      if (wrong < 0) return values;
      return yield* new BadInput({
        message: `Cannot load "${folder.path}" as the tensor "${name}" must hold finite numbers: ` +
          `value ${from + wrong} is ${values[wrong]}`,
      });
    }),
  };
}

/** Index of the first value that is not finite, or -1. A plain loop for speed: models have billions of weights. */
function firstNonFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) return i;
  }
  return -1;
}

/** Writes the learner's weights as a folder like the one its model was read from. */
export const saveModelFolder = Effect.fn("saveModelFolder")(
  function* (path: string, { architecture, config, tokenizerFiles }: ModelFolder) {
    const { weights } = yield* finiteState;
    const tensors = parametersOf(architecture).map(({ name, shape }) => ({
      name,
      shape,
      values: weights.get(name)!,
    }));
    yield* writeCheckpoint(path, { config, tensors, dtype: "F32", files: tokenizerFiles });
  },
);

/** Tensors that checkpoints may hold although nothing reads them. */
const SPARE = /rotary_emb\.inv_freq$/;

/** Fails unless the folder holds each parameter in its shape, and nothing that the config does not explain. */
const checkTensors = Effect.fnUntraced(function* (
  { path, tensors }: CheckpointFolder,
  architecture: Architecture,
) {
  const parameters = parametersOf(architecture);
  const wrong = parameters.find(({ name, shape }) => !sameShape(tensors.get(name)?.shape, shape));
  if (wrong !== undefined) return yield* wrongTensor(path, wrong, tensors.get(wrong.name)?.shape);
  const known = new Set(parameters.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) =>
    !known.has(name) && !SPARE.test(name) && !(architecture.tied && name === "lm_head.weight")
  );
  if (extra === undefined) return;
  return yield* new BadInput({
    message: `Cannot load "${path}" as config.json must explain every tensor: ${
      quote(extra)
    } is extra`,
  });
});

function sameShape(found: ReadonlyArray<number> | undefined, wanted: ReadonlyArray<number>) {
  return found?.length === wanted.length && wanted.every((size, i) => found[i] === size);
}

function wrongTensor(
  path: string,
  { name, shape }: Parameter,
  found: ReadonlyArray<number> | undefined,
): BadInput {
  return new BadInput({
    message: `Cannot load "${path}" as the tensor "${name}" must have shape [${shape}]: ${
      found === undefined ? "there is none" : `it has [${shorten(String(found))}]`
    }`,
  });
}
