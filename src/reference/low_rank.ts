/** Products with adapters: y = x Wᵀ + s (x Aᵀ) Bᵀ, with an A and a B for each part of the features. */
import { linearForward, linearWeightBackward } from "./dense.ts";
import type { PlainLoop, Values } from "./loop.ts";

/** Features and ranks of three parts. */
type Sizes = Readonly<
  Record<"features0" | "features1" | "features2" | "rank0" | "rank1" | "rank2", number>
>;

/** The parts in order: their features and ranks, and how many come before them. */
function partsOf(d: Sizes) {
  const [features, ranks] = [[d.features0, d.features1, d.features2], [d.rank0, d.rank1, d.rank2]];
  const before = (counts: ReadonlyArray<number>, part: number) =>
    counts.slice(0, part).reduce((sum, count) => sum + count, 0);
  return features.map((count, part) => ({
    features: count,
    rank: ranks[part]!,
    column: before(features, part),
    factor: before(ranks, part),
  }));
}

const ranksOf = (d: Sizes) => d.rank0 + d.rank1 + d.rank2;

/** Sizes of a product of whole tensors with neither bias nor residual. */
const PLAIN = {
  ...{ hasBias: 0, hasResidual: 0, accumulate: 0, from: 0, eps: 0, scale: 1 },
  ...{ weightRow: 0, inColumn: 0, outColumn: 0 },
};

/** y[n,f] = sum_k a[n,k] w[f,k] + bias[f] + residual[n,f] + scale sum_r u[n,r] B_p[f,r], u = a A_pᵀ, for the part p of f */
export const linearAdaptedForward: PlainLoop<"linear_adapted_forward"> = (tensors, d) => {
  const { x, norm, first } = tensors;
  const { rows, inner, from, eps } = d;
  const ranks = ranksOf(d);
  const low = new Float64Array(rows * ranks);
  const inStride = from === 2 ? 2 * inner : inner;
  const sizes = { rows, inner, features: ranks, inStride, outCols: ranks, from, eps };
  const unread = { bias: x, residual: x, norm };
  linearForward({ x, w: first, ...unread, y: low }, { ...PLAIN, ...sizes });
  addProducts({ ...tensors, low }, { ...d, inStride });
};

/** The same for low = x firstᵀ that is given. */
export const linearLowRankForward: PlainLoop<"linear_low_rank_forward"> = (tensors, d) => {
  addProducts({ ...tensors, norm: tensors.x }, { ...d, inStride: d.inner, from: 0, eps: 0 });
};

type Seconds = Readonly<Record<"second0" | "second1" | "second2", Values>>;

const secondsOf = ({ second0, second1, second2 }: Seconds) => [second0, second1, second2];

/** y = a Wᵀ + bias + residual + scale low Bᵀ */
function addProducts(
  tensors:
    & Readonly<Record<"x" | "w" | "bias" | "residual" | "norm" | "low" | "y", Values>>
    & Seconds,
  d:
    & Sizes
    & Readonly<Record<"rows" | "inner" | "features" | "scale" | "inStride", number>>
    & Readonly<Record<"hasBias" | "hasResidual" | "from" | "eps", number>>,
): void {
  const { low, y } = tensors;
  const { rows, inner, features, scale, hasBias, hasResidual, inStride, from, eps } = d;
  const base = { rows, inner, features, inStride, outCols: features, from, eps };
  linearForward(tensors, { ...PLAIN, ...base, hasBias, hasResidual });
  const unread = { bias: low, residual: low, norm: low };
  for (const [p, part] of partsOf(d).entries()) {
    const windows = { inStride: ranksOf(d), inColumn: part.factor, outColumn: part.column };
    const sizes = { rows, inner: part.rank, features: part.features, outCols: features };
    const added = { ...PLAIN, ...sizes, ...windows, scale, accumulate: 1 };
    linearForward({ x: low, w: secondsOf(tensors)[p]!, ...unread, y }, added);
  }
}

/** dLow[n,r] = scale sum_f dy[n,f] B_p[f,r], p the part of r */
export const lowRankInputBackward: PlainLoop<"low_rank_input_backward"> = (tensors, d) => {
  const { dy, dLow } = tensors;
  const ranks = ranksOf(d);
  for (const [p, { features, rank, column, factor }] of partsOf(d).entries()) {
    const second = secondsOf(tensors)[p]!;
    for (let n = 0; n < d.rows; n++) {
      for (let r = 0; r < rank; r++) {
        let sum = 0;
        for (let f = 0; f < features; f++) {
          sum += dy[n * d.features + column + f]! * second[f * rank + r]!;
        }
        dLow[n * ranks + factor + r] = d.scale * sum;
      }
    }
  }
};

/** dFirst[r,k] += sum_n dLow[n,r] x[n,k], dSecond_p[f,r] += scale sum_n dy[n,f] low[n,r] */
export const lowRankWeightBackward: PlainLoop<"low_rank_weight_backward"> = (tensors, d) => {
  const { x, dy, low, dLow, dFirst, dSecond0, dSecond1, dSecond2 } = tensors;
  const { rows, inner, scale } = d;
  const ranks = ranksOf(d);
  const sizes = { rows, inner, features: ranks, inStride: inner, outCols: ranks };
  linearWeightBackward({ x, dy: dLow, dWeight: dFirst }, { ...PLAIN, ...sizes });
  for (const [p, { features, rank, column, factor }] of partsOf(d).entries()) {
    const dWeight = [dSecond0, dSecond1, dSecond2][p]!;
    const windows = { inStride: ranks, inColumn: factor, outCols: d.features, outColumn: column };
    const own = { rows, inner: rank, features, scale };
    linearWeightBackward({ x: low, dy, dWeight }, { ...PLAIN, ...own, ...windows });
  }
};
