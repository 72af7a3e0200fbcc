import type { Builder } from "./builder.ts";
import { columnsOf, scaled, type Span, spansOf, type Tensor, windowOf } from "./plan.ts";

/** Tokens of the vocabulary whose logits are in registers at a time: the most FEATURES that kernels of the head take. */
export const STRIP = 64;

/** Tokens whose logits have gradients in memory at a time, whole strips: no tensor of a batch is as wide as a large vocabulary. */
export function vocabularyTile(vocabulary: number): number {
  const tiles = Math.ceil(vocabulary / (vocabulary <= 8192 ? 640 : 4096));
  return Math.ceil(vocabulary / tiles / STRIP) * STRIP;
}

/** The tiles of a head's weight: stretches of rows, all but the last as long as {@link vocabularyTile} says. */
export function vocabularySpans(weight: Tensor): ReadonlyArray<Span> {
  return spansOf({ ...weight, reach: vocabularyTile(weight.rows as number) }); // weights have fixed rows
}

/** target[k,f] = W[first+f,k] for a stretch of rows, 0 past it; target (K, at least count) */
export function transpose(
  b: Builder,
  weight: Tensor,
  span: Span,
  target: Tensor,
): Tensor {
  b.push({
    kind: "transpose_forward",
    inputs: [{ ...weight, span }],
    outputs: [target],
    dims: { rows: span.count, cols: weight.cols, weightRow: span.first, outCols: target.cols },
  });
  return target;
}

/** y[n] = W[ids[n]]   ids (N,1)  W (V,C)  y (N,C) */
export function embedding(b: Builder, ids: Tensor, weight: Tensor): Tensor {
  const y = b.scratch("embedding", ids.rows, weight.cols);
  for (const span of spansOf(weight)) {
    b.push({
      kind: "embedding_forward",
      inputs: [ids, { ...weight, span }],
      outputs: [y],
      dims: { rows: ids.rows, cols: weight.cols, weightRow: span.first, weightRows: span.count },
    });
  }
  return y;
}

/** y = x / sqrt(mean(x^2) + eps) * w over rows of `weight.cols`; x may hold several such rows per row (heads), and be a window. */
export function rmsnorm(b: Builder, x: Tensor, weight: Tensor, eps: number): Tensor {
  const y = b.scratch("norm", x.rows, x.cols);
  const perRow = x.cols / weight.cols;
  const rows = scaled(x.rows, perRow);
  const scale = b.scratch("norm_scale", rows, 1);
  b.push({
    kind: "rmsnorm_forward",
    inputs: [x, weight],
    outputs: [y, scale],
    dims: { rows, cols: weight.cols, perRow, ...windowOf(x), eps },
  });
  return y;
}

/** A product of x itself, of its RMS norm, or of silu(gate) up, x = [gate | up]. */
export type LinearInput =
  | { readonly _tag: "Norm"; readonly weight: Tensor; readonly eps: number }
  | { readonly _tag: "SwiGlu" };

/** Options of `linear`. `target` is written instead of a new tensor; `accumulate` adds to what it holds. */
export interface LinearOptions {
  readonly bias?: Tensor | undefined;
  /** (N,F) added to the product. */
  readonly residual?: Tensor | undefined;
  /** What the sum is multiplied by. @default {1} */
  readonly scale?: number;
  /** What becomes of x first, with the bits of `rmsnorm` or `swiglu`; has no gradient. */
  readonly from?: LinearInput | undefined;
  readonly target?: Tensor;
  readonly accumulate?: boolean;
}

/** y[n,f] = scale (sum_k x[n,k] W[f,k] + bias[f]) + residual[n,f]   x (N,K)  W (F,K)  y (N,F); x and y may be windows */
export function linear(b: Builder, x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const spans = spansOf(weight);
  const y = options.target ?? b.scratch("linear", x.rows, weight.rows as number); // spansOf asks for a number
  const { from, bias, residual } = options;
  for (const span of spans) {
    const part = spans.length === 1 ? y : partOf(y, span);
    b.push({
      kind: "linear_forward",
      inputs: [
        ...[x, { ...weight, span }, bias ?? x, residual ?? x],
        from?._tag === "Norm" ? from.weight : x,
      ],
      outputs: [part],
      dims: {
        rows: x.rows,
        inner: weight.cols,
        features: span.count,
        ...windowsOf(x, part),
        scale: options.scale ?? 1,
        weightRow: span.first,
        hasBias: bias === undefined ? 0 : 1,
        hasResidual: residual === undefined ? 0 : 1,
        accumulate: options.accumulate === true ? 1 : 0,
        from: from === undefined ? 0 : from._tag === "Norm" ? 1 : 2,
        eps: from?._tag === "Norm" ? from.eps : 0,
      },
    });
  }
  return y;
}

