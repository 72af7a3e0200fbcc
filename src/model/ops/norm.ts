import type { Builder } from "../builder.ts";
import { scaled, type Tensor, windowOf } from "../plan.ts";
import { defineOp, LOOP_ROWS } from "./op.ts";

/** Number of rows and where they lie: `perRow` of them side by side in a row of a window. */
const ROWS = ["rows", "cols", "perRow", "column", "stride"] as const;

/** Ops of the RMS norm. */
export const NORM = {
  /** y = x s weight, s = 1 / sqrt(mean(x^2) + eps) for each row; scale holds s */
  rmsnorm_forward: defineOp(
    { inputs: ["x", "weight"], outputs: ["y", "scale"], dims: [...ROWS, "eps"] },
    { takesWindows: true, goesByRow: true },
    (b, { tensors: { x, weight, scale }, dims, d: dy }, gradients) => {
      gradients.contribute(weight, (dWeight) => {
        b.push("rmsnorm_weight_backward", { x, scale, dy, dWeight }, dims);
      });
      // The gradient of x lies in memory as x does, so one window serves both.
      gradients.contribute(x, (dx, { accumulate }) => {
        const sizes = { ...dims, accumulate: accumulate ? 1 : 0 };
        b.push("rmsnorm_backward", { x, weight, scale, dy, dx }, sizes);
      });
    },
  ),
  /** dx (+)= s (weight dy - x s^2 mean(weight dy x)) */
  rmsnorm_backward: defineOp(
    { inputs: ["x", "weight", "scale", "dy"], outputs: ["dx"], dims: [...ROWS, "accumulate"] },
    { takesWindows: true, goesByRow: true },
  ),
  /** dWeight[c] += sum_n dy[n,c] x[n,c] s[n] */
  rmsnorm_weight_backward: defineOp(
    { inputs: ["x", "scale", "dy"], outputs: ["dWeight"], dims: ROWS },
    { takesWindows: true, goesByRow: true, mostRows: LOOP_ROWS },
  ),
};

/** y = x / sqrt(mean(x^2) + eps) * w over rows of `weight.cols`; x may hold several such rows per row (heads), and be a window. */
export function rmsnorm(b: Builder, x: Tensor, weight: Tensor, eps: number): Tensor {
  const y = b.scratch("norm", x.rows, x.cols);
  const perRow = x.cols / weight.cols;
  const rows = scaled(x.rows, perRow);
  const scale = b.scratch("norm_scale", rows, 1);
  const dims = { rows, cols: weight.cols, perRow, ...windowOf(x), eps };
  b.push("rmsnorm_forward", { x, weight, y, scale }, dims);
  return y;
}
