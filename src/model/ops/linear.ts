import type { Builder } from "../builder.ts";
import {
  columnsOf,
  type Extent,
  type Span,
  spansOf,
  type Tensor,
  wholeOf,
  windowOf,
} from "../plan.ts";
import { defineOp, LOOP_ROWS } from "./op.ts";

const WINDOWS = ["inStride", "inColumn", "outCols", "outColumn"] as const;
const PRODUCT = ["rows", "inner", "features", "weightRow", "scale", ...WINDOWS] as const;

/** Ops of products with weights. */
export const LINEAR = {
  /** y[n,f] (+)= scale (sum_k a[n,k] w[weightRow+f,k] + bias[weightRow+f]) + residual[n,f]; a is x, its norm or its gates */
  linear_forward: defineOp(
    {
      inputs: ["x", "w", "bias", "residual", "norm"],
      outputs: ["y"],
      dims: [...PRODUCT, "hasBias", "hasResidual", "accumulate", "from", "eps"],
    },
    { takesWindows: true, goesByRow: true },
    (b, { tensors: { x, w, bias, residual, y }, dims, d }, gradients) => {
      const { features, scale, weightRow } = dims;
      if (dims.from !== 0) throw new Error("A product of a norm or of gates has no gradient");
      gradients.contribute(w, (target) => {
        linearWeightBackward(b, x, d, target, { weightRow, features, scale });
      });
      if (dims.hasBias === 1) {
        gradients.contribute(bias, (dBias) => {
          b.push("column_sum_backward", { dy: d, dBias }, { rows: d.rows, cols: features });
        });
      }
      gradients.contribute(x, (target, { accumulate }) => {
        if (gradients.fewDispatches) {
          const span = w.span ?? allOf(w);
          linearInputBackward(b, d, { ...w, span }, target, { accumulate, scale });
        } else {
          linear(b, d, transposed(b, w), { target, accumulate, scale });
        }
      });
      // The residual shares the gradient of the sum without a copy. Ops that add to it later come before this op in
      // the forward list, so they run after it here.
      if (dims.hasResidual === 1) gradients.share(residual, gradients.of(wholeOf(y))!);
    },
  ),
  /** dx[n,k] (+)= scale sum_f dy[n,f] w[weightRow+f,k] + sum_r dLow[n,r] first[r,k] */
  linear_input_backward: defineOp(
    {
      inputs: ["dy", "w", "dLow", "first"],
      outputs: ["dx"],
      dims: [...PRODUCT, "accumulate", "rank"],
    },
    { takesWindows: true, goesByRow: true },
  ),
  /** dWeight[weightRow+f,k] += scale sum_n dy[n,f] x[n,k] */
  linear_weight_backward: defineOp(
    { inputs: ["x", "dy"], outputs: ["dWeight"], dims: PRODUCT },
    { takesWindows: true, goesByRow: true },
  ),
  /** dBias[c] += sum_n dy[n,c] */
  column_sum_backward: defineOp(
    { inputs: ["dy"], outputs: ["dBias"], dims: ["rows", "cols"] },
    { goesByRow: true, mostRows: LOOP_ROWS },
  ),
  /** y[k,f] = w[weightRow+f,k] for f < rows, 0 up to outCols */
  transpose_forward: defineOp(
    { inputs: ["w"], outputs: ["y"], dims: ["rows", "cols", "weightRow", "outCols"] },
  ),
};

/** A product of x itself, of its RMS norm, or of silu(gate) up, x = [gate | up]. */
export type LinearInput =
  | { readonly _tag: "Norm"; readonly weight: Tensor; readonly eps: number }
  | { readonly _tag: "SwiGlu" };

/** Options of `linear`. `target` is written instead of a new tensor; `accumulate` adds to what it holds. */
export interface LinearOptions {
  readonly bias?: Tensor | undefined;
  /** (N,F) added to the product. */
  readonly residual?: Tensor | undefined;
  /** What the sum is multiplied by. @default {1} */
  readonly scale?: Extent;
  /** What is applied to x first, with the bits of `rmsnorm` or `swiglu`. Such a product has no gradient. */
  readonly from?: LinearInput | undefined;
  readonly target?: Tensor;
  readonly accumulate?: boolean;
}

