import { ropeTable } from "../../src/model/rope.ts";
import {
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

const LENGTHS = [4, 124, 260, 1052];
const HOSTILE = Float32Array.of(80, -80, 0, -0, 1e-30, -1e-30, 100, -100, 20, -20, 1, -1);

/** An elementwise op on random numbers of each length, and on hostile ones. */
function elementwise(kind: OpCase["kind"], inputCount: number, outputCount: number): OpCase[] {
  const make = (label: string, operands: ReadonlyArray<Float32Array>): OpCase => ({
    label,
    kind,
    dims: { elements: operands[0]!.length },
    inputs: operands.map((data) => floats(4, data)),
    outputs: Array.from(
      { length: outputCount },
      () => overwritten(operands[0]!.length / 4, 4),
    ),
  });
  const seeds = Array.from({ length: inputCount }, (_, i) => i);
  return [
    ...LENGTHS.map((length) => make(`${length}`, seeds.map((i) => randomValues(i, length, 4)))),
    make("hostile", seeds.map((i) => i === 0 ? HOSTILE : randomValues(i, HOSTILE.length))),
  ];
}

// One rounded addition of numbers that f32 holds.
kernelMatches("add_forward is the rounded sum", elementwise("add_forward", 2, 1), () => ({
  atol: 0,
  rtol: F32_EPSILON,
}));

// exp of WGSL is good to 3 + 2 |x| units in the last place, |x| <= 80 here, in a quotient and a product. Below
// -80 the kernel takes exp(80) for exp(-x), which moves results that are below 100 exp(-80) in size.
const SILU = { atol: 1e-32, rtol: 200 * F32_EPSILON };

kernelMatches("swiglu_forward is the plain loop", elementwise("swiglu_forward", 2, 1), () => SILU);

// 1 + g (1 - s) cancels near g = -1.28: an absolute error of its terms, |g| <= 100, times |dy up| <= 16.
kernelMatches(
  "swiglu_backward is the plain loop",
  elementwise("swiglu_backward", 3, 2),
  () => ({ atol: 16 * 16 * F32_EPSILON, rtol: SILU.rtol }),
);

function ropeCase(
  { rows, heads, headDim, direction }: Record<"rows" | "heads" | "headDim" | "direction", number>,
): OpCase {
  const positions = 37;
  const cols = heads * headDim;
  const table = ropeTable({ base: 10_000, scaling: null }, headDim, positions);
  return {
    label: `${rows} rows of ${heads} heads of ${headDim}, direction ${direction}`,
    kind: "rope_forward",
    dims: { rows, cols, headDim, direction },
    inputs: [
      floats(cols, randomValues(1, rows * cols, 4)),
      words(1, randomIds(2, rows, positions)),
      floats(headDim, Float32Array.from(table)),
    ],
    outputs: [overwritten(rows, cols)],
  };
}

// Two rounded products of numbers up to 4, and their sum.
kernelMatches("rope_forward turns both ways", [
  ropeCase({ rows: 1, heads: 1, headDim: 4, direction: 1 }),
  ropeCase({ rows: 13, heads: 3, headDim: 20, direction: 1 }),
  ropeCase({ rows: 7, heads: 2, headDim: 64, direction: -1 }),
  ropeCase({ rows: 131, heads: 1, headDim: 8, direction: -1 }),
], () => ({ atol: 16 * F32_EPSILON, rtol: 4 * F32_EPSILON }));
