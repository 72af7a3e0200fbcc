import { Effect } from "effect";
import type { Format } from "../../src/model/formats.ts";
import { onWgsl } from "../support/engines.ts";
import {
  accumulated,
  assertSameBits,
  floats,
  kernelMatches,
  largest,
  type OpCase,
  type OpTolerance,
  overwritten,
  roundingOf,
  runOp,
} from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";
import { inputBackwardCase, linearCase, STORED, weightBackwardCase } from "./linear_cases.ts";

// Products of numbers up to 1: a sum of `inner` of them, bias and accumulated value included.
const ofInner: OpTolerance = ({ dims }) =>
  roundingOf(dims["inner"]! + 4, 2 * dims["inner"]! * Math.max(1, Math.abs(dims["scale"]!)));

kernelMatches("linear_forward is the plain loop at shapes that do not divide its tiles", [
  linearCase({ rows: 1, inner: 4, features: 1 }),
  linearCase({ rows: 1, inner: 64, features: 131, bias: true }),
  linearCase({ rows: 9, inner: 64, features: 1, accumulate: true }),
  linearCase({ rows: 13, inner: 64, features: 257 }),
  linearCase({ rows: 67, inner: 20, features: 33, bias: true, accumulate: true }),
  linearCase({ rows: 9, inner: 20, features: 144 }),
], ofInner);

// Adapters of other families take the other kernel here.
kernelMatches("linear_tile_forward is the plain loop at shapes that do not divide its tiles", [
  linearCase({ rows: 33, inner: 4, features: 1 }),
  linearCase({ rows: 64, inner: 64, features: 64, bias: true, residual: true }),
  linearCase({ rows: 65, inner: 36, features: 129, accumulate: true, outCols: 140, weightRow: 6 }),
  linearCase({ rows: 70, inner: 516, features: 67, bias: true, accumulate: true }),
  linearCase({ rows: 40, inner: 260, features: 20, residual: true, format: "bf16" }),
], ofInner);

// Adapters of other families take the other kernel here.
kernelMatches(
  "linear_slice_forward is the plain loop for any few rows and more slices than lanes",
  [
    linearCase({ rows: 1, inner: 1100, features: 9, bias: true, residual: true, scale: 2 }),
    linearCase({ rows: 2, inner: 20, features: 131, from: "norm" }),
    linearCase({ rows: 3, inner: 132, features: 65, accumulate: true, format: "bf16" }),
    linearCase({ rows: 8, inner: 260, features: 17, from: "swiglu", residual: true }),
    linearCase({ rows: 17, inner: 1300, features: 10, from: "norm", bias: true, format: "int8" }),
  ],
  ofInner,
);

kernelMatches("linear_forward is the plain loop with many rows, whose workgroups are wide", [
  linearCase({ rows: 257, inner: 68, features: 769, bias: true, accumulate: true }),
  linearCase({ rows: 257, inner: 64, features: 768 }),
  linearCase({ rows: 300, inner: 20, features: 33, bias: true }),
], ofInner);

// Adapters of other families take the other kernel here.
kernelMatches("linear_row_forward is the plain loop where rows do not divide its workgroups", [
  linearCase({ rows: 57, inner: 4, features: 32 }),
  linearCase({ rows: 1020, inner: 36, features: 64, bias: true, weightRow: 6, format: "bf16" }),
  linearCase({ rows: 319, inner: 128, features: 128, bias: true, accumulate: true }),
  linearCase({ rows: 1279, inner: 512, features: 32, bias: true, residual: true, scale: -2.5 }),
  linearCase({ rows: 255, inner: 260, features: 352, bias: true }),
  linearCase({ rows: 510, inner: 20, features: 32, around: [8, 4], outCols: 48, outColumn: 8 }),
  linearCase({ rows: 256, inner: 772, features: 96, residual: true, outCols: 100, format: "int4" }),
], ofInner);

kernelMatches("linear_forward adds a residual once, whatever the number of slices", [
  linearCase({ rows: 9, inner: 20, features: 33, residual: true }),
  linearCase({ rows: 67, inner: 516, features: 37, bias: true, residual: true }),
  linearCase({ rows: 257, inner: 64, features: 768, residual: true }),
], ofInner);

