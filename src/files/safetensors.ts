import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { onDisk, readRange, writeNewFile } from "./disk.ts";
import {
  elementCount,
  encodeHeader,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type TensorInfo,
} from "./safetensors_header.ts";
import { type FloatDtype, fromFloat32, type RawTensor } from "./tensor_types.ts";

/** A tensor to be stored; `values` are row-major, as many as `shape` says. */
export interface Float32Tensor {
  readonly name: string;
  readonly shape: ReadonlyArray<number>;
  readonly values: Float32Array;
}

/** Reads and checks the header of a safetensors file; no tensor is loaded. */
export const readSafetensorsHeader = Effect.fn("readSafetensorsHeader")(function* (path: string) {
  const { size } = yield* onDisk(`read "${path}"`, () => Deno.stat(path));
  const file = { path, byteLength: size };
  const head = yield* readRange(path, { offset: 0, length: Math.min(LENGTH_BYTES, size) });
  const length = yield* Effect.fromResult(headerLength(head, file));
  const json = yield* readRange(path, { offset: LENGTH_BYTES, length });
  return yield* Effect.fromResult(parseHeader(json, file));
});

/** Reads one tensor that the header of the file listed. */
export const readTensor = Effect.fn("readTensor")(function* (path: string, info: TensorInfo) {
  const { name, dtype, shape, offset, byteLength } = info;
  const bytes = yield* readRange(path, { offset, length: byteLength });
  return { name, dtype, shape, bytes } satisfies RawTensor;
});

/** Reads all tensors of a small file, by name. */
export const readSafetensors = Effect.fn("readSafetensors")(function* (path: string) {
  const header = yield* readSafetensorsHeader(path);
  const tensors = yield* Effect.forEach(header.tensors.values(), (info) => readTensor(path, info));
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
});

/**
 * Writes a new safetensors file with metadata `{"format": "pt"}`, tensors in the given order, and returns
 * when it is on the disk. The same tensors give the same bytes. One tensor is converted at a time.
 */
export const writeSafetensors = Effect.fn("writeSafetensors")(
  function* (path: string, tensors: ReadonlyArray<Float32Tensor>, dtype: FloatDtype = "F32") {
    const wrong = tensors.find(({ shape, values }) => elementCount(shape) !== values.length);
    if (wrong !== undefined) {
      return yield* new BadInput({
        message: `Cannot write tensor "${wrong.name}" as [${wrong.shape}] must have ` +
          `${elementCount(wrong.shape)} values: current value is ${wrong.values.length}`,
      });
    }
    yield* writeNewFile(path, fileParts(tensors, dtype));
  },
);

function* fileParts(
  tensors: ReadonlyArray<Float32Tensor>,
  dtype: FloatDtype,
): Generator<Uint8Array> {
  yield encodeHeader(tensors, dtype);
  for (const { values } of tensors) yield fromFloat32(values, dtype);
}
