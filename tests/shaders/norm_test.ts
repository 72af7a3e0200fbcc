import {
  accumulated,
  F32_EPSILON,
  floats,
  kernelMatches,
  largest,
  type OpCase,
  type OpTolerance,
  overwritten,
  roundingOf,
} from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";

/** Rows and columns, the number of rows that lie side by side, and columns of the matrix before and after them. */
const SHAPES = [
  { rows: 1, cols: 4, perRow: 1, before: 0, after: 0 },
  { rows: 33, cols: 20, perRow: 1, before: 0, after: 0 },
  { rows: 13, cols: 260, perRow: 1, before: 0, after: 0 },
  { rows: 21, cols: 20, perRow: 3, before: 8, after: 4 },
];
type Shape = (typeof SHAPES)[number];
const row = (rows: number, cols: number): Shape => ({ rows, cols, perRow: 1, before: 0, after: 0 });
const label = (shape: Shape) => JSON.stringify(shape);

function placesOf({ rows, cols, perRow, before, after }: Shape) {
  return { rows, cols, perRow, column: before, stride: before + perRow * cols + after };
}

/** The rows that lie in the window of a matrix, one after the other. */
function windowed(shape: Shape, matrix: Float32Array): Float32Array {
  const { column, stride, perRow, cols, rows } = placesOf(shape);
  return Float32Array.from({ length: rows * cols }, (_, i) => {
    const n = Math.floor(i / cols);
    return matrix[Math.floor(n / perRow) * stride + column + n % perRow * cols + i % cols]!;
  });
}

/** Values of the whole matrix that the rows lie in. */
const sizeOf = (shape: Shape) => shape.rows / shape.perRow * placesOf(shape).stride;

function forwardCase(label: string, shape: Shape, x: Float32Array): OpCase {
  const { rows, cols } = shape;
  const places = placesOf(shape);
  return {
    label,
    kind: "rmsnorm_forward",
    dims: { ...places, eps: 1e-6 },
    inputs: [floats(places.stride, x), floats(cols, randomValues(2, cols, 2))],
    outputs: [overwritten(rows, cols), overwritten(rows, 1)],
  };
}

// A mean of `cols` squares, a root and two products: relative to each result.
const ofRow: OpTolerance = ({ dims }) => ({ atol: 1e-30, rtol: F32_EPSILON * (dims["cols"]! + 8) });

// GPUs take rmsnorm_row_forward, rmsnorm_row_backward and rmsnorm_block_weight_backward in these tests.
kernelMatches("rmsnorm_forward is the plain loop, the scale included", [
  ...SHAPES.map((shape) => forwardCase(label(shape), shape, randomValues(1, sizeOf(shape)))),
  forwardCase("equal rows", row(5, 20), new Float32Array(100).fill(3)),
  forwardCase("huge", row(3, 20), randomValues(1, 60, 1e18)),
  forwardCase("zeros of both signs", row(2, 4), Float32Array.of(0, -0, 0, -0, 0, 0, 0, 0)),
  forwardCase(
    "one of a row",
    row(2, 8),
    Float32Array.of(0, 0, 0, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
  ),
], ofRow);

function scaleOf(x: Float32Array, cols: number): Float32Array {
  return Float32Array.from({ length: x.length / cols }, (_, n) => {
    const row = x.subarray(n * cols, (n + 1) * cols);
    return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / cols + 1e-6);
  });
}

function backwardCase(shape: Shape, target: "added" | "written"): OpCase {
  const { rows, cols } = shape;
  const places = placesOf(shape);
  const x = randomValues(1, sizeOf(shape));
  return {
    label: `${label(shape)} ${target}`,
    kind: "rmsnorm_backward",
    dims: { ...places, accumulate: target === "added" ? 1 : 0 },
    inputs: [
      floats(places.stride, x),
      floats(cols, randomValues(2, cols)),
      floats(1, scaleOf(windowed(shape, x), cols)),
      floats(cols, randomValues(3, rows * cols)),
    ],
    outputs: [
      target === "added"
        ? accumulated(places.stride, randomValues(4, sizeOf(shape)))
        : overwritten(rows / shape.perRow, places.stride),
    ],
  };
}

// s (w dy - x s^2 dot / cols): at most s + s^3 times numbers up to 1, and the error of a sum of `cols` products.
const ofBackward: OpTolerance = ({ inputs, dims }) => {
  const s = largest(inputs[2]!.data);
  return roundingOf(dims["cols"]!, 2 + s + s ** 3);
};

kernelMatches(
  "rmsnorm_backward is the plain loop, written and added",
  SHAPES.flatMap((shape) => [backwardCase(shape, "written"), backwardCase(shape, "added")]),
  ofBackward,
);

kernelMatches(
  "rmsnorm_weight_backward adds sums over rows",
  [row(1, 4), row(13, 132), row(259, 20), SHAPES[3]!].map((shape): OpCase => ({
    label: label(shape),
    kind: "rmsnorm_weight_backward",
    dims: placesOf(shape),
    inputs: [
      floats(placesOf(shape).stride, randomValues(1, sizeOf(shape))),
      floats(1, randomValues(2, shape.rows, 2)),
      floats(shape.cols, randomValues(3, shape.rows * shape.cols)),
    ],
    outputs: [accumulated(shape.cols, randomValues(4, shape.cols))],
  })),
  ({ dims }) => roundingOf(dims["rows"]!, 2 * dims["rows"]! + 1),
);
