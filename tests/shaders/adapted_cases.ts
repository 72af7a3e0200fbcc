import type { Format } from "../../src/model/formats.ts";
import { floats, type OpCase } from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";
import { linearCase, type LinearShape } from "./linear_cases.ts";

/** A product whose parts have so many features, and adapters of so high a rank; 0 is none. */
export interface AdaptedShape
  extends Pick<LinearShape, "rows" | "inner" | "bias" | "residual" | "from"> {
  readonly parts: ReadonlyArray<readonly [features: number, rank: number]>;
  readonly scale?: number;
  readonly format?: Format;
}

/** The product without adapters, and both factors of each part. */
export function factorsOf(shape: AdaptedShape) {
  const { parts, scale: _, ...plain } = shape;
  const features = parts.reduce((sum, [count]) => sum + count, 0);
  const ranks = parts.reduce((sum, [, rank]) => sum + rank, 0);
  const base = linearCase({ ...plain, features });
  const first = floats(shape.inner, randomValues(7, Math.max(4, ranks) * shape.inner));
  const seconds = parts.map(([count, rank], p) =>
    rank === 0 ? first : floats(rank, randomValues(8 + p, count * rank))
  );
  return { base, first, seconds };
}

/** `linear_adapted_forward` on random numbers up to 1. */
export function adaptedCase(shape: AdaptedShape): OpCase {
  const { base, first, seconds } = factorsOf(shape);
  const [second0 = first, second1 = first, second2 = first] = seconds;
  const { rows, inner, features, hasBias, hasResidual, from, eps } = base.dims;
  const sizes = [0, 1, 2].flatMap((p) => {
    const [count = 0, rank = 0] = shape.parts[p] ?? [];
    return [[`features${p}`, count], [`rank${p}`, rank]] as const;
  });
  return {
    label: JSON.stringify(shape),
    kind: "linear_adapted_forward",
    dims: {
      ...Object.fromEntries(sizes),
      ...{ rows, inner, features, hasBias, hasResidual, from, eps } as Record<string, number>,
      scale: shape.scale ?? 1,
    },
    inputs: [...base.inputs, first, second0, second1, second2],
    outputs: base.outputs,
  };
}
