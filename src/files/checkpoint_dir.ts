import { Effect, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { writeFolderAtomic } from "./atomic.ts";
import { onDisk, writeNewFile } from "./disk.ts";
import { readJsonFile } from "./json_file.ts";
import {
  type Float32Tensor,
  readSafetensorsHeader,
  readTensor,
  writeSafetensors,
} from "./safetensors.ts";
import type { TensorInfo } from "./safetensors_header.ts";
import type { FloatDtype } from "./tensor_types.ts";

/** A tensor of a checkpoint and the file it lies in. */
export interface CheckpointTensor extends TensorInfo {
  readonly path: string;
}

/** A model in the layout of the Hugging Face hub; tensors are listed, not loaded. */
export interface CheckpointFolder {
  readonly path: string;
  /** `config.json`, parsed but not decoded. */
  readonly config: unknown;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Name of the weights in one file. */
export const SINGLE = "model.safetensors";
/** Name of the list of weights in several files. */
export const INDEX = "model.safetensors.index.json";

const IndexFile = Schema.Struct({
  weight_map: Schema.Record(
    Schema.String,
    // A plain name: an index must not reach outside of its folder.
    Schema.String.check(Schema.isPattern(/^[^/\\]+\.safetensors$/)),
  ),
});

/**
 * Opens a checkpoint folder: `config.json` with `model.safetensors`, or with shards that
 * `model.safetensors.index.json` lists. Fails with `BadInput` naming what is missing or broken.
 */
export const openCheckpoint = Effect.fn("openCheckpoint")(function* (path: string) {
  const config = yield* readJsonFile(`${path}/config.json`, "the model configuration");
  const tensors = (yield* isFile(`${path}/${SINGLE}`))
    ? yield* listShard(`${path}/${SINGLE}`)
    : yield* listShards(path);
  return { path, config, tensors } satisfies CheckpointFolder;
});

/** Loads one tensor of a checkpoint. */
export const readCheckpointTensor = Effect.fn("readCheckpointTensor")(
  function* (checkpoint: CheckpointFolder, name: string) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor === undefined) {
      return yield* new BadInput({
        message: `Cannot load "${checkpoint.path}" as it must hold the tensor "${name}": current ` +
          `value is ${checkpoint.tensors.size} other tensors`,
      });
    }
    return yield* readTensor(tensor.path, tensor);
  },
);

/** What a checkpoint folder is written from. */
export interface CheckpointContent {
  readonly config: unknown;
  readonly tensors: ReadonlyArray<Float32Tensor>;
  readonly dtype: FloatDtype;
  /** Further text files by name, such as `tokenizer.json`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes a checkpoint folder that is there whole or not at all; one already there is replaced. */
export const writeCheckpoint = Effect.fn("writeCheckpoint")(
  function* (path: string, content: CheckpointContent) {
    const { config, dtype, files = {}, tensors } = content;
    const texts = { "config.json": JSON.stringify(config, null, 2) + "\n", ...files };
    yield* writeFolderAtomic(path, (folder) =>
      Effect.gen(function* () {
        yield* writeSafetensors(`${folder}/${SINGLE}`, tensors, dtype);
        for (const [name, text] of Object.entries(texts)) {
          yield* writeNewFile(`${folder}/${name}`, [new TextEncoder().encode(text)]);
        }
      }));
  },
);

const listShards = Effect.fnUntraced(function* (path: string) {
  const weightMap = yield* readIndex(path);
  const shards = new Map<string, ReadonlyMap<string, CheckpointTensor>>();
  for (const file of new Set(Object.values(weightMap))) {
    shards.set(file, yield* listShard(`${path}/${file}`));
  }
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, file] of Object.entries(weightMap)) {
    const tensor = shards.get(file)?.get(name);
    if (tensor === undefined) return yield* missingTensor(path, name, file);
    tensors.set(name, tensor);
  }
  return tensors;
});

/** Names of the shards that a checkpoint's list speaks of, each once. */
export const readShardNames = Effect.fn("readShardNames")(
  function* (path: string) {
    return [...new Set(Object.values(yield* readIndex(path)))];
  },
);

const readIndex = Effect.fnUntraced(function* (path: string) {
  if (!(yield* isFile(`${path}/${INDEX}`))) {
    return yield* new BadInput({
      message:
        `Cannot load "${path}" as it must hold ${SINGLE} or ${INDEX}: current value is neither`,
    });
  }
  const json = yield* readJsonFile(`${path}/${INDEX}`, "the list of shards");
  const index = Schema.decodeUnknownResult(IndexFile)(json);
  if (Result.isSuccess(index)) return index.success.weight_map;
  return yield* new BadInput({
    message: `Cannot load "${path}" as ${INDEX} must map tensors to files: current value is "${
      index.failure.message.replaceAll(/\s*\n\s*/g, " ")
    }"`,
  });
});

const listShard = Effect.fnUntraced(function* (path: string) {
  const { tensors } = yield* readSafetensorsHeader(path);
  const located = Array.from(tensors.values(), (info): CheckpointTensor => ({ ...info, path }));
  return new Map(located.map((tensor) => [tensor.name, tensor]));
});

function missingTensor(path: string, name: string, file: string): BadInput {
  return new BadInput({
    message:
      `Cannot load "${path}" as "${file}" must hold the tensor "${name}" that ${INDEX} puts ` +
      `there: current value is none`,
  });
}

function isFile(path: string): Effect.Effect<boolean, BadInput> {
  return onDisk(`read "${path}"`, async () => {
    try {
      return (await Deno.stat(path)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}
