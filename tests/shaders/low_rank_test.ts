import { Effect } from "effect";
import { onTiles } from "../support/engines.ts";
import {
  accumulated,
  assertSameBits,
  floats,
  kernelMatches,
  type OpCase,
  type OpTolerance,
  overwritten,
  roundingOf,
  runOp,
} from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";
import { inputBackwardCase, linearCase } from "./linear_cases.ts";
import { forwardCase, LABELLED, type LowRankShape, sizesOf, tensorsOf } from "./low_rank_cases.ts";

function inputCase(shape: LowRankShape): OpCase {
  const { dy, seconds } = tensorsOf(shape);
  return {
    ...LABELLED(shape),
    kind: "low_rank_input_backward",
    inputs: [dy, ...seconds],
    outputs: [overwritten(shape.rows, sizesOf(shape).ranks)],
  };
}

function weightCase(shape: LowRankShape): OpCase {
  const { x, dy, low, dLow } = tensorsOf(shape);
  const { ranks, inner } = sizesOf(shape);
  const seconds = [0, 1, 2].map((p) => {
    const [count, rank] = shape.parts[p] ?? [0, 0];
    return rank === 0 ? overwritten(1, 4) : accumulated(rank, randomValues(20 + p, count * rank));
  });
  return {
    ...LABELLED(shape),
    kind: "low_rank_weight_backward",
    inputs: [x, dy, low, dLow],
    outputs: [accumulated(inner, randomValues(19, ranks * inner)), ...seconds],
  };
}

const CASES: ReadonlyArray<LowRankShape> = [
  { rows: 1, inner: 4, parts: [[4, 4]] },
  { rows: 65, inner: 68, parts: [[68, 8], [20, 8], [4, 8]], bias: true, scale: 2 },
  { rows: 33, inner: 132, parts: [[16, 0], [8, 4], [132, 4]], format: "int8", residual: true },
  { rows: 70, inner: 36, parts: [[24, 20], [40, 0], [8, 20]], scale: -1.5, format: "bf16" },
  { rows: 9, inner: 260, parts: [[36, 64]], residual: true, scale: 0.5 },
  { rows: 40, inner: 20, parts: [[12, 68], [12, 68]], bias: true },
];

const ofSize = (terms: number, scale = 1) =>
  roundingOf(terms + 4, 2 * terms * Math.max(1, Math.abs(scale)));

const ofForward: OpTolerance = ({ dims: { inner = 0, rank0 = 0, rank1 = 0, rank2 = 0, scale } }) =>
  ofSize(inner + Math.max(rank0, rank1, rank2), scale);

kernelMatches(
  "linear_low_rank_forward is the plain loop for parts and ranks that do not divide its tiles",
  CASES.map(forwardCase),
  ofForward,
);

kernelMatches(
  "low_rank_input_backward is the plain loop for parts and ranks that do not divide its tiles",
  CASES.map(inputCase),
  ({ dims: { features = 0, scale } }) => ofSize(features, scale),
);

kernelMatches(
  "low_rank_weight_backward adds the plain loop's sums, also over many rows",
  [...CASES, { rows: 4500, inner: 4, parts: [[4, 4], [8, 4]] as const }].map(weightCase),
  ({ dims: { rows = 0, scale } }) => ofSize(rows, scale),
);

/** `linear_input_backward` with the A of adapters, of so high a rank in all. */
function adaptedInputCase(rank: number, shape: Parameters<typeof inputBackwardCase>[0]): OpCase {
  const { rows, inner } = shape;
  const base = inputBackwardCase(shape);
  const [dy, w] = base.inputs;
  const dLow = floats(rank, randomValues(5, rows * rank));
  const first = floats(inner, randomValues(6, rank * inner));
  const dims = { ...base.dims, rank };
  return { ...base, label: `${base.label} rank ${rank}`, dims, inputs: [dy!, w!, dLow, first] };
}

kernelMatches(
  "linear_input_backward adds the gradients of adapters",
  [
    adaptedInputCase(4, { rows: 1, inner: 4, features: 4 }),
    adaptedInputCase(48, { rows: 65, inner: 68, features: 132, accumulate: true }),
    adaptedInputCase(68, { rows: 40, inner: 20, features: 36, scale: 2, format: "int4" }),
  ],
  ({ dims: { features = 0, rank = 0 } }) => ofSize(features + rank, 2),
);

/** The same by a product for the base and one for B of each part. */
const apart = Effect.fnUntraced(
  function* (fresh: Parameters<typeof runOp>[0], shape: LowRankShape) {
    const { rows, inner, parts, scale = 1, ...options } = shape;
    const { features, ranks } = sizesOf(shape);
    const base = linearCase({ rows, inner, features, ...options });
    const { low, seconds } = tensorsOf(shape);
    const first = yield* runOp(fresh, base);
    let y = Float32Array.from(first[0]!).subarray(0, rows * features);
    let [outColumn, inColumn] = [0, 0];
    for (const [p, [count, rank]] of parts.entries()) {
      if (rank > 0) {
        const windows = { inStride: ranks, inColumn, outCols: features, outColumn };
        const sizes = { inner: rank, features: count, hasBias: 0, hasResidual: 0, accumulate: 1 };
        const added = yield* runOp(fresh, {
          ...base,
          dims: { ...base.dims, ...windows, ...sizes, scale },
          inputs: [low, seconds[p]!, low, low, low],
          outputs: [accumulated(features, y)],
        });
        y = Float32Array.from(added[0]!).subarray(0, rows * features);
      }
      outColumn += count;
      inColumn += rank;
    }
    return y;
  },
);

onTiles(
  "linear_low_rank_forward has the bits of a product for each factor",
  (engine) =>
    Effect.gen(function* () {
      for (const shape of CASES) {
        const opCase = forwardCase(shape);
        const [found] = yield* runOp(engine.fresh(), opCase);
        const want = yield* apart(engine.fresh(), shape);
        assertSameBits([found!.subarray(0, want.length)], [want], opCase.label);
      }
    }),
);
