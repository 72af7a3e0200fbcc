import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { BY_ROW, defineOp } from "./op.ts";

/** Ops that choose rows by an index. */
export const GATHER = {
  /** y[r] = x[index[r]] */
  gather_rows_forward: defineOp(
    {
      inputs: ["x", "index"],
      // Only the backward pass reads it.
      optional: ["inverse"],
      outputs: ["y"],
      dims: ["rows", "cols"],
    },
    BY_ROW,
    (b, { tensors: { x, inverse }, d: dy }, gradients) => {
      if (inverse === undefined) {
        throw new Error("Rows gathered without an inverse have no gradient");
      }
      gradients.contribute(x, (dx) => {
        b.push("gather_rows_backward", { dy, inverse, dx }, { rows: x.rows, cols: x.cols });
      });
    },
  ),
  /** dx[n] = dy[inverse[n]], 0 where no row was taken */
  gather_rows_backward: defineOp(
    { inputs: ["dy", "inverse"], outputs: ["dx"], dims: ["rows", "cols"] },
    BY_ROW,
  ),
};

/** y[r] = x[index[r]]. `inverse` (N,1) holds r for each n, or 2^32-1; the backward pass reads it. */
export function gatherRows(b: Builder, x: Tensor, index: Tensor, inverse: Tensor | null): Tensor {
  const y = b.scratch("gather", index.rows, x.cols);
  const tensors = { x, index, inverse: inverse ?? undefined, y };
  b.push("gather_rows_forward", tensors, { rows: index.rows, cols: x.cols });
  return y;
}
