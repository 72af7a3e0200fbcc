import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { type InputFolder, readJson } from "../files/input_file.ts";
import {
  type CheckpointFolder,
  readCheckpoint,
  readCheckpointTensor,
} from "../files/read_checkpoint.ts";
import type { WeightSource } from "../model/weight_source.ts";
import { modelOf, type TensorSource, weightsFrom } from "./model_content.ts";
import type { ModelFolder } from "./model_folder.ts";

/** Reads a model in the layout of the Hugging Face hub; fails if its tensors are not those of its config. */
export const readModel = Effect.fn("readModel")(function* (folder: InputFolder) {
  const checkpoint = yield* readCheckpoint(folder);
  const model = yield* Effect.fromResult(modelOf({ ...checkpoint, read: readerOf(checkpoint) }));
  const tokenizerFiles = {
    "tokenizer.json": yield* folder.file("tokenizer.json").text(),
    "tokenizer_config.json": yield* readTokenizerConfig(folder),
  };
  return { ...model, tokenizerFiles } satisfies ModelFolder;
});

const TEMPLATE = "chat_template.jinja";

/** Text of `tokenizer_config.json`, with the chat template that newer models keep in a file of its own. */
const readTokenizerConfig = Effect.fnUntraced(function* (folder: InputFolder) {
  const file = folder.file("tokenizer_config.json");
  if (!(yield* folder.has(TEMPLATE))) return yield* file.text();
  const config = yield* readJson(file, `the tokenizer's configuration "${file.path}"`);
  if (isRecord(config)) {
    const template = yield* folder.file(TEMPLATE).text();
    return JSON.stringify({ ...config, chat_template: template }, null, 2);
  }
  return yield* new BadInput({
    message: `Cannot load "${folder.path}" as tokenizer_config.json must be a JSON object: it is ` +
      quote(config),
  });
});

/** The tensors of a folder, read on demand; reading fails on numbers that are not finite. */
export function weightsOf(checkpoint: CheckpointFolder): WeightSource {
  return weightsFrom({ path: checkpoint.path, read: readerOf(checkpoint) });
}

function readerOf(checkpoint: CheckpointFolder): TensorSource["read"] {
  return (name, part) => readCheckpointTensor(checkpoint, name, part);
}
