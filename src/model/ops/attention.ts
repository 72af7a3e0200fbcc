import type { Builder } from "../builder.ts";
import { scaled, symbol, type Tensor } from "../plan.ts";
import { BY_ROW, defineOp } from "./op.ts";

/** Ops of attention over the slots that each query sees. */
export const ATTENTION = {
  /** out[n,h] = sum_j p[n,j] v[j,g]; softmax[n,h] = [max, sum exp(score - max)] */
  attention_forward: defineOp(
    {
      inputs: ["q", "keyValue", "queries"],
      // Subgroup kernels read the tiles. Only the backward pass reads the tables of keys.
      optional: ["tiles", "keys", "keyParts", "keyTiles"],
      outputs: ["out", "softmax"],
      dims: ["rows", "heads", "keyValueHeads", "headDim"],
    },
    {},
    (b, { tensors, dims, d: dOut }, gradients) => {
      const { q, keyValue, queries, tiles, keys, keyParts, keyTiles, out, softmax } = tensors;
      if (keys === undefined || keyParts === undefined) {
        throw new Error("Attention without tables of keys has no gradient");
      }
      const statistics = b.scratch("attention_statistics", q.rows, softmax.cols);
      b.push("attention_delta", { out, dOut, softmax, statistics }, dims);
      gradients.contribute(q, (dq) => {
        const given = { q, keyValue, statistics, dOut, queries, tiles, dq };
        b.push("attention_query_backward", given, dims);
      });
      gradients.contribute(keyValue, (dKeyValue) => {
        const { rows, cols } = keyValue;
        const parts = b.scratch("key_parts", scaled(rows, 2), cols);
        const given = { q, keyValue, statistics, dOut, keys, keyParts, keyTiles, parts };
        b.push("attention_key_backward", given, { ...dims, seeing: symbol("S") });
        b.push("attention_key_sum", { parts, keyParts, dKeyValue }, { rows, cols });
      });
    },
  ),
  /** statistics[n] = [log sum of each head | dOut . out of each head] */
  attention_delta: defineOp({
    inputs: ["out", "dOut", "softmax"],
    outputs: ["statistics"],
    dims: ["rows", "heads", "headDim"],
  }, BY_ROW),
  /** The gradient of the queries. */
  attention_query_backward: defineOp({
    inputs: ["q", "keyValue", "statistics", "dOut", "queries"],
    optional: ["tiles"],
    outputs: ["dq"],
    dims: ["rows", "heads", "keyValueHeads", "headDim"],
  }),
  /** The gradients of keys and values, in parts that `attention_key_sum` adds. */
  attention_key_backward: defineOp({
    inputs: ["q", "keyValue", "statistics", "dOut", "keys", "keyParts"],
    optional: ["keyTiles"],
    outputs: ["parts"],
    dims: ["rows", "heads", "keyValueHeads", "headDim", "seeing"],
  }, { writesSomeRows: true }),
  /** The sum of the parts of each key. */
  attention_key_sum: defineOp(
    { inputs: ["parts", "keyParts"], outputs: ["dKeyValue"], dims: ["rows", "cols"] },
  ),
};

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
    /** (T,4) tiles of queries; null where each query is of another sequence. */
    readonly tiles: Tensor | null;
    /** Which queries see each key, for the backward pass: `keys` (K,4), `key_parts` (N,4), `key_tiles` (L,4). */
    readonly keys: Record<"table" | "parts" | "tiles", Tensor> | null;
  },
  shape: AttentionShape,
): Tensor {
  const { query: q, keyValue, queries, tiles, keys } = inputs;
  const out = b.scratch("attention", q.rows, q.cols);
  b.push("attention_forward", {
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
