import { Effect, Schema } from "effect";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { writeFolderAtomic } from "./atomic.ts";
import { onDisk, writeNewFile } from "./disk.ts";
import { jsonText, readJsonFile } from "./json_file.ts";
import {
  readSafetensorsHeader,
  readTensor,
  type StreamedTensor,
  type TensorPart,
  writeSafetensors,
} from "./safetensors.ts";
import { elementCount, type TensorInfo } from "./safetensors_header.ts";
import { DTYPE_BYTES, type FloatDtype } from "./tensor_types.ts";

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
export const openCheckpoint = Effect.fn("openCheckpoint")(function* (path: string) {
  const config = yield* readJsonFile(`${path}/config.json`, "the model configuration");
  const tensors = (yield* isFile(`${path}/${SINGLE}`))
    ? yield* listShard(`${path}/${SINGLE}`)
    : yield* listShards(path);
  return { path, config, tensors } satisfies CheckpointFolder;
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
    return yield* readTensor(tensor.path, tensor, part);
  },
);

/** Content of a checkpoint folder to be written. */
export interface CheckpointContent {
  readonly config: unknown;
  readonly tensors: ReadonlyArray<StreamedTensor>;
  readonly dtype: FloatDtype;
  /** Further text files by name, such as `tokenizer.json`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Most bytes of a shard, as the hub's tools write it. A tensor that is larger gets a shard of its own. */
const SHARD_BYTES = 5e9;

/**
 * Writes a checkpoint folder completely or not at all, and replaces an existing one. Tensors of more than `shardBytes`
 * together are spread over shards with an index.
 */
export const writeCheckpoint = Effect.fn("writeCheckpoint")(
  function* (path: string, content: CheckpointContent, shardBytes = SHARD_BYTES) {
    const { config, dtype, files = {}, tensors } = content;
    const shards = cutShards(tensors, dtype, shardBytes);
    const texts = {
      "config.json": jsonText(config),
      ...(shards.length > 1 ? { [INDEX]: jsonText(indexOf(shards, dtype)) } : {}),
      ...files,
    };
    yield* writeFolderAtomic(path, (folder) =>
      Effect.gen(function* () {
        for (const { file, tensors } of shards) {
          yield* writeSafetensors(`${folder}/${file}`, tensors, dtype);
        }
        for (const [name, text] of Object.entries(texts)) {
          yield* writeNewFile(`${folder}/${name}`, [new TextEncoder().encode(text)]);
        }
      }));
  },
);

interface Shard {
  readonly file: string;
  readonly tensors: ReadonlyArray<StreamedTensor>;
}

function tensorBytes({ shape }: StreamedTensor, dtype: FloatDtype): number {
  return elementCount(shape) * DTYPE_BYTES[dtype];
}

function cutShards(
  tensors: ReadonlyArray<StreamedTensor>,
  dtype: FloatDtype,
  most: number,
): ReadonlyArray<Shard> {
  const parts: StreamedTensor[][] = [[]];
  let used = 0;
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor, dtype);
    if (used > 0 && used + bytes > most) {
      parts.push([]);
      used = 0;
    }
    parts.at(-1)!.push(tensor);
    used += bytes;
  }
  if (parts.length === 1) return [{ file: SINGLE, tensors }];
  const number = (i: number) => String(i).padStart(5, "0");
  return parts.map((part, i) => ({
    file: `model-${number(i + 1)}-of-${number(parts.length)}.safetensors`,
    tensors: part,
  }));
}

/** The index of the shards, as the hub's tools write it. */
function indexOf(shards: ReadonlyArray<Shard>, dtype: FloatDtype) {
  const bytes = shards.flatMap(({ tensors }) => tensors.map((one) => tensorBytes(one, dtype)));
  return {
    metadata: { total_size: bytes.reduce((sum, size) => sum + size, 0) },
    weight_map: Object.fromEntries(
      shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file])),
    ),
  };
}

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

/** Names of the shards in a checkpoint's index, each once. */
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
  const { weight_map } = yield* Effect.fromResult(
    decodeInput(IndexFile, json, `Cannot read "${path}/${INDEX}" as`),
  );
  return weight_map;
});

const listShard = Effect.fnUntraced(function* (path: string) {
  const { tensors } = yield* readSafetensorsHeader(path);
  const located = Array.from(tensors.values(), (info): CheckpointTensor => ({ ...info, path }));
  return new Map(located.map((tensor) => [tensor.name, tensor]));
});

function missingTensor(path: string, name: string, file: string): BadInput {
  return new BadInput({
    message:
      `Cannot load "${path}" as ${quote(file)} must hold the tensor ${
        quote(name)
      } that ${INDEX} puts ` +
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
