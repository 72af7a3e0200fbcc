import { PLAIN_LOOPS } from "../../src/reference/interpreter.ts";
import type { Segment } from "../../src/model/segments.ts";
import { floats, type OpCase, overwritten, words } from "../support/op_cases.ts";
import { plantForest, tablesOf, tokensOf } from "../support/forests.ts";
import { randomValues } from "../support/random_values.ts";

/** Sizes of grouped-query attention. */
export interface Shape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** A shared prompt with two answers, one with a probe that sees a part of it, and a sequence of its own. */
export const FOREST = plantForest([
  { length: 5, parent: -1, visible: 0 },
  { length: 7, parent: 0, visible: 5 },
  { length: 3, parent: 1, visible: 4 },
  { length: 13, parent: 0, visible: 3 },
  { length: 1, parent: -1, visible: 0 },
  { length: 2, parent: 0, visible: 0 },
]);
/** Segments and visible parts of several tiles, none of which is a multiple of a tile. */
export const LONG = plantForest([
  { length: 71, parent: -1, visible: 0 },
  { length: 40, parent: 0, visible: 50 },
  { length: 33, parent: 0, visible: 71 },
  { length: 5, parent: 1, visible: 37 },
  { length: 32, parent: -1, visible: 0 },
  { length: 3, parent: 4, visible: 32 },
  { length: 2, parent: 4, visible: 0 },
]);
/** Tiles of 64 queries, of one segment and of several. */
const TALL = plantForest([
  { length: 260, parent: -1, visible: 0 },
  { length: 17, parent: 0, visible: 150 },
  { length: 21, parent: 0, visible: 259 },
]);
const ALONE = plantForest([{ length: 1, parent: -1, visible: 0 }]);

const SHAPES: ReadonlyArray<Shape> = [
  { heads: 1, keyValueHeads: 1, headDim: 4 },
  { heads: 3, keyValueHeads: 1, headDim: 20 },
  { heads: 6, keyValueHeads: 2, headDim: 8 },
  { heads: 4, keyValueHeads: 4, headDim: 32 },
  { heads: 2, keyValueHeads: 1, headDim: 64 },
  { heads: 2, keyValueHeads: 1, headDim: 128 },
];

/** Numbers of query, key and value. */
export type Fill = (tensor: number, length: number) => Float32Array;

export const RANDOM: Fill = (tensor, length) => randomValues(tensor, length, 2);

const FILLS: Readonly<Record<string, Fill>> = {
  "scores of 80 and -80": (tensor, length) =>
    randomValues(tensor, length).map((x) => Math.sign(x) * (tensor < 2 ? 3.2 : 1)),
  "equal rows": (_, length) => new Float32Array(length).fill(0.5),
  "zeros of both signs": (_, length) => Float32Array.from({ length }, (_, i) => i % 2 ? 0 : -0),
  "one-hot": (_, length) => Float32Array.from({ length }, (_, i) => i % 17 === 3 ? 4 : 0),
};

/** Random or given numbers for the attention ops over a forest. */
export function tensorsOf(segments: ReadonlyArray<Segment>, shape: Shape, fill: Fill) {
  const rows = tokensOf(segments);
  const [query, keyValue] = [shape.heads, shape.keyValueHeads].map((h) => h * shape.headDim);
  const { queries, tiles, keys, key_parts, key_tiles, dims } = tablesOf(
    segments,
    shape.heads / shape.keyValueHeads,
  );
  const size = rows * keyValue!;
  return {
    rows,
    q: floats(query!, fill(0, rows * query!)),
    keyValue: floats(2 * keyValue!, sideBySide(keyValue!, fill(1, size), fill(2, size))),
    dOut: floats(query!, randomValues(3, rows * query!)),
    queries: words(4, queries),
    tiles: words(4, tiles),
    keys: words(4, keys),
    keyParts: words(4, key_parts),
    keyTiles: words(4, key_tiles),
    dims: { rows, ...shape },
    /** Sizes of a run that has tiles. */
    tiled: dims,
  };
}

/** Rows of [key | value]. */
function sideBySide(cols: number, key: Float32Array, value: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * key.length }, (_, i) => {
    const [n, c] = [Math.floor(i / (2 * cols)), i % (2 * cols)];
    return c < cols ? key[n * cols + c]! : value[n * cols + c - cols]!;
  });
}

export type Tensors = ReturnType<typeof tensorsOf>;

