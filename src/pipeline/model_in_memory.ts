import { Effect, Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import {
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type TensorInfo,
} from "../files/safetensors_header.ts";
import { DTYPE_BYTES } from "../files/tensor_types.ts";
import { modelOf, type TensorSource } from "./model_content.ts";
import type { ModelFolder } from "./model_folder.ts";

/** The files of a model in one file of weights, by name. */
export interface ModelFiles extends Readonly<Record<ModelText, string>> {
  readonly "model.safetensors": Uint8Array;
}

/** The files of a model that are text. */
export type ModelText = "config.json" | "tokenizer.json" | "tokenizer_config.json";

/** Reads a model whose files are in memory; fails if its tensors are not those of its config. */
export function modelInMemory(files: ModelFiles): Result.Result<ModelFolder, BadInput> {
  const bytes = files["model.safetensors"];
  const file = { path: "model.safetensors", byteLength: bytes.length };
  return Result.gen(function* () {
    const config = yield* parseFile(files, "config.json");
    const length = yield* headerLength(bytes, file);
    const json = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    const { tensors } = yield* parseHeader(json, file);
    const read = readerOf(bytes, tensors);
    const model = yield* modelOf({ path: file.path, config, tensors, read });
    return {
      ...model,
      tokenizerFiles: {
        "tokenizer.json": files["tokenizer.json"],
        "tokenizer_config.json": files["tokenizer_config.json"],
      },
    };
  });
}

/** Reads tensors that are known to be in the file. */
function readerOf(
  bytes: Uint8Array,
  tensors: ReadonlyMap<string, TensorInfo>,
): TensorSource["read"] {
  return (name, { from, count }) => {
    const { dtype, offset } = tensors.get(name)!;
    const width = DTYPE_BYTES[dtype];
    const start = offset + from * width;
    // A copy begins where numbers of any size may begin.
    const part = bytes.slice(start, start + count * width);
    return Effect.succeed({ name, dtype, shape: [count], bytes: part });
  };
}

/** One of the files that are JSON, parsed. */
export function parseFile(
  files: Readonly<Record<ModelText, string>>,
  name: ModelText,
): Result.Result<unknown, BadInput> {
  return Result.try({
    try: (): unknown => parseJson(files[name]),
    catch: () => new BadInput({ message: `Cannot read ${name} as it must be JSON: it is not` }),
  });
}
