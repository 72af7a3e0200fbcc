import { Effect } from "effect";
import { writeFolderAtomic } from "./atomic.ts";
import { diskFolder, writeNewFile } from "./disk.ts";
import { jsonText } from "./json_file.ts";
import { INDEX, readCheckpoint, readIndex, SINGLE } from "./read_checkpoint.ts";
import { type StreamedTensor, writeSafetensors } from "./safetensors.ts";
import { elementCount } from "./safetensors_header.ts";
import { DTYPE_BYTES, type FloatDtype } from "./tensor_types.ts";

/** Opens a checkpoint folder on disk. */
export const openCheckpoint = (path: string): ReturnType<typeof readCheckpoint> =>
  readCheckpoint(diskFolder(path));

/** Names of the shards in the index of a checkpoint on disk, each once. */
export const readShardNames = Effect.fn("readShardNames")(function* (path: string) {
  return [...new Set(Object.values(yield* readIndex(diskFolder(path))))];
});

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
