import type { Builder } from "../builder.ts";
import { scaled, symbol, type Tensor } from "../plan.ts";
import { defineOp } from "./op.ts";

/** out[n,h] = sum_j p[n,j] v[j,g]; softmax[n,h] = [max, sum exp(score - max)] */
export const attentionForwardOp = defineOp({
  kind: "attention_forward",
  inputs: ["q", "keyValue", "queries"],
  // Kernels by subgroups read the tiles; the tables of keys are what the backward pass reads.
  optional: ["tiles", "keys", "keyParts", "keyTiles"],
  outputs: ["out", "softmax"],
  dims: ["rows", "heads", "keyValueHeads", "headDim"],
}, (b, { tensors, dims, d: dOut }, gradients) => {
  const { q, keyValue, queries, tiles, keys, keyParts, keyTiles, out, softmax } = tensors;
  if (keys === undefined || keyParts === undefined) {
    throw new Error("Attention without tables of keys has no gradient");
  }
  const statistics = b.scratch("attention_statistics", q.rows, softmax.cols);
  b.push(attentionDeltaOp, { out, dOut, softmax, statistics }, dims);
  gradients.contribute(q, (dq) => {
    b.push(attentionQueryBackwardOp, { q, keyValue, statistics, dOut, queries, tiles, dq }, dims);
  });
  gradients.contribute(keyValue, (dKeyValue) => {
    const { rows, cols } = keyValue;
    const parts = b.scratch("key_parts", scaled(rows, 2), cols);
    b.push(
      attentionKeyBackwardOp,
      { q, keyValue, statistics, dOut, keys, keyParts, keyTiles, parts },
      { ...dims, seeing: symbol("S") },
    );
    b.push(attentionKeySumOp, { parts, keyParts, dKeyValue }, { rows, cols });
  });
});

/** statistics[n] = [log sum of each head | dOut . out of each head] */
export const attentionDeltaOp = defineOp({
  kind: "attention_delta",
  inputs: ["out", "dOut", "softmax"],
  outputs: ["statistics"],
  dims: ["rows", "heads", "headDim"],
  goesByRow: true,
});

/** The gradient of the queries. */
export const attentionQueryBackwardOp = defineOp({
  kind: "attention_query_backward",
  inputs: ["q", "keyValue", "statistics", "dOut", "queries"],
  optional: ["tiles"],
  outputs: ["dq"],
  dims: ["rows", "heads", "keyValueHeads", "headDim"],
});

/** The gradients of keys and values, in parts that `attention_key_sum` adds. */
export const attentionKeyBackwardOp = defineOp({
  kind: "attention_key_backward",
  inputs: ["q", "keyValue", "statistics", "dOut", "keys", "keyParts"],
  optional: ["keyTiles"],
  outputs: ["parts"],
  dims: ["rows", "heads", "keyValueHeads", "headDim", "seeing"],
  writesSomeRows: true,
});

/** The sum of the parts of each key. */
export const attentionKeySumOp = defineOp({
  kind: "attention_key_sum",
  inputs: ["parts", "keyParts"],
  outputs: ["dKeyValue"],
  dims: ["rows", "cols"],
});

/** Sizes of grouped-query attention. */
export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/**
 * out[n,h] = sum_j softmax_j(q[n,h] . k[j,g] / sqrt(D)) v[j,g] over the slots j that query n sees in `queries`;
 * g = floor(h * keyValueHeads / heads); row j of `keyValue` is [keys | values].
 */
export function attention(
  b: Builder,
  inputs: {
    readonly query: Tensor;
    readonly keyValue: Tensor;
    readonly queries: Tensor;
    /** (T,4) of stretches of queries of one sequence, if there are such. */
    readonly tiles: Tensor | null;
    /** Who sees each key, which the backward pass reads: `keys` (K,4), `key_parts` (N,4), `key_tiles` (L,4). */
    readonly keys: Record<"table" | "parts" | "tiles", Tensor> | null;
  },
  shape: AttentionShape,
): Tensor {
  const { query: q, keyValue, queries, tiles, keys } = inputs;
  const out = b.scratch("attention", q.rows, q.cols);
  b.push(attentionForwardOp, {
    q,
    keyValue,
    queries,
    tiles: tiles ?? undefined,
    keys: keys?.table,
    keyParts: keys?.parts,
    keyTiles: keys?.tiles,
    out,
    softmax: b.scratch("attention_softmax", q.rows, 2 * shape.heads),
  }, { rows: q.rows, ...shape });
  return out;
}
