import type { Format } from "../../src/model/formats.ts";
import { accumulated, floats, type OpCase, overwritten } from "../support/op_cases.ts";
import { asBf16, asF16, randomValues } from "../support/random_values.ts";

/** Sizes and options of a linear op. */
export interface LinearShape {
  readonly rows: number;
  readonly inner: number;
  readonly features: number;
  readonly outCols?: number;
  readonly weightRow?: number;
  readonly bias?: boolean;
  readonly accumulate?: boolean;
  readonly residual?: boolean;
  readonly from?: "norm" | "swiglu";
  readonly scale?: number;
  /** Columns of x before and after those that are read. */
  readonly around?: readonly [number, number];
  readonly outColumn?: number;
  readonly format?: Format;
}

/** Rounds numbers to a format of 16 bits or more. Both engines round those of fewer bits alike when they write them. */
export const STORED = {
  f32: (values: Float32Array<ArrayBuffer>) => values,
  bf16: asBf16,
  f16: asF16,
  u32: (values: Float32Array<ArrayBuffer>) => values,
  int8: (values: Float32Array<ArrayBuffer>) => values,
  int4: (values: Float32Array<ArrayBuffer>) => values,
  nf4: (values: Float32Array<ArrayBuffer>) => values,
};

/** `linear_forward` on random numbers up to 1. */
export function linearCase(shape: LinearShape): OpCase {
  const { rows, inner, features, format = "f32", weightRow = 0 } = shape;
  const outCols = shape.outCols ?? features;
  const weight = floats(
    inner,
    STORED[format](randomValues(2, (weightRow + features + 1) * inner)),
    format,
  );
  const bias = shape.bias
    ? floats(weightRow + features, randomValues(3, weightRow + features))
    : weight;
  const [before, after] = shape.around ?? [0, 0];
  const cols = before + (shape.from === "swiglu" ? 2 * inner : inner) + after;
  const x = floats(cols, randomValues(1, rows * cols));
  const norm = shape.from === "norm" ? floats(inner, randomValues(6, inner)) : x;
  const residual = shape.residual ? floats(outCols, randomValues(5, rows * outCols)) : x;
  const accumulate = shape.accumulate ?? false;
  return {
    label: JSON.stringify(shape),
    kind: "linear_forward",
    dims: {
      rows,
      inner,
      features,
      outCols,
      outColumn: shape.outColumn ?? 0,
      inStride: cols,
      inColumn: before,
      scale: shape.scale ?? 1,
      weightRow,
      hasBias: shape.bias ? 1 : 0,
      hasResidual: shape.residual ? 1 : 0,
      accumulate: accumulate ? 1 : 0,
      from: shape.from === undefined ? 0 : shape.from === "norm" ? 1 : 2,
      eps: 1e-6,
    },
    inputs: [x, weight, bias, residual, norm],
    outputs: [
      accumulate
        ? accumulated(outCols, randomValues(4, rows * outCols))
        : overwritten(rows, outCols),
    ],
  };
}

/** `linear_weight_backward` on random numbers up to 1; gradients have rows of whole groups of four. */
export function weightBackwardCase(
  rows: number,
  inner: number,
  features: number,
  window: {
    outCols?: number;
    weightRow?: number;
    outColumn?: number;
    around?: readonly [number, number];
    scale?: number;
  } = {},
): OpCase {
  const { outCols = Math.ceil(features / 4) * 4, weightRow = 0, outColumn = 0, scale = 1 } = window;
  const [before, after] = window.around ?? [0, 0];
  const cols = before + inner + after;
  return {
    label: `${rows}x${inner}x${features} ${JSON.stringify(window)}`,
    kind: "linear_weight_backward",
    dims: {
      rows,
      inner,
      features,
      outCols,
      outColumn,
      weightRow,
      scale,
      inStride: cols,
      inColumn: before,
    },
    inputs: [
      floats(cols, randomValues(1, rows * cols)),
      floats(outCols, randomValues(2, rows * outCols)),
    ],
    outputs: [accumulated(inner, randomValues(3, (weightRow + features) * inner))],
  };
}

/** `linear_input_backward` on random numbers up to 1, with the windows of {@link linearCase}. */
export function inputBackwardCase(shape: Omit<LinearShape, "bias" | "residual" | "from">): OpCase {
  const { inputs: [, weight], dims } = linearCase(shape);
  const { rows = 0, inStride = 0, outCols = 0 } = dims;
  const { hasBias: _, hasResidual: __, from: ___, eps: ____, ...sizes } = dims;
  const dy = floats(outCols, randomValues(1, rows * outCols));
  const target = shape.accumulate || shape.around !== undefined
    ? accumulated(inStride, randomValues(4, rows * inStride))
    : overwritten(rows, inStride);
  return {
    label: JSON.stringify(shape),
    kind: "linear_input_backward",
    dims: { ...sizes as Record<string, number>, rank: 0 },
    inputs: [dy, weight!, dy, dy],
    outputs: [target],
  };
}