kernelMatches("linear_forward makes a norm or gates where it reads them", [
  linearCase({ rows: 1, inner: 20, features: 33, from: "norm" }),
  linearCase({ rows: 67, inner: 260, features: 37, from: "norm", bias: true }),
  linearCase({ rows: 5, inner: 36, features: 131, from: "swiglu", residual: true }),
  linearCase({ rows: 70, inner: 516, features: 20, from: "swiglu" }),
], ofInner);

onWgsl(
  "linear_forward makes norms and gates with the bits of their own kernels",
  (engine) =>
    Effect.gen(function* () {
      for (const from of ["norm", "swiglu"] as const) {
        const shape = { rows: 9, inner: 260, features: 37 };
        const { rows, inner } = shape;
        const fused = linearCase({ ...shape, from });
        const [x, weight, bias, , norm] = fused.inputs;
        const apart = yield* runOp(engine.fresh(), {
          label: from,
          kind: from === "norm" ? "rmsnorm_forward" : "swiglu_forward",
          dims: { rows, cols: inner, perRow: 1, column: 0, stride: inner, eps: 1e-6 },
          inputs: from === "norm" ? [x!, norm!] : [x!],
          outputs: [
            overwritten(rows, inner),
            ...(from === "norm" ? [overwritten(rows, 1)] : []),
          ],
        });
        const made = floats(inner, Float32Array.from(apart[0]!).subarray(0, rows * inner));
        const plain = { ...linearCase(shape), inputs: [made, weight!, bias!, made, made] };
        const want = yield* runOp(engine.fresh(), plain);
        assertSameBits(yield* runOp(engine.fresh(), fused), want, from);
      }
    }),
);

kernelMatches("linear_forward sums slices of more than 256 inner features", [
  linearCase({ rows: 5, inner: 260, features: 37, bias: true }),
  linearCase({ rows: 5, inner: 516, features: 37, accumulate: true }),
], ofInner);

kernelMatches("linear_forward reads a window of the weight and writes a part of each row", [
  linearCase({ rows: 7, inner: 20, features: 31, weightRow: 6, outCols: 40 }),
  linearCase({ rows: 7, inner: 20, features: 31, outCols: 44, outColumn: 8, residual: true }),
  linearCase({ rows: 70, inner: 4, features: 36, around: [8, 4], outCols: 40, outColumn: 4 }),
  linearCase({ rows: 67, inner: 4, features: 33, around: [4, 0], scale: -2.5, accumulate: true }),
  linearCase({ rows: 9, inner: 516, features: 8, scale: 0.5, bias: true, residual: true }),
  linearCase({ rows: 5, inner: 36, features: 8, around: [4, 8], scale: 2, from: "norm" }),
], ofInner);

kernelMatches("linear_forward reads weights of 16 bits", [
  linearCase({ rows: 3, inner: 24, features: 13, weightRow: 1, format: "bf16", bias: true }),
  linearCase({ rows: 3, inner: 24, features: 13, weightRow: 1, format: "f16" }),
], ofInner);

kernelMatches("linear_forward reads weights of 8 and 4 bits, whose runs go on from row to row", [
  linearCase({ rows: 3, inner: 24, features: 29, weightRow: 3, format: "int8", bias: true }),
  linearCase({ rows: 3, inner: 260, features: 13, weightRow: 1, format: "int4" }),
  linearCase({ rows: 70, inner: 36, features: 67, format: "nf4" }),
  linearCase({ rows: 140, inner: 64, features: 33, format: "int4" }),
], ofInner);

function hostile(label: string, values: (i: number) => number): OpCase {
  const base = linearCase({ rows: 9, inner: 64, features: 33 });
  const [x, weight] = base.inputs as [OpCase["inputs"][0], OpCase["inputs"][0]];
  const filled = { ...x, data: Float32Array.from(x.data, (_, i) => values(i)) };
  return { ...base, label, inputs: [filled, weight, weight, filled, filled] };
}

kernelMatches("linear_forward keeps huge, tiny and cancelling numbers", [
  hostile("huge", (i) => i % 7 === 0 ? 1e30 : -1e30),
  hostile("tiny", () => 1e-30),
  hostile("minus zero", () => -0),
  hostile("one large", (i) => i % 64 === 3 ? 1e6 : 1e-6),
], ({ inputs, dims }) => roundingOf(dims["inner"]!, dims["inner"]! * largest(inputs[0]!.data)));

