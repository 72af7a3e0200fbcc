import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { diskFile, writeNewFile } from "./disk.ts";
import { readHeader, readTensorOf } from "./read_safetensors.ts";
import { elementCount, encodeHeader, type TensorInfo } from "./safetensors_header.ts";
import { type FloatDtype, fromFloat32, type RawTensor } from "./tensor_types.ts";

/** A tensor to be stored; `values` are row-major and fill `shape`, in memory or piece by piece. */
export interface Float32Tensor<Values = Float32Array> {
  readonly name: string;
  readonly shape: ReadonlyArray<number>;
  readonly values: Values;
}

/** A tensor that can be stored without holding all of it in memory. */
export type StreamedTensor = Float32Tensor<Float32Array | Stream.Stream<Float32Array, BadInput>>;

/** Reads and checks the header of a safetensors file on disk; no tensor is loaded. */
export const readSafetensorsHeader = (path: string): ReturnType<typeof readHeader> =>
  readHeader(diskFile(path));

/** Reads one tensor that the header of a file on disk listed. */
export const readTensor = (path: string, info: TensorInfo): ReturnType<typeof readTensorOf> =>
  readTensorOf(diskFile(path), info);

/**
 * Writes a new safetensors file with metadata `{"format": "pt"}` and the tensors in the given order, and returns when
 * the disk holds it. The same tensors give the same bytes. One tensor is converted at a time.
 */
export const writeSafetensors = Effect.fn("writeSafetensors")(
  function* (path: string, tensors: ReadonlyArray<StreamedTensor>, dtype: FloatDtype = "F32") {
    const wrong = tensors.find(({ shape, values }) =>
      values instanceof Float32Array && elementCount(shape) !== values.length
    );
    if (wrong !== undefined) return yield* wrongLength(wrong, wrong.values as Float32Array);
    const header = Stream.succeed<Uint8Array>(
      encodeHeader(tensors.map(({ name, shape }) => ({ name, dtype, shape }))),
    );
    const data = Stream.fromIterable(tensors).pipe(
      Stream.flatMap(piecesOf),
      Stream.map((values) => fromFloat32(values, dtype)),
    );
    yield* writeNewFile(path, Stream.concat(header, data));
  },
);

/** Writes a new safetensors file of tensors as they lie in memory. */
export const writeRawTensors = Effect.fn("writeRawTensors")(
  (path: string, tensors: ReadonlyArray<RawTensor>) =>
    writeNewFile(path, [encodeHeader(tensors), ...tensors.map(({ bytes }) => bytes)]),
);

function piecesOf({ values }: StreamedTensor): Stream.Stream<Float32Array, BadInput> {
  return values instanceof Float32Array ? Stream.succeed(values) : values;
}

function wrongLength({ name, shape }: StreamedTensor, { length }: Float32Array): BadInput {
  return new BadInput({
    message: `Cannot write tensor "${name}" as [${shape}] must have ${elementCount(shape)} ` +
      `values: current value is ${length}`,
  });
}
