import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { defineOp } from "./op.ts";

/** y = silu(gate) up, x = [gate | up] */
export const swigluForwardOp = defineOp({
  kind: "swiglu_forward",
  inputs: ["x"],
  outputs: ["y"],
  dims: ["rows", "cols"],
  goesByRow: true,
}, (b, { tensors: { x }, dims, d }, gradients) => {
  gradients.contribute(x, (dx) => b.push(swigluBackwardOp, { x, dy: d, dx }, dims));
});

/** The gradients of gate and up. */
export const swigluBackwardOp = defineOp({
  kind: "swiglu_backward",
  inputs: ["x", "dy"],
  outputs: ["dx"],
  dims: ["rows", "cols"],
  goesByRow: true,
});

/** y[n,f] = silu(x[n,f]) x[n,F+f]   x (N,2F) = [gate | up]  y (N,F) */
export function swiglu(b: Builder, x: Tensor): Tensor {
  const cols = x.cols / 2;
  const y = b.scratch("swiglu", x.rows, cols);
  b.push(swigluForwardOp, { x, y }, { rows: x.rows, cols });
  return y;
}
