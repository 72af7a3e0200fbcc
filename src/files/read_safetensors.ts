import { Effect } from "effect";
import type { InputFile } from "./input_file.ts";
import { headerLength, LENGTH_BYTES, parseHeader, type TensorInfo } from "./safetensors_header.ts";
import { DTYPE_BYTES, type RawTensor } from "./tensor_types.ts";

/** Reads and checks the header of a safetensors file; no tensor is loaded. */
export const readHeader = Effect.fn("readHeader")(function* (file: InputFile) {
  const facts = { path: file.path, byteLength: yield* file.size };
  const head = yield* file.range({ offset: 0, length: Math.min(LENGTH_BYTES, facts.byteLength) });
  const length = yield* Effect.fromResult(headerLength(head, facts));
  const json = yield* file.range({ offset: LENGTH_BYTES, length });
  return yield* Effect.fromResult(parseHeader(json, facts));
});

/** `count` elements of a tensor from element `from` on, row-major. */
export interface TensorPart {
  readonly from: number;
  readonly count: number;
}

/** Reads one tensor that the header of the file listed, or a part of it as a tensor of one row. */
export const readTensorOf = Effect.fn("readTensorOf")(
  function* (file: InputFile, info: TensorInfo, part?: TensorPart) {
    const { name, dtype, shape, offset, byteLength } = info;
    if (part === undefined) {
      const bytes = yield* file.range({ offset, length: byteLength });
      return { name, dtype, shape, bytes } satisfies RawTensor;
    }
    const width = DTYPE_BYTES[dtype];
    const at = { offset: offset + part.from * width, length: part.count * width };
    return { name, dtype, shape: [part.count], bytes: yield* file.range(at) } satisfies RawTensor;
  },
);
