import type { Builder } from "../builder.ts";
import { input } from "../inputs.ts";
import { spansOf, type Tensor } from "../plan.ts";
import { BY_ROW, defineOp } from "./op.ts";

/** Ops of the embedding. */
export const EMBEDDING = {
  /** y[n] = w[ids[n]] where ids[n] is one of the rows given */
  embedding_forward: defineOp(
    { inputs: ["ids", "w"], outputs: ["y"], dims: ["rows", "cols", "weightRow", "weightRows"] },
    BY_ROW,
    (b, { tensors: { w }, d: dy }, gradients) => {
      gradients.contribute(w, (dWeight) => {
        const tensors = {
          dy,
          occurrences: input(b, "occurrences"),
          tokenOrder: input(b, "token_order"),
          dWeight,
        };
        const dims = { unique: tensors.occurrences.rows, cols: dWeight.cols };
        b.push("embedding_backward", tensors, dims);
      });
    },
  ),
  /** dWeight[id] += sum of dy over the rows where the token occurs */
  embedding_backward: defineOp(
    { inputs: ["dy", "occurrences", "tokenOrder"], outputs: ["dWeight"], dims: ["unique", "cols"] },
  ),
};

/** y[n] = W[ids[n]]   ids (N,1)  W (V,C)  y (N,C) */
export function embedding(b: Builder, ids: Tensor, weight: Tensor): Tensor {
  const y = b.scratch("embedding", ids.rows, weight.cols);
  for (const span of spansOf(weight)) {
    const { first: weightRow, count: weightRows } = span;
    const dims = { rows: ids.rows, cols: weight.cols, weightRow, weightRows };
    b.push("embedding_forward", { ids, w: { ...weight, span }, y }, dims);
  }
  return y;
}
