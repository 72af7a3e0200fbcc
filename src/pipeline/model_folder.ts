import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import {
  type CheckpointFolder,
  openCheckpoint,
  readCheckpointTensor,
  writeCheckpoint,
} from "../files/checkpoint_dir.ts";
import { pathExists, readText } from "../files/disk.ts";
import { readJsonFile } from "../files/json_file.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Lora } from "../model/lora.ts";
import { parametersOf } from "../model/parameters.ts";
import type { WeightSource } from "../model/weight_source.ts";
import { finiteState } from "./finite_state.ts";
import { modelOf, type TensorSource, weightsFrom } from "./model_content.ts";

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
  const model = yield* Effect.fromResult(modelOf({ ...folder, read: readerOf(folder) }));
  const tokenizerFiles = {
    "tokenizer.json": yield* readText(`${path}/tokenizer.json`),
    "tokenizer_config.json": yield* readTokenizerConfig(path),
  };
  return { ...model, tokenizerFiles } satisfies ModelFolder;
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

/** The tensors of a folder, read on demand; reading fails on numbers that are not finite. */
export function weightsOf(folder: CheckpointFolder): WeightSource {
  return weightsFrom({ path: folder.path, read: readerOf(folder) });
}

function readerOf(folder: CheckpointFolder): TensorSource["read"] {
  return (name, part) => readCheckpointTensor(folder, name, part);
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
