import { Effect, Stream } from "effect";
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
import { DTYPE_BYTES, type FloatDtype, fromFloat32, type RawTensor } from "./tensor_types.ts";

/** A tensor to be stored; `values` are row-major and fill `shape`, in memory or piece by piece. */
export interface Float32Tensor<Values = Float32Array> {
  readonly name: string;
  readonly shape: ReadonlyArray<number>;
  readonly values: Values;
}

/** A tensor that can be stored without holding all of it in memory. */
export type StreamedTensor = Float32Tensor<Float32Array | Stream.Stream<Float32Array, BadInput>>;

/** Reads and checks the header of a safetensors file; no tensor is loaded. */
export const readSafetensorsHeader = Effect.fn("readSafetensorsHeader")(function* (path: string) {
  const { size } = yield* onDisk(`read "${path}"`, () => Deno.stat(path));
  const file = { path, byteLength: size };
  const head = yield* readRange(path, { offset: 0, length: Math.min(LENGTH_BYTES, size) });
  const length = yield* Effect.fromResult(headerLength(head, file));
  const json = yield* readRange(path, { offset: LENGTH_BYTES, length });
  return yield* Effect.fromResult(parseHeader(json, file));
});

/** `count` elements of a tensor from element `from` on, row-major. */
export interface TensorPart {
  readonly from: number;
  readonly count: number;
}

/** Reads one tensor that the header of the file listed, or a part of it as a tensor of one row. */
export const readTensor = Effect.fn("readTensor")(
  function* (path: string, info: TensorInfo, part?: TensorPart) {
    const { name, dtype, shape, offset, byteLength } = info;
    if (part === undefined) {
      const bytes = yield* readRange(path, { offset, length: byteLength });
      return { name, dtype, shape, bytes } satisfies RawTensor;
    }
    const width = DTYPE_BYTES[dtype];
    const at = { offset: offset + part.from * width, length: part.count * width };
    const bytes = yield* readRange(path, at);
    return { name, dtype, shape: [part.count], bytes } satisfies RawTensor;
  },
);

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
    const header = Stream.succeed<Uint8Array>(encodeHeader(tensors, dtype));
    const data = Stream.fromIterable(tensors).pipe(
      Stream.flatMap(piecesOf),
      Stream.map((values) => fromFloat32(values, dtype)),
    );
    yield* writeNewFile(path, Stream.concat(header, data));
  },
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
