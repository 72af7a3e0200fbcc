import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { defineOp } from "./op.ts";

/** y[r] = x[index[r]] */
export const gatherRowsForwardOp = defineOp({
  kind: "gather_rows_forward",
  inputs: ["x", "index"],
  // The backward pass reads it.
  optional: ["inverse"],
  outputs: ["y"],
  dims: ["rows", "cols"],
  goesByRow: true,
}, (b, { tensors: { x, inverse }, d: dy }, gradients) => {
  if (inverse === undefined) throw new Error("Rows gathered without an inverse have no gradient");
  gradients.contribute(
    x,
    (dx) => b.push(gatherRowsBackwardOp, { dy, inverse, dx }, { rows: x.rows, cols: x.cols }),
  );
});

/** dx[n] = dy[inverse[n]], 0 where no row was taken */
export const gatherRowsBackwardOp = defineOp({
  kind: "gather_rows_backward",
  inputs: ["dy", "inverse"],
  outputs: ["dx"],
  dims: ["rows", "cols"],
  goesByRow: true,
});

/** y[r] = x[index[r]]. `inverse` (N,1) holds r for each n, or 2^32-1; the backward pass reads it. */
export function gatherRows(b: Builder, x: Tensor, index: Tensor, inverse: Tensor | null): Tensor {
  const y = b.scratch("gather", index.rows, x.cols);
  const tensors = { x, index, inverse: inverse ?? undefined, y };
  b.push(gatherRowsForwardOp, tensors, { rows: index.rows, cols: x.cols });
  return y;
}
