import type { Builder } from "../builder.ts";
import { type Extent, type Span, SPAN_UNIT, spansOf, type Tensor } from "../plan.ts";
import { linear, linearInputBackward, linearWeightBackward, transpose } from "./linear.ts";
import { BY_ROW, defineOp } from "./op.ts";

const SIZES = ["rows", "inner", "vocabulary", "inverseTemperature"] as const;

/** Ops of the head: log-probs and entropies of the softmax over the vocabulary. */
export const HEAD = {
  /** Updates [max, sum of exp, weighted sum, the target's logit] of each row with some tokens, from hidden states. */
  head_forward: defineOp({
    inputs: ["x", "w", "targets"],
    outputs: ["statistics", "logits"],
    dims: [...SIZES, "stride", "first", "tokens", "keep"],
  }, BY_ROW),
  /** Updates the same statistics with a tile of logits. */
  head_statistics: defineOp({
    inputs: ["tile", "targets"],
    outputs: ["statistics"],
    dims: ["rows", "stride", "column", "first", "features", "inverseTemperature"],
  }, BY_ROW),
  /** Log-prob of the target, entropy and log sum, from the statistics of all tokens. */
  head_finish: defineOp({ inputs: ["statistics"], outputs: ["result"], dims: ["rows"] }, BY_ROW),
  /** Gradients of the logits of some tokens, from hidden states. */
  head_backward: defineOp({
    inputs: ["x", "w", "targets", "result", "dHead"],
    outputs: ["dLogits"],
    dims: [...SIZES, "stride", "first"],
  }, BY_ROW),
  /** The same from logits that were kept. */
  logits_backward: defineOp({
    inputs: ["logits", "targets", "result", "dHead"],
    outputs: ["dLogits"],
    dims: ["rows", "vocabulary", "inverseTemperature", "stride"],
  }, BY_ROW),
};

/** Tokens of the vocabulary whose logits are in registers at a time: the largest FEATURES of the head's kernels. */
export const STRIP = 64;

/** Tokens whose logit gradients are in memory at a time, whole strips: no tensor is as wide as a large vocabulary. */
export function vocabularyTile(vocabulary: number): number {
  const tiles = Math.ceil(vocabulary / (vocabulary <= 8192 ? 640 : 4096));
  return Math.ceil(vocabulary / tiles / STRIP) * STRIP;
}

/** Most tokens of a tile on GPUs: gradients of 2,048 rows fill 128 MiB, which every adapter can bind. */
const MOST_GPU_TILE = 16_384;

/** {@link vocabularyTile} for a head: on GPUs, where dispatches are dear, larger tiles that an op can reach. */
export function headTile({ weight, fewDispatches = false }: HeadTensors): number {
  const vocabulary = vocabularyOf(weight);
  if (!fewDispatches) return vocabularyTile(vocabulary);
  const tiles = Math.ceil(vocabulary / Math.min(MOST_GPU_TILE, weight.reach ?? Infinity));
  const unit = tiles === 1 ? STRIP : SPAN_UNIT;
  return Math.ceil(vocabulary / tiles / unit) * unit;
}

/**
 * The head: log-prob of a target and entropy of softmax(x W^T / temperature), row by row, without a tensor as wide as a
 * large vocabulary. Logits are computed strip by strip and never stored; each strip updates (max, sum, weighted sum)
 * (online softmax). The backward pass computes the logits again and stores one tile of their gradients at a time. If
 * the vocabulary is one tile, logits take no more memory than their gradients and are kept between the passes.
 */
export interface HeadTensors {
  /** (R,C) normalised hidden states of the rows that predict a token. */
  readonly x: Tensor;
  /** (V,C) */
  readonly weight: Tensor;
  /** (R,1) token whose log-prob each row gives. */
  readonly targets: Tensor;
  /** 1 / temperature of the softmax. */
  readonly inverseTemperature: Extent;
  /** Whether it takes few dispatches, for GPUs. @default {false} */
  readonly fewDispatches?: boolean;
}

