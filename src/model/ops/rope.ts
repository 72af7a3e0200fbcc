import type { Builder } from "../builder.ts";
import { columnsOf, type Tensor, windowOf } from "../plan.ts";
import type { AttentionShape } from "./attention.ts";
import { defineOp } from "./op.ts";

const QUERY = ["queryColumn", "queryStride"] as const;
const KEY = ["keyColumn", "keyStride"] as const;
const VALUE = ["valueColumn", "valueStride"] as const;

/** Ops of rotary positions. */
export const ROPE = {
  /** query[n] = q[n] rotated by the angles of its position; keyValue[slot[n]] = [k[n] rotated | v[n]] */
  rope_forward: defineOp({
    inputs: ["q", "k", "v", "positions", "angles", "queries"],
    outputs: ["query", "keyValue"],
    dims: ["rows", "heads", "keyValueHeads", "headDim", ...QUERY, ...KEY, ...VALUE],
  }, {
    takesWindows: true,
    goesByRow: true,
    // Keys and values go to slots, not to rows. The first rows of the table of queries are those of the tokens.
    isCut: { keyValue: false, queries: true },
  }, (b, { tensors, dims: { headDim }, d: dQuery }, gradients) => {
    const { q, k, v, positions, angles, keyValue } = tensors;
    const dKeyValue = gradients.of(keyValue);
    if (dKeyValue === undefined) return;
    /** Gives an input its gradient: `dy` rotated back, or as it is (`turns` 0) for values, which were not rotated. */
    const turnBack = (input: Tensor, dy: Tensor, turns: 0 | 1) =>
      gradients.contribute(input, (dx) => {
        const { column: outColumn, stride: outStride } = windowOf(dx);
        const windows = { ...windowOf(dy), outColumn, outStride };
        const sizes = { rows: dy.rows, cols: dy.cols, headDim, turns };
        b.push("rope_backward", { dy, positions, angles, dx }, { ...sizes, ...windows });
      });
    turnBack(q, dQuery, 1);
    turnBack(k, columnsOf(dKeyValue, 0, k.cols), 1);
    turnBack(v, columnsOf(dKeyValue, k.cols, v.cols), 0);
  }),
  /** dx[n] = dy[n] rotated back by the angles of its position, or as it is if `turns` is 0 */
  rope_backward: defineOp({
    inputs: ["dy", "positions", "angles"],
    outputs: ["dx"],
    dims: ["rows", "cols", "headDim", "turns", "column", "stride", "outColumn", "outStride"],
  }, { takesWindows: true, goesByRow: true }),
};

/** Where each packed token stands: its position, its row of the query table, and the rotary angles. */
export interface Places {
  /** (N,1) */
  readonly positions: Tensor;
  /** (P,D) cosines, then sines, of each position. */
  readonly angles: Tensor;
  /** (Q,4) */
  readonly queries: Tensor;
}

/**
 * Rotates queries and keys by their positions, pairs (i, i + D/2) of each head. Queries are written row by row,
 * [keys | values] to the row of `keyValue` (.., 2 keyValueHeads D) that is the token's slot. Inputs may be windows.
 */
export function rope(
  b: Builder,
  { query: q, key: k, value: v }: Record<"query" | "key" | "value", Tensor>,
  places: Places,
  keyValue: Tensor,
  shape: AttentionShape,
): Tensor {
  const query = b.scratch("rope", q.rows, q.cols);
  const { column: queryColumn, stride: queryStride } = windowOf(q);
  const { column: keyColumn, stride: keyStride } = windowOf(k);
  const { column: valueColumn, stride: valueStride } = windowOf(v);
  const windows = { queryColumn, queryStride, keyColumn, keyStride, valueColumn, valueStride };
  const dims = { rows: q.rows, ...shape, ...windows };
  b.push("rope_forward", { q, k, v, ...places, query, keyValue }, dims);
  return query;
}
