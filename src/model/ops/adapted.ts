import type { Builder } from "../builder.ts";
import { type Extent, spansOf, type Tensor } from "../plan.ts";
import { inputOf, type LinearOptions } from "./linear.ts";
import { BY_ROW, defineOp } from "./op.ts";

const PARTS = ["features0", "features1", "features2", "rank0", "rank1", "rank2"] as const;

/** Ops of products with weights whose parts have adapters. */
export const ADAPTED = {
  /** y[n,f] = sum_k a[n,k] w[f,k] + bias[f] + residual[n,f] + sum_r u[n,r] second_p[f,r]; u = scale a first_pᵀ, p the part of f */
  linear_adapted_forward: defineOp({
    inputs: [
      ...["x", "w", "bias", "residual", "norm"] as const,
      ...["first", "second0", "second1", "second2"] as const,
    ],
    outputs: ["y"],
    dims: [
      ...["rows", "inner", "features", "scale", "hasBias", "hasResidual", "from", "eps"] as const,
      ...PARTS,
    ],
  }, BY_ROW),
};

/** A part of a stacked weight: its rows, and the second factor of its adapter, or null if it has none. */
export interface AdaptedPart {
  readonly features: number;
  readonly second: Tensor | null;
}

/** Maximum rank of adapters that an op computes with their base: a workgroup holds a row of as many numbers. */
const MOST_FUSED_RANK = 64;

/** Maximum parts of a stacked weight. */
const MOST_PARTS = 3;

/** Whether a product and its adapters can be one op. */
export function fusesWith(weight: Tensor, first: Tensor, parts: ReadonlyArray<AdaptedPart>) {
  return parts.length <= MOST_PARTS && spansOf(weight).length === 1 &&
    spansOf(first).length === 1 &&
    parts.every(({ second }) => (second?.cols ?? 0) <= MOST_FUSED_RANK);
}

/** A product with adapters: of `weight`, A of its parts one below the other, the parts, and s. */
export interface Adapted {
  readonly weight: Tensor;
  readonly first: Tensor;
  readonly parts: ReadonlyArray<AdaptedPart>;
  readonly scale: Extent;
}

/** `linear` of x and a weight, with s (a A_pᵀ) B_pᵀ added to each part p that has an adapter. It has no gradient. */
export function adaptedLinear(
  b: Builder,
  x: Tensor,
  { weight, first, parts, scale }: Adapted,
  options: Pick<LinearOptions, "bias" | "residual" | "from">,
): Tensor {
  const y = b.scratch("adapted", x.rows, weight.rows as number); // weights have fixed rows
  const { tensors, dims } = inputOf(x, options);
  const secondOf = (p: number) => parts[p]?.second ?? first;
  const featuresOf = (p: number) => parts[p]?.features ?? 0;
  const rankOf = (p: number) => parts[p]?.second?.cols ?? 0;
  const seconds = { second0: secondOf(0), second1: secondOf(1), second2: secondOf(2) };
  b.push("linear_adapted_forward", { x, w: weight, ...tensors, first, ...seconds, y }, {
    rows: x.rows,
    inner: weight.cols,
    features: y.cols,
    scale,
    ...dims,
    ...{ features0: featuresOf(0), features1: featuresOf(1), features2: featuresOf(2) },
    ...{ rank0: rankOf(0), rank1: rankOf(1), rank2: rankOf(2) },
  });
  return y;
}
