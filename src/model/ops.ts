import type { Builder } from "./builder.ts";
import { scaled, type Tensor } from "./plan.ts";

/** Features of the vocabulary that the head computes at a time: no tensor of a batch is as wide as the vocabulary. */
export function vocabularyTile(vocabulary: number): number {
  return vocabulary <= 8192 ? 256 : 4096;
}

/** y[n] = W[ids[n]]   ids (N,1)  W (V,C)  y (N,C) */
export function embedding(b: Builder, ids: Tensor, weight: Tensor): Tensor {
  const y = b.scratch("embedding", ids.rows, weight.cols);
  b.push({
    kind: "embedding_forward",
    inputs: [ids, weight],
    outputs: [y],
    dims: { rows: ids.rows, cols: weight.cols },
  });
  return y;
}

/** y = x / sqrt(mean(x^2) + eps) * w over rows of `weight.cols`; x may hold several such rows per row (heads). */
export function rmsnorm(b: Builder, x: Tensor, weight: Tensor, eps: number): Tensor {
  const y = b.scratch("norm", x.rows, x.cols);
  const rows = scaled(x.rows, x.cols / weight.cols);
  const scale = b.scratch("norm_scale", rows, 1);
  b.push({
    kind: "rmsnorm_forward",
    inputs: [x, weight],
    outputs: [y, scale],
    dims: { rows, cols: weight.cols, eps },
  });
  return y;
}

/** Options of `linear`. `target` is written instead of a new tensor; `accumulate` adds to what it holds. */
export interface LinearOptions {
  readonly bias?: Tensor | undefined;
  readonly target?: Tensor;
  readonly accumulate?: boolean;
  /** First row of the weight, and how many rows; the default is all of them. */
  readonly weightRow?: number;
  readonly features?: number;
}

/** y[n,f] = sum_k x[n,k] W[f,k] + bias[f]   x (N,K)  W (F,K)  y (N,F) */
export function linear(b: Builder, x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const features = options.features ?? valueRows(weight);
  const y = options.target ?? b.scratch("linear", x.rows, features);
  b.push({
    kind: "linear_forward",
    inputs: [x, weight, options.bias ?? weight],
    outputs: [y],
    dims: {
      rows: x.rows,
      inner: weight.cols,
      features,
      outCols: y.cols,
      weightRow: options.weightRow ?? 0,
      hasBias: options.bias === undefined ? 0 : 1,
      accumulate: options.accumulate === true ? 1 : 0,
    },
  });
  return y;
}

function valueRows(weight: Tensor): number {
  if (typeof weight.rows !== "number") throw new Error(`Weight ${weight.name} has no fixed rows`);
  return weight.rows;
}

/** Rotates pairs (i, i + D/2) of each head by the row's position. `direction` -1 undoes it. */
export function rope(
  b: Builder,
  x: Tensor,
  tables: { readonly positions: Tensor; readonly angles: Tensor },
  direction: 1 | -1 = 1,
): Tensor {
  const y = b.scratch("rope", x.rows, x.cols);
  b.push({
    kind: "rope_forward",
    inputs: [x, tables.positions, tables.angles],
    outputs: [y],
    dims: { rows: x.rows, cols: x.cols, headDim: tables.angles.cols, direction },
  });
  return y;
}

/** Sizes of grouped-query attention. */
export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/**
 * out[n,h] = sum_j softmax_j(q[n,h] . k[j,g] / sqrt(D)) v[j,g] over the slots j that query n sees in `queries`;
 * g = floor(h * keyValueHeads / heads). The second output is the log of each row's softmax denominator.
 */
export function attention(
  b: Builder,
  inputs: {
    readonly query: Tensor;
    readonly key: Tensor;
    readonly value: Tensor;
    readonly queries: Tensor;
    readonly keys: Tensor | null;
  },
  shape: AttentionShape,
): Tensor {
  const { query, key, value, queries, keys } = inputs;
  const out = b.scratch("attention", query.rows, query.cols);
  const logSum = b.scratch("attention_log_sum", query.rows, shape.heads);
  b.push({
    kind: "attention_forward",
    // The table of keys is what the backward pass reads; the forward pass ignores it.
    inputs: keys === null ? [query, key, value, queries] : [query, key, value, queries, keys],
    outputs: [out, logSum],
    dims: { rows: query.rows, ...shape },
  });
  return out;
}

/** Copies row n of x to row `slot` of a cache, where slot is column 3 of the query table. */
export function cacheAppend(b: Builder, x: Tensor, queries: Tensor, cache: Tensor): void {
  b.push({
    kind: "cache_append",
    inputs: [x, queries],
    outputs: [cache],
    dims: { rows: x.rows, cols: x.cols },
  });
}

/** Copies slots of a cache within it: `pairs` (C,4) holds [from, to, ..]. */
export function cacheCopy(b: Builder, pairs: Tensor, cache: Tensor): void {
  b.push({
    kind: "cache_copy",
    inputs: [pairs],
    outputs: [cache],
    dims: { rows: pairs.rows, cols: cache.cols },
  });
}

/** y = silu(gate) * up */
export function swiglu(b: Builder, gate: Tensor, up: Tensor): Tensor {
  const y = b.scratch("swiglu", gate.rows, gate.cols);
  b.push({
    kind: "swiglu_forward",
    inputs: [gate, up],
    outputs: [y],
    dims: { elements: scaled(gate.rows, gate.cols) },
  });
  return y;
}

/** y = a + b */
export function add(b: Builder, left: Tensor, right: Tensor): Tensor {
  const y = b.scratch("add", left.rows, left.cols);
  b.push({
    kind: "add_forward",
    inputs: [left, right],
    outputs: [y],
    dims: { elements: scaled(left.rows, left.cols) },
  });
  return y;
}

/** y[r] = x[index[r]]. `inverse` (N,1) holds r for each n, or 2^32-1; the backward pass reads it. */
export function gatherRows(b: Builder, x: Tensor, index: Tensor, inverse: Tensor | null): Tensor {
  const y = b.scratch("gather", index.rows, x.cols);
  b.push({
    kind: "gather_rows_forward",
    inputs: inverse === null ? [x, index] : [x, index, inverse],
    outputs: [y],
    dims: { rows: index.rows, cols: x.cols },
  });
  return y;
}