/** y[n,f] = scale (sum_k x[n,k] W[f,k] + bias[f]) + residual[n,f]   x (N,K)  W (F,K)  y (N,F); x and y may be windows */
export function linear(b: Builder, x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const spans = spansOf(weight);
  const y = options.target ?? b.scratch("linear", x.rows, weight.rows as number); // spansOf asks for a number
  const { tensors, dims } = inputOf(x, options);
  for (const span of spans) {
    const part = spans.length === 1 ? y : partOf(y, span);
    b.push("linear_forward", { x, w: { ...weight, span }, ...tensors, y: part }, {
      rows: x.rows,
      inner: weight.cols,
      features: span.count,
      ...windowsOf(x, part),
      weightRow: span.first,
      accumulate: options.accumulate === true ? 1 : 0,
      scale: options.scale ?? 1,
      ...dims,
    });
  }
  return y;
}

/** What a product reads beside x and the weight; x stands for what it does not read. */
export function inputOf(
  x: Tensor,
  { bias, residual, from }: Pick<LinearOptions, "bias" | "residual" | "from">,
) {
  const norm = from?._tag === "Norm" ? from : { weight: x, eps: 0 };
  return {
    tensors: { bias: bias ?? x, residual: residual ?? x, norm: norm.weight },
    dims: {
      hasBias: bias === undefined ? 0 : 1,
      hasResidual: residual === undefined ? 0 : 1,
      from: from === undefined ? 0 : from._tag === "Norm" ? 1 : 2,
      eps: norm.eps,
    },
  };
}

/** The columns of a product that come from a stretch of the weight's rows. */
function partOf(y: Tensor, { first, count }: Span): Tensor {
  const { column, stride } = windowOf(y);
  return columnsOf({ ...y, cols: stride }, column + first, count);
}

/** The columns that a product reads and writes. */
function windowsOf(x: Tensor, y: Tensor) {
  const { stride: inStride, column: inColumn } = windowOf(x);
  const { stride: outCols, column: outColumn } = windowOf(y);
  return { inStride, inColumn, outCols, outColumn };
}

/** dW[f,k] += scale sum_n dy[n,f] x[n,k] for the weight rows given; x and dy may be windows. */
export function linearWeightBackward(
  b: Builder,
  x: Tensor,
  dy: Tensor,
  dWeight: Tensor,
  window: { readonly weightRow: Extent; readonly features: Extent; readonly scale?: Extent },
): void {
  const { weightRow, features, scale = 1 } = window;
  const sizes = { rows: x.rows, inner: dWeight.cols, features, weightRow, scale };
  b.push("linear_weight_backward", { x, dy, dWeight }, { ...sizes, ...windowsOf(x, dy) });
}

/** How a gradient is written: `adapters` are the gradient of x Aᵀ (N, ranks) and A (ranks, K), which add dLow A. */
export interface InputBackwardOptions {
  readonly accumulate: boolean;
  /** @default {1} */
  readonly scale?: Extent;
  readonly adapters?: Readonly<Record<"dLow" | "first", Tensor>>;
}

/** target[n,k] (+)= scale sum_f dy[n,f] W[first+f,k] for the weight's span; dy and target may be windows. */
export function linearInputBackward(
  b: Builder,
  dy: Tensor,
  weight: Tensor & { readonly span: Span },
  target: Tensor,
  { accumulate, scale = 1, adapters }: InputBackwardOptions,
): void {
  const { first: weightRow, count: features } = weight.span;
  const sizes = { rows: dy.rows, inner: weight.cols, features, weightRow, scale };
  // dy stands for what is not read.
  const { dLow, first } = adapters ?? { dLow: dy, first: dy };
  b.push("linear_input_backward", { dy, w: weight, dLow, first, dx: target }, {
    ...sizes,
    rank: adapters === undefined ? 0 : dLow.cols,
    ...windowsOf(target, dy),
    accumulate: accumulate ? 1 : 0,
  });
}

/** target[k,f] = W[first+f,k] for a stretch of rows, 0 past it; target (K, at least count) */
export function transpose(b: Builder, weight: Tensor, span: Span, target: Tensor): Tensor {
  const { first, count } = span;
  const dims = { rows: count, cols: weight.cols, weightRow: first, outCols: target.cols };
  b.push("transpose_forward", { w: { ...weight, span }, y: target }, dims);
  return target;
}

/** The span of all rows of a weight. */
export function allOf({ rows }: Tensor): Span {
  return { first: 0, count: rows as number }; // weights have fixed rows
}

/** Wᵀ of the rows that an op reads, (K, F), made once for a list. */
function transposed(b: Builder, weight: Tensor): Tensor {
  const span = weight.span ?? allOf(weight);
  const name = `${weight.name} from ${span.first} transposed`;
  return b.find(name) ?? transpose(b, weight, span, b.tensor(name, weight.cols, span.count));
}
