import type { Builder } from "../builder.ts";
import type { Gradients } from "../backward.ts";
import { type Extent, spansOf, type Tensor } from "../plan.ts";
import { allOf, inputOf, linear, linearInputBackward, type LinearOptions } from "./linear.ts";
import { BY_ROW, defineOp } from "./op.ts";

const PARTS = ["features0", "features1", "features2", "rank0", "rank1", "rank2"] as const;

/** Ops of products with weights whose parts have adapters. */
export const ADAPTED = {
  /** y[n,f] = sum_k a[n,k] w[f,k] + bias[f] + residual[n,f] + scale sum_r u[n,r] second_p[f,r]; u = a first_pᵀ, p the part of f */
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
  /** The same for low = x firstᵀ that is kept, of which a part reads `rank` columns: a product that has a gradient. */
  linear_low_rank_forward: defineOp(
    {
      inputs: ["x", "w", "bias", "residual", "low", "second0", "second1", "second2"],
      // Only the backward pass reads A.
      optional: ["first"],
      outputs: ["y"],
      dims: ["rows", "inner", "features", "scale", "hasBias", "hasResidual", ...PARTS],
    },
    BY_ROW,
    (b, { tensors, dims, d: dy }, gradients) => {
      const { x, w, residual, low, second0, second1, second2, first } = tensors;
      if (first === undefined) throw new Error("A product with adapters has no gradient without A");
      const dLow = b.scratch("d_low", low.rows, low.cols);
      b.push("low_rank_input_backward", { dy, second0, second1, second2, dLow }, dims);
      b.push("low_rank_weight_backward", {
        ...{ x, dy, low, dLow },
        dFirst: gradientOf(b, gradients, first, low.cols),
        dSecond0: gradientOf(b, gradients, second0, dims.rank0),
        dSecond1: gradientOf(b, gradients, second1, dims.rank1),
        dSecond2: gradientOf(b, gradients, second2, dims.rank2),
      }, dims);
      // W and its bias are frozen.
      const weight = { ...w, span: allOf(w) };
      gradients.contribute(x, (target, { accumulate }) => {
        const adapters = { dLow, first };
        linearInputBackward(b, dy, weight, target, { accumulate, adapters });
      });
      // As in linear_forward.
      if (dims.hasResidual === 1) gradients.share(residual, dy);
    },
  ),
  /** dLow[n,r] = scale sum_f dy[n,f] second_p[f,r], p the part of r */
  low_rank_input_backward: defineOp({
    inputs: ["dy", "second0", "second1", "second2"],
    outputs: ["dLow"],
    dims: ["rows", "features", "scale", ...PARTS],
  }, BY_ROW),
  /** dFirst[r,k] += sum_n dLow[n,r] x[n,k], dSecond_p[f,r] += scale sum_n dy[n,f] low[n,r] */
  low_rank_weight_backward: defineOp({
    inputs: ["x", "dy", "low", "dLow"],
    outputs: ["dFirst", "dSecond0", "dSecond1", "dSecond2"],
    dims: ["rows", "inner", "features", "scale", ...PARTS],
  }, BY_ROW),
};

/** What the gradient of a factor is added to; of a part without an adapter, memory that is left alone. */
function gradientOf(b: Builder, gradients: Gradients, factor: Tensor, rank: Extent): Tensor {
  if (rank === 0) return b.scratch("no_gradient", 1, 4);
  let found: Tensor | undefined;
  gradients.contribute(factor, (target) => {
    found = target;
  });
  if (found === undefined) throw new Error(`The factor ${factor.name} must be trained with others`);
  return found;
}

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

/** B of three parts, and their sizes. A stands for a part without an adapter. */
function partsOf({ first, parts }: Adapted) {
  const secondOf = (p: number) => parts[p]?.second ?? first;
  const featuresOf = (p: number) => parts[p]?.features ?? 0;
  const rankOf = (p: number) => parts[p]?.second?.cols ?? 0;
  return {
    seconds: { second0: secondOf(0), second1: secondOf(1), second2: secondOf(2) },
    sizes: {
      ...{ features0: featuresOf(0), features1: featuresOf(1), features2: featuresOf(2) },
      ...{ rank0: rankOf(0), rank1: rankOf(1), rank2: rankOf(2) },
    },
  };
}

/** `linear` of x and a weight, with s (a A_pᵀ) B_pᵀ added to each part p that has an adapter. It has no gradient. */
export function adaptedLinear(
  b: Builder,
  x: Tensor,
  adapted: Adapted,
  options: Pick<LinearOptions, "bias" | "residual" | "from">,
): Tensor {
  const { weight, first, scale } = adapted;
  const y = b.scratch("adapted", x.rows, weight.rows as number); // weights have fixed rows
  const { tensors, dims } = inputOf(x, options);
  const { seconds, sizes } = partsOf(adapted);
  b.push("linear_adapted_forward", { x, w: weight, ...tensors, first, ...seconds, y }, {
    rows: x.rows,
    inner: weight.cols,
    features: y.cols,
    scale,
    ...dims,
    ...sizes,
  });
  return y;
}

/** The same of many rows, as two ops, with a gradient. */
export function lowRankLinear(
  b: Builder,
  x: Tensor,
  adapted: Adapted,
  options: Pick<LinearOptions, "bias" | "residual">,
): Tensor {
  const { weight, first, scale } = adapted;
  const low = linear(b, x, first);
  const y = b.scratch("adapted", x.rows, weight.rows as number); // weights have fixed rows
  const { tensors: { bias, residual }, dims: { hasBias, hasResidual } } = inputOf(x, options);
  const { seconds, sizes } = partsOf(adapted);
  const read = { x, w: weight, bias, residual, low, ...seconds, first };
  b.push("linear_low_rank_forward", { ...read, y }, {
    rows: x.rows,
    inner: weight.cols,
    features: y.cols,
    scale,
    hasBias,
    hasResidual,
    ...sizes,
  });
  return y;
}
