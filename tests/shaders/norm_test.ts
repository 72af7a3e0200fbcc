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

const SHAPES = [[1, 4], [33, 20], [13, 260]] as const;

function forwardCase(label: string, rows: number, cols: number, x: Float32Array): OpCase {
  return {
    label,
    kind: "rmsnorm_forward",
    dims: { rows, cols, eps: 1e-6 },
    inputs: [floats(cols, x), floats(cols, randomValues(2, cols, 2))],
    outputs: [overwritten(rows, cols), overwritten(rows, 1)],
  };
}

// A mean of `cols` squares, a root and two products: relative to each result.
const ofRow: OpTolerance = ({ dims }) => ({ atol: 1e-30, rtol: F32_EPSILON * (dims["cols"]! + 8) });

kernelMatches("rmsnorm_forward is the plain loop, the scale included", [
  ...SHAPES.map(([rows, cols]) =>
    forwardCase(`${rows}x${cols}`, rows, cols, randomValues(1, rows * cols))
  ),
  forwardCase("equal rows", 5, 20, new Float32Array(100).fill(3)),
  forwardCase("huge", 3, 20, randomValues(1, 60, 1e18)),
  forwardCase("zeros of both signs", 2, 4, Float32Array.of(0, -0, 0, -0, 0, 0, 0, 0)),
  forwardCase(
    "one of a row",
    2,
    8,
    Float32Array.of(0, 0, 0, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
  ),
], ofRow);

function scaleOf(x: Float32Array, cols: number): Float32Array {
  return Float32Array.from({ length: x.length / cols }, (_, n) => {
    const row = x.subarray(n * cols, (n + 1) * cols);
    return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / cols + 1e-6);
  });
}

function backwardCase(rows: number, cols: number, target: "added" | "written"): OpCase {
  const x = randomValues(1, rows * cols);
  return {
    label: `${rows}x${cols} ${target}`,
    kind: "rmsnorm_backward",
    dims: { rows, cols, accumulate: target === "added" ? 1 : 0 },
    inputs: [
      floats(cols, x),
      floats(cols, randomValues(2, cols)),
      floats(1, scaleOf(x, cols)),
      floats(cols, randomValues(3, rows * cols)),
    ],
    outputs: [
      target === "added"
        ? accumulated(cols, randomValues(4, rows * cols))
        : overwritten(rows, cols),
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
  SHAPES.flatMap(([rows, cols]) => [
    backwardCase(rows, cols, "written"),
    backwardCase(rows, cols, "added"),
  ]),
  ofBackward,
);

kernelMatches(
  "rmsnorm_weight_backward adds sums over rows",
  [[1, 4], [13, 132], [259, 20]].map(([rows, cols]): OpCase => ({
    label: `${rows}x${cols}`,
    kind: "rmsnorm_weight_backward",
    dims: { rows: rows!, cols: cols! },
    inputs: [
      floats(cols!, randomValues(1, rows! * cols!)),
      floats(1, randomValues(2, rows!, 2)),
      floats(cols!, randomValues(3, rows! * cols!)),
    ],
    outputs: [accumulated(cols!, randomValues(4, cols!))],
  })),
  ({ dims }) => roundingOf(dims["rows"]!, 2 * dims["rows"]! + 1),
);
