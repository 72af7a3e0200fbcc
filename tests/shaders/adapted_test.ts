import { Effect } from "effect";
import type { Engine } from "../../src/model/engine.ts";
import { onTiles } from "../support/engines.ts";
import {
  accumulated,
  assertSameBits,
  floats,
  kernelMatches,
  type OpTolerance,
  overwritten,
  roundingOf,
  runOp,
} from "../support/op_cases.ts";
import { adaptedCase, type AdaptedShape, factorsOf } from "./adapted_cases.ts";

const CASES: ReadonlyArray<AdaptedShape> = [
  { rows: 1, inner: 4, parts: [[1, 4]] },
  { rows: 2, inner: 68, parts: [[9, 8], [20, 8], [3, 8]], bias: true, from: "norm", scale: 2 },
  { rows: 3, inner: 132, parts: [[17, 0], [8, 4], [20, 4]], format: "int8", from: "norm" },
  { rows: 9, inner: 1100, parts: [[24, 16], [40, 0], [8, 16]], bias: true, format: "bf16" },
  { rows: 17, inner: 260, parts: [[33, 64]], residual: true, from: "swiglu", scale: 0.5 },
  { rows: 5, inner: 20, parts: [[12, 36], [12, 36]], format: "nf4", scale: -1.5 },
  // So many features that a workgroup owns several blocks of them.
  { rows: 1, inner: 1024, parts: [[4100, 4], [6100, 4]] },
];

// u has numbers of up to `scale inner`, and there are `rank` of them.
const ofBoth: OpTolerance = ({ dims }) => {
  const { inner = 0, scale = 1, rank0 = 0, rank1 = 0, rank2 = 0 } = dims;
  const rank = Math.max(rank0, rank1, rank2);
  return roundingOf(inner + rank + 4, 2 * inner * (1 + rank * Math.abs(scale)));
};

kernelMatches(
  "linear_adapted_forward is the plain loop for any few rows, parts and ranks",
  CASES.map(adaptedCase),
  ofBoth,
);

/** The same by a product for the base, one for A of all parts and one for B of each. */
const apart = Effect.fnUntraced(function* (engine: () => Engine, shape: AdaptedShape) {
  const { base, first, seconds } = factorsOf(shape);
  const { rows } = shape;
  const features = base.dims["features"]!;
  const ranks = shape.parts.reduce((sum, [, rank]) => sum + rank, 0);
  const plain = { hasBias: 0, hasResidual: 0 };
  const [whole] = yield* runOp(engine(), base);
  const low = { ...base.dims, ...plain, features: ranks, outCols: ranks };
  const [x, , , , norm] = base.inputs;
  const [lows] = yield* runOp(engine(), {
    ...base,
    dims: low,
    inputs: [x!, first, x!, x!, norm!],
    outputs: [overwritten(rows, ranks)],
  });
  const u = floats(ranks, Float32Array.from(lows!).subarray(0, rows * ranks));
  let y = Float32Array.from(whole!).subarray(0, rows * features);
  let [outColumn, inColumn] = [0, 0];
  for (const [p, [count, rank]] of shape.parts.entries()) {
    const windows = { inStride: ranks, inColumn, outCols: features, outColumn };
    const sizes = {
      rows,
      inner: rank,
      features: count,
      accumulate: 1,
      from: 0,
      scale: shape.scale ?? 1,
    };
    if (rank > 0) {
      const [added] = yield* runOp(engine(), {
        ...base,
        dims: { ...base.dims, ...plain, ...sizes, ...windows },
        inputs: [u, seconds[p]!, u, u, u],
        outputs: [accumulated(features, y)],
      });
      y = Float32Array.from(added!).subarray(0, rows * features);
    }
    outColumn += count;
    inColumn += rank;
  }
  return y;
});

onTiles(
  "linear_adapted_forward has the bits of a product for each factor",
  (engine) =>
    Effect.gen(function* () {
      for (const shape of CASES) {
        const opCase = adaptedCase(shape);
        const [found] = yield* runOp(engine.fresh(), opCase);
        const want = yield* apart(engine.fresh, shape);
        assertSameBits([found!.subarray(0, want.length)], [want], opCase.label);
      }
    }),
);
