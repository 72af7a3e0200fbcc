import { Effect, Schema } from "effect";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { type InputFile, type InputFolder, readJson } from "./input_file.ts";
import { readHeader, readTensorOf, type TensorPart } from "./read_safetensors.ts";
import type { TensorInfo } from "./safetensors_header.ts";

/** A tensor of a checkpoint and the file it lies in. */
interface CheckpointTensor extends TensorInfo {
  readonly file: InputFile;
}

/** A model in the layout of the Hugging Face hub; tensors are listed, not loaded. */
export interface CheckpointFolder {
  readonly path: string;
  /** `config.json`, parsed but not decoded. */
  readonly config: unknown;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Name of the file of weights, where there is only one. */
export const SINGLE = "model.safetensors";
/** Name of the index, where several files hold the weights. */
export const INDEX = "model.safetensors.index.json";

const IndexFile = Schema.Struct({
  weight_map: Schema.Record(
    Schema.String,
    // Only plain names, so that an index cannot point outside its folder.
    Schema.String.check(
      Schema.isPattern(/^[^/\\]+\.safetensors$/, {
        expected: "the name of a safetensors file in this folder",
      }),
    ),
  ),
});

/**
 * Opens a checkpoint folder: `config.json` with `model.safetensors`, or with shards that
 * `model.safetensors.index.json` lists. Fails with `BadInput` naming what is missing or broken.
 */
export const readCheckpoint = Effect.fn("readCheckpoint")(function* (folder: InputFolder) {
  const file = folder.file("config.json");
  const config = yield* readJson(file, `the model configuration "${file.path}"`);
  const tensors = (yield* folder.has(SINGLE))
    ? yield* listShard(folder.file(SINGLE))
    : yield* listShards(folder);
  return { path: folder.path, config, tensors } satisfies CheckpointFolder;
});

/** Loads one tensor of a checkpoint, or a part of it. */
export const readCheckpointTensor = Effect.fn("readCheckpointTensor")(
  function* (checkpoint: CheckpointFolder, name: string, part?: TensorPart) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor === undefined) {
      return yield* new BadInput({
        message:
          `Cannot load "${checkpoint.path}" as it must hold the tensor ${quote(name)}: current ` +
          `value is ${checkpoint.tensors.size} other tensors`,
      });
    }
    return yield* readTensorOf(tensor.file, tensor, part);
  },
);

/** The shard of each tensor, by name, as the index of a checkpoint has it. */
export const readIndex = Effect.fn("readIndex")(function* (folder: InputFolder) {
  if (!(yield* folder.has(INDEX))) {
    return yield* new BadInput({
      message: `Cannot load "${folder.path}" as it must hold ${SINGLE} or ${INDEX}: current ` +
        `value is neither`,
    });
  }
  const file = folder.file(INDEX);
  const json = yield* readJson(file, `the list of shards "${file.path}"`);
  const { weight_map } = yield* Effect.fromResult(
    decodeInput(IndexFile, json, `Cannot read "${file.path}" as`),
  );
  return weight_map;
});

const listShards = Effect.fnUntraced(function* (folder: InputFolder) {
  const weightMap = yield* readIndex(folder);
  const shards = new Map<string, ReadonlyMap<string, CheckpointTensor>>();
  for (const name of new Set(Object.values(weightMap))) {
    shards.set(name, yield* listShard(folder.file(name)));
  }
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, file] of Object.entries(weightMap)) {
    const tensor = shards.get(file)?.get(name);
    if (tensor === undefined) return yield* missingTensor(folder.path, name, file);
    tensors.set(name, tensor);
  }
  return tensors;
});

const listShard = Effect.fnUntraced(function* (file: InputFile) {
  const { tensors } = yield* readHeader(file);
  const located = Array.from(tensors.values(), (info): CheckpointTensor => ({ ...info, file }));
  return new Map(located.map((tensor) => [tensor.name, tensor]));
});

function missingTensor(path: string, name: string, file: string): BadInput {
  return new BadInput({
    message:
      `Cannot load "${path}" as ${quote(file)} must hold the tensor ${quote(name)} that ${INDEX} ` +
      `puts there: current value is none`,
  });
}
