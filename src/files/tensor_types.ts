import { Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { roundBf16, widenBf16 } from "../math/bf16.ts";

/** Bytes an element of each safetensors dtype takes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** A storage type of safetensors. */
export type TensorDtype = keyof typeof DTYPE_BYTES;

/** A tensor as it lies on disk: row-major, little-endian. */
export interface RawTensor {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: ReadonlyArray<number>;
  /** Starts at a multiple of 8 in its buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The storage types a checkpoint is written in. */
export type FloatDtype = "F32" | "F16" | "BF16";

/** Values of a floating-point tensor; F16 and BF16 widen exactly, F64 rounds. Other types are refused. */
export function toFloat32(tensor: RawTensor): Result.Result<Float32Array<ArrayBuffer>, BadInput> {
  const { bytes, dtype } = tensor;
  switch (dtype) {
    case "F32":
      return Result.succeed(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    case "F16":
      return Result.succeed(
        new Float32Array(new Float16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)),
      );
    case "BF16":
      return Result.succeed(
        widenBf16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)),
      );
    case "F64":
      return Result.succeed(
        new Float32Array(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)),
      );
    default:
      return Result.fail(
        new BadInput({
          message:
            `Cannot read tensor "${tensor.name}" as numbers as its dtype must be F32, F16, ` +
            `BF16 or F64: current value is "${dtype}"`,
        }),
      );
  }
}

/** Numbers that a run goes on with: finite ones, and none below `least`. */
export function toTrainable(
  tensor: RawTensor,
  least = -Infinity,
): Result.Result<Float32Array<ArrayBuffer>, BadInput> {
  return Result.flatMap(toFloat32(tensor), (values) => {
    const bad = values.findIndex((value) => !Number.isFinite(value) || value < least);
    if (bad < 0) return Result.succeed(values);
    const rule = least === 0 ? "finite and not negative" : "finite";
    return Result.fail(
      new BadInput({
        message: `Cannot go on from tensor "${tensor.name}" as all its numbers must be ${rule}: ` +
          `number ${bad} is ${values[bad]}`,
      }),
    );
  });
}

/** Bytes of `values` in a storage type; rounds to nearest even, keeps NaN a NaN. */
export function fromFloat32(values: Float32Array, dtype: FloatDtype): Uint8Array {
  switch (dtype) {
    case "F32":
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case "F16":
      return new Uint8Array(new Float16Array(values).buffer);
    case "BF16":
      return new Uint8Array(roundBf16(values).buffer);
    default:
      return dtype satisfies never;
  }
}
