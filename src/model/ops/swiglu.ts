import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { BY_ROW, defineOp } from "./op.ts";

/** Ops of gated linear units. */
export const SWIGLU = {
  /** y = silu(gate) up, x = [gate | up] */
  swiglu_forward: defineOp(
    { inputs: ["x"], outputs: ["y"], dims: ["rows", "cols"] },
    BY_ROW,
    (b, { tensors: { x }, dims, d }, gradients) => {
      gradients.contribute(x, (dx) => b.push("swiglu_backward", { x, dy: d, dx }, dims));
    },
  ),
  /** The gradients of gate and up. */
  swiglu_backward: defineOp(
    { inputs: ["x", "dy"], outputs: ["dx"], dims: ["rows", "cols"] },
    BY_ROW,
  ),
};

/** y[n,f] = silu(x[n,f]) x[n,F+f]   x (N,2F) = [gate | up]  y (N,F) */
export function swiglu(b: Builder, x: Tensor): Tensor {
  const cols = x.cols / 2;
  const y = b.scratch("swiglu", x.rows, cols);
  b.push("swiglu_forward", { x, y }, { rows: x.rows, cols });
  return y;
}