/** The columns of a product that a stretch of rows of the weight makes. */
function partOf(y: Tensor, { first, count }: Span): Tensor {
  const { column, stride } = windowOf(y);
  return columnsOf({ ...y, cols: stride }, column + first, count);
}

/** Where a product reads and writes. */
function windowsOf(x: Tensor, y: Tensor) {
  const [from, to] = [windowOf(x), windowOf(y)];
  return {
    ...{ inStride: from.stride, inColumn: from.column },
    ...{ outCols: to.stride, outColumn: to.column },
  };
}

/** dW[f,k] += scale sum_n dy[n,f] x[n,k] for the weight rows given; x and dy may be windows. */
export function linearWeightBackward(
  b: Builder,
  x: Tensor,
  dy: Tensor,
  dWeight: Tensor,
  window: { readonly weightRow: number; readonly features: number; readonly scale?: number },
): void {
  b.push({
    kind: "linear_weight_backward",
    inputs: [x, dy],
    outputs: [dWeight],
    dims: {
      rows: x.rows,
      inner: dWeight.cols,
      features: window.features,
      ...windowsOf(x, dy),
      weightRow: window.weightRow,
      scale: window.scale ?? 1,
    },
  });
}

/** Sizes of grouped-query attention. */
export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

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
  inputs: { readonly query: Tensor; readonly key: Tensor; readonly value: Tensor },
  { positions, angles, queries }: Places,
  keyValue: Tensor,
  shape: AttentionShape,
): Tensor {
  const { query, key, value } = inputs;
  const rotated = b.scratch("rope", query.rows, query.cols);
  const [q, k, v] = [windowOf(query), windowOf(key), windowOf(value)];
  b.push({
    kind: "rope_forward",
    inputs: [query, key, value, positions, angles, queries],
    outputs: [rotated, keyValue],
    dims: {
      rows: query.rows,
      ...shape,
      ...{ queryColumn: q.column, queryStride: q.stride },
      ...{ keyColumn: k.column, keyStride: k.stride },
      ...{ valueColumn: v.column, valueStride: v.stride },
    },
  });
  return rotated;
}

/**
 * out[n,h] = sum_j softmax_j(q[n,h] . k[j,g] / sqrt(D)) v[j,g] over the slots j that query n sees in `queries`;
 * g = floor(h * keyValueHeads / heads); row j of `keyValue` is [keys | values]. The second output is [max, sum of
 * exp(score - max)] of each row's scores.
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
  const { query, keyValue, queries, tiles, keys } = inputs;
  const out = b.scratch("attention", query.rows, query.cols);
  const softmax = b.scratch("attention_softmax", query.rows, 2 * shape.heads);
  b.push({
    kind: "attention_forward",
    // The tables of keys are what the backward pass reads; the forward pass ignores them.
    inputs: [
      ...[query, keyValue, queries],
      ...(tiles === null ? [] : [tiles]),
      ...(keys === null ? [] : [keys.table, keys.parts, keys.tiles]),
    ],
    outputs: [out, softmax],
    dims: { rows: query.rows, ...shape },
  });
  return out;
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

/** y[n,f] = silu(x[n,f]) x[n,F+f]   x (N,2F) = [gate | up]  y (N,F) */
export function swiglu(b: Builder, x: Tensor): Tensor {
  const cols = x.cols / 2;
  const y = b.scratch("swiglu", x.rows, cols);
  b.push({
    kind: "swiglu_forward",
    inputs: [x],
    outputs: [y],
    dims: { rows: x.rows, cols },
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
