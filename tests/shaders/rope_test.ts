import { ropeTable } from "../../src/model/rope.ts";
import {
  accumulated,
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

const POSITIONS = 37;

interface Shape {
  readonly rows: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** Operands that both ops need: a position for each row, and the angles of all positions. */
function anglesOf({ rows, headDim }: Pick<Shape, "rows" | "headDim">) {
  const table = ropeTable({ base: 10_000, scaling: null }, headDim, POSITIONS);
  return [
    words(1, randomIds(2, rows, POSITIONS)),
    floats(headDim, Float32Array.from(table)),
  ] as const;
}

/** Queries, keys and values side by side in one matrix with unused columns, or each in its own matrix. */
function forwardCase(shape: Shape, source: "stacked" | "apart"): OpCase {
  const { rows, heads, keyValueHeads, headDim } = shape;
  const [queryCols, keyCols] = [heads * headDim, keyValueHeads * headDim];
  const slots = 2 * rows + 5;
  const queries = Uint32Array.from(
    { length: 4 * rows },
    (_, i) => i % 4 === 3 ? (Math.floor(i / 4) * 2 + 3) % slots : 9999,
  );
  const stride = queryCols + 2 * keyCols + 8;
  const stacked = floats(stride, randomValues(1, rows * stride, 4));
  const apart = [queryCols, keyCols, keyCols].map((cols, i) =>
    floats(cols, randomValues(3 + i, rows * cols, 4))
  );
  const isStacked = source === "stacked";
  return {
    label: `${JSON.stringify(shape)} ${source}`,
    kind: "rope_forward",
    dims: {
      ...shape,
      queryColumn: isStacked ? 4 : 0,
      queryStride: isStacked ? stride : queryCols,
      keyColumn: isStacked ? 4 + queryCols : 0,
      keyStride: isStacked ? stride : keyCols,
      valueColumn: isStacked ? 4 + queryCols + keyCols : 0,
      valueStride: isStacked ? stride : keyCols,
    },
    inputs: [
      ...(isStacked ? [stacked, stacked, stacked] : apart),
      ...anglesOf(shape),
      words(4, queries),
    ],
    outputs: [
      overwritten(rows, queryCols),
      // Slots without a row keep their values.
      accumulated(2 * keyCols, randomValues(6, slots * 2 * keyCols)),
    ],
  };
}

// Two rounded products of numbers up to 4, and their sum.
const PRODUCTS = { atol: 16 * F32_EPSILON, rtol: 4 * F32_EPSILON };
const SHAPES = [
  { rows: 1, heads: 1, keyValueHeads: 1, headDim: 4 },
  { rows: 13, heads: 3, keyValueHeads: 1, headDim: 20 },
  { rows: 7, heads: 4, keyValueHeads: 2, headDim: 64 },
  { rows: 131, heads: 2, keyValueHeads: 2, headDim: 8 },
];

// GPUs take rope_output_forward.
kernelMatches(
  "rope_forward turns queries, and keys into their slots beside the values",
  SHAPES.flatMap((shape) => [forwardCase(shape, "stacked"), forwardCase(shape, "apart")]),
  () => PRODUCTS,
);

function backwardCase(
  { rows, heads, headDim }: Shape,
  { turns, before, after }: Record<"turns" | "before" | "after", number>,
): OpCase {
  const cols = heads * headDim;
  const [stride, outStride] = [before + cols, before + cols + after];
  return {
    label:
      `${rows} rows of ${heads} heads of ${headDim}, turns ${turns}, window ${before} ${after}`,
    kind: "rope_backward",
    dims: {
      rows,
      cols,
      headDim,
      turns,
      column: before,
      stride,
      outColumn: after,
      outStride,
    },
    inputs: [
      floats(stride, randomValues(1, rows * stride, 4)),
      ...anglesOf({ rows, headDim }),
    ],
    // Columns outside the window keep their values.
    outputs: [overwritten(rows, outStride)],
  };
}

kernelMatches(
  "rope_backward turns back, and copies what was not turned",
  SHAPES.flatMap((shape) => [
    backwardCase(shape, { turns: 1, before: 0, after: 0 }),
    backwardCase(shape, { turns: 1, before: 8, after: 4 }),
    backwardCase(shape, { turns: 0, before: 4, after: 12 }),
  ]),
  () => PRODUCTS,
);