/** What a backward pass needs of the forward pass. */
export interface HeadResult {
  /** (R,4), see {@link headForward}. */
  readonly result: Tensor;
  /** (R, tile of the vocabulary) logits; null if the vocabulary has several tiles. */
  readonly logits: Tensor | null;
}

/** {@link headForward} that keeps what a backward pass needs, with the same bits. */
export function headForwardKept(b: Builder, head: HeadTensors): HeadResult {
  const stride = headTile(head);
  if (stride < vocabularyOf(head.weight)) return { result: headForward(b, head), logits: null };
  const logits = b.scratch("logits", head.x.rows, stride);
  return { result: forward(b, head, logits), logits };
}

/** (R,4) per row: log-prob of the target, entropy, log of the softmax denominator, unused. */
export function headForward(b: Builder, head: HeadTensors): Tensor {
  return forward(b, head, null);
}

function forward(b: Builder, head: HeadTensors, kept: Tensor | null): Tensor {
  const { x, weight, targets } = head;
  const statistics = b.scratch("head_statistics", x.rows, 4);
  const logits = kept ?? b.scratch("no_logits", 1, 4);
  for (const span of spansOf(weight)) {
    b.push("head_forward", { x, w: { ...weight, span }, targets, statistics, logits }, {
      ...dimsOf(head),
      stride: logits.cols,
      first: span.first,
      tokens: span.count,
      keep: kept === null ? 0 : 1,
    });
  }
  const result = b.tensor("head", x.rows, 4, { role: "output" });
  b.push("head_finish", { statistics, result }, { rows: x.rows });
  return result;
}

function dimsOf({ x, weight, inverseTemperature }: HeadTensors) {
  return { rows: x.rows, inner: x.cols, vocabulary: vocabularyOf(weight), inverseTemperature };
}

/**
 * Writes dx and adds to dWeight (null when not trained), given `dHead` (R,2) = [dLoss/dLogProb, dLoss/dEntropy].
 * dz[v] = (dLogProb (1[v = y] - p[v]) - dEntropy p[v] (log p[v] + H)) / temperature
 */
export function headBackward(
  b: Builder,
  head: HeadTensors,
  { result, logits }: HeadResult,
  { dHead, dx, dWeight }: {
    readonly dHead: Tensor;
    readonly dx: Tensor | null;
    readonly dWeight: Tensor | null;
  },
): void {
  const { x, weight, targets } = head;
  const stride = headTile(head);
  const dLogits = b.scratch("d_logits_tile", x.rows, stride);
  for (const span of spansOf({ ...weight, reach: stride })) {
    const { first, count: features } = span;
    const asked = { targets, result, dHead, dLogits };
    const dims = { ...dimsOf(head), stride, first };
    if (logits === null) b.push("head_backward", { x, w: { ...weight, span }, ...asked }, dims);
    else b.push("logits_backward", { logits, ...asked }, dims);
    if (dx !== null) addInput(b, head, { dLogits, span, dx });
    if (dWeight !== null) {
      linearWeightBackward(b, x, dLogits, dWeight, { weightRow: first, features });
    }
  }
}

/** dx += dLogits W for the tokens of a tile; the first tile overwrites it. */
function addInput(
  b: Builder,
  { weight, fewDispatches }: HeadTensors,
  { dLogits, span, dx }: Record<"dLogits" | "dx", Tensor> & { readonly span: Span },
): void {
  const accumulate = span.first > 0;
  if (fewDispatches === true) {
    return linearInputBackward(b, dLogits, { ...weight, span }, dx, { accumulate });
  }
  const turned = b.scratch("head_weight_transposed", weight.cols, dLogits.cols);
  transpose(b, weight, span, turned);
  linear(b, dLogits, turned, { target: dx, accumulate });
}

function vocabularyOf(weight: Tensor): number {
  return weight.rows as number; // weights have fixed rows
}
