import type { Format } from "../../src/model/formats.ts";
import { floats, type OpCase, overwritten } from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";
import { linearCase } from "./linear_cases.ts";

/** A product whose parts have so many features, and adapters of so high a rank; 0 is none. */
export interface LowRankShape {
  readonly rows: number;
  readonly inner: number;
  readonly parts: ReadonlyArray<readonly [features: number, rank: number]>;
  readonly scale?: number;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly format?: Format;
}

/** Sizes of all three ops. */
export function sizesOf({ rows, inner, parts, scale = 1 }: LowRankShape) {
  const at = (part: number) => parts[part] ?? [0, 0];
  return {
    ...{ rows, inner, scale },
    ...{ features0: at(0)[0], features1: at(1)[0], features2: at(2)[0] },
    ...{ rank0: at(0)[1], rank1: at(1)[1], rank2: at(2)[1] },
    features: at(0)[0] + at(1)[0] + at(2)[0],
    ranks: at(0)[1] + at(1)[1] + at(2)[1],
  };
}

/** Random numbers up to 1 for every tensor that the three ops read. */
export function tensorsOf(shape: LowRankShape) {
  const { rows, inner, features, ranks } = sizesOf(shape);
  const dLow = floats(ranks, randomValues(1, rows * ranks));
  const seconds = [0, 1, 2].map((p) => {
    const [count, rank] = shape.parts[p] ?? [0, 0];
    return rank === 0 ? dLow : floats(rank, randomValues(8 + p, count * rank));
  });
  return {
    x: floats(inner, randomValues(2, rows * inner)),
    dy: floats(features, randomValues(3, rows * features)),
    low: floats(ranks, randomValues(4, rows * ranks)),
    dLow,
    seconds,
  };
}

/** Label and dims of a case. */
export const LABELLED = (shape: LowRankShape) => ({
  label: JSON.stringify(shape),
  dims: sizesOf(shape) as Readonly<Record<string, number>>,
});

/** `linear_low_rank_forward` on random numbers up to 1. */
export function forwardCase(shape: LowRankShape): OpCase {
  const { rows, inner, parts: _, scale: __, ...options } = shape;
  const { features } = sizesOf(shape);
  const base = linearCase({ rows, inner, features, ...options });
  const [x, w, bias, residual] = base.inputs;
  const { low, seconds } = tensorsOf(shape);
  const { hasBias, hasResidual } = base.dims as { hasBias: number; hasResidual: number };
  return {
    ...LABELLED(shape),
    dims: { ...sizesOf(shape), hasBias, hasResidual },
    kind: "linear_low_rank_forward",
    inputs: [x!, w!, bias!, residual!, low, ...seconds],
    outputs: [overwritten(rows, features)],
  };
}