/** The smallest number that is not subnormal. */
const SMALLEST_NORMAL = 2 ** -126;

// WGSL leaves open whether a subnormal number is itself or zero: SwiftShader takes zero.
kernelMatches(
  "linear_forward takes subnormal numbers for themselves or for zero",
  [hostile("subnormal", () => 1e-38)],
  ({ dims }) => ({ atol: dims["inner"]! * SMALLEST_NORMAL }),
);

kernelMatches("linear_input_backward is the plain loop at shapes that do not divide its tiles", [
  inputBackwardCase({ rows: 1, inner: 4, features: 4 }),
  inputBackwardCase({ rows: 65, inner: 68, features: 132, weightRow: 6, accumulate: true }),
  inputBackwardCase({ rows: 70, inner: 36, features: 20, outCols: 32, outColumn: 8, scale: -2.5 }),
  inputBackwardCase({ rows: 9, inner: 20, features: 516, around: [8, 4], format: "bf16" }),
  inputBackwardCase({ rows: 33, inner: 260, features: 64, accumulate: true, format: "int4" }),
], ({ dims }) => roundingOf(dims["features"]! + 4, 2 * dims["features"]! * 2.5));

// Adapters with subgroups take linear_subgroup_weight_backward here, GPUs linear_tile_weight_backward.
kernelMatches("linear_weight_backward adds the plain loop's sums of products", [
  weightBackwardCase(1, 4, 1),
  weightBackwardCase(65, 36, 33),
  weightBackwardCase(131, 36, 131),
  weightBackwardCase(130, 64, 128, { scale: 0.5 }),
  weightBackwardCase(1030, 96, 68),
  weightBackwardCase(7, 260, 5, { outCols: 12, weightRow: 3 }),
  weightBackwardCase(67, 4, 36, { outCols: 44, outColumn: 8, around: [8, 4], scale: -2.5 }),
  weightBackwardCase(13, 36, 4, { outCols: 12, outColumn: 8, around: [0, 4] }),
], ({ dims }) => roundingOf(dims["rows"]!, 3 * dims["rows"]! + 1));

// GPUs take column_block_sum_backward, which adds eight blocks of 256 rows at a time.
kernelMatches(
  "column_sum_backward adds the plain loop's sums",
  [[1, 1], [13, 131], [257, 36], [2309, 20]].map(([rows, cols]): OpCase => ({
    label: `${rows}x${cols}`,
    kind: "column_sum_backward",
    dims: { rows: rows!, cols: cols! },
    inputs: [floats(cols!, randomValues(1, rows! * cols!))],
    outputs: [accumulated(cols!, randomValues(2, cols!))],
  })),
  ({ dims }) => roundingOf(dims["rows"]!, dims["rows"]! + 1),
);

function transposeCase(
  { rows, cols, weightRow, outCols, format }:
    & Record<
      "rows" | "cols" | "weightRow" | "outCols",
      number
    >
    & { readonly format: Format },
): OpCase {
  const data = STORED[format](randomValues(1, (weightRow + rows) * cols));
  return {
    label: `${rows}x${cols} from ${weightRow} to ${outCols} ${format}`,
    kind: "transpose_forward",
    dims: { rows, cols, weightRow, outCols },
    inputs: [floats(cols, data, format)],
    outputs: [overwritten(cols, outCols)],
  };
}

kernelMatches("transpose_forward moves every bit and pads with zeros", [
  transposeCase({ rows: 1, cols: 4, weightRow: 0, outCols: 1, format: "f32" }),
  transposeCase({ rows: 13, cols: 36, weightRow: 5, outCols: 32, format: "f32" }),
  transposeCase({ rows: 131, cols: 8, weightRow: 0, outCols: 256, format: "f32" }),
  transposeCase({ rows: 13, cols: 8, weightRow: 1, outCols: 13, format: "bf16" }),
  transposeCase({ rows: 13, cols: 8, weightRow: 1, outCols: 13, format: "f16" }),
], () => ({ atol: 0 }));