/** An op over a forest at each shape, on one token, and on hostile numbers. */
export function casesOf(make: (tensors: Tensors, label: string) => OpCase): OpCase[] {
  const label = ({ heads, keyValueHeads, headDim }: Shape) =>
    `${heads}/${keyValueHeads} heads of ${headDim}`;
  const hostile = SHAPES[2]!;
  return [
    ...SHAPES.map((shape) => ({
      ...make(tensorsOf(FOREST, shape, RANDOM), label(shape)),
      heavy: shape.headDim * shape.heads / shape.keyValueHeads > 24,
    })),
    make(tensorsOf(ALONE, SHAPES[0]!, RANDOM), "one token"),
    ...Object.entries(FILLS).map(([name, fill]) => make(tensorsOf(FOREST, hostile, fill), name)),
    ...[{ heads: 1, keyValueHeads: 1, headDim: 4 }, { heads: 6, keyValueHeads: 2, headDim: 8 }].map(
      (shape) => make(tensorsOf(LONG, shape, RANDOM), `several tiles, ${label(shape)}`),
    ),
    make(tensorsOf(TALL, { heads: 2, keyValueHeads: 1, headDim: 4 }, RANDOM), "many slots"),
  ];
}

/** Output, log sums and statistics of the forward pass. */
function forwardOf({ q, keyValue, dOut, queries, dims }: Tensors) {
  const out = new Float64Array(q.data.length);
  const softmax = new Float64Array(2 * dims.rows * dims.heads);
  const wide = ({ data }: typeof q) => Float64Array.from(data);
  const table = Uint32Array.from(queries.data);
  const tensors = { q: wide(q), keyValue: wide(keyValue), queries: table, out, softmax };
  PLAIN_LOOPS.attention_forward(tensors, dims);
  const statistics = new Float64Array(softmax.length);
  PLAIN_LOOPS.attention_delta({ out, dOut: wide(dOut), softmax, statistics }, dims);
  return {
    out: floats(q.cols, Float32Array.from(out)),
    softmax: floats(2 * dims.heads, Float32Array.from(softmax)),
    statistics: floats(2 * dims.heads, Float32Array.from(statistics)),
  };
}

/** Rows for the parts of all keys. */
function partsOf({ keyParts, keyValue }: Tensors) {
  const { data } = keyParts;
  const counts = Array.from({ length: data.length / 4 }, (_, n) => data[4 * n + 1]!);
  return overwritten(counts.reduce((sum, count) => sum + count, 0), keyValue.cols);
}

/** Each attention op on given operands. */
export const ATTENTION_OPS = {
  attention_forward: (t: Tensors, label: string): OpCase => ({
    label,
    kind: "attention_forward",
    dims: t.dims,
    inputs: [t.q, t.keyValue, t.queries],
    outputs: [overwritten(t.rows, t.q.cols), overwritten(t.rows, 2 * t.dims.heads)],
  }),
  attention_subgroup_forward: (t: Tensors, label: string): OpCase => ({
    label: `${label} in tiles`,
    kind: "attention_forward",
    dims: { ...t.dims, ...t.tiled },
    inputs: [t.q, t.keyValue, t.queries, t.tiles],
    outputs: [overwritten(t.rows, t.q.cols), overwritten(t.rows, 2 * t.dims.heads)],
  }),
  attention_delta: (t: Tensors, label: string): OpCase => {
    const { out, softmax } = forwardOf(t);
    return {
      label,
      kind: "attention_delta",
      dims: t.dims,
      inputs: [out, t.dOut, softmax],
      outputs: [overwritten(t.rows, 2 * t.dims.heads)],
    };
  },
  attention_query_backward: (t: Tensors, label: string): OpCase => ({
    label,
    kind: "attention_query_backward",
    dims: t.dims,
    inputs: [t.q, t.keyValue, forwardOf(t).statistics, t.dOut, t.queries],
    outputs: [overwritten(t.rows, t.q.cols)],
  }),
  attention_subgroup_query_backward: (t: Tensors, label: string): OpCase => ({
    label: `${label} in tiles`,
    kind: "attention_query_backward",
    dims: { ...t.dims, ...t.tiled },
    inputs: [t.q, t.keyValue, forwardOf(t).statistics, t.dOut, t.queries, t.tiles],
    outputs: [overwritten(t.rows, t.q.cols)],
  }),
  attention_subgroup_key_backward: (t: Tensors, label: string): OpCase => ({
    label: `${label} in tiles`,
    kind: "attention_key_backward",
    dims: { ...t.dims, ...t.tiled, seeing: t.rows },
    inputs: [t.q, t.keyValue, forwardOf(t).statistics, t.dOut, t.keys, t.keyParts, t.keyTiles],
    outputs: [partsOf(t)],
  }),
  attention_key_backward: (t: Tensors, label: string): OpCase => ({
    label,
    kind: "attention_key_backward",
    dims: { ...t.dims, seeing: t.rows },
    inputs: [t.q, t.keyValue, forwardOf(t).statistics, t.dOut, t.keys, t.keyParts],
    outputs: [partsOf(t)],
  }),
};
