import type { Builder } from "../builder.ts";
import { type Extent, type Span, spansOf, type Tensor } from "../plan.ts";
import { linear, linearWeightBackward, transpose } from "./linear.ts";
import { BY_ROW, defineOp } from "./op.ts";

const SIZES = ["rows", "inner", "vocabulary", "inverseTemperature"] as const;

/** Ops of the head: log-probs and entropies of the softmax over the vocabulary. */
export const HEAD = {
  /** Carries [max, sum of exp, weighted sum, the target's logit] of each row on by some tokens, from hidden states. */
  head_forward: defineOp({
    inputs: ["x", "w", "targets"],
    outputs: ["statistics", "logits"],
    dims: [...SIZES, "stride", "first", "tokens", "keep"],
  }, BY_ROW),
  /** Carries the same on by a tile of logits. */
  head_statistics: defineOp({
    inputs: ["tile", "targets"],
    outputs: ["statistics"],
    dims: ["rows", "stride", "column", "first", "features", "inverseTemperature"],
  }, BY_ROW),
  /** Log-prob of the target, entropy and log sum, of the statistics of all tokens. */
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

/** Tokens of the vocabulary whose logits are in registers at a time: the most FEATURES that kernels of the head take. */
export const STRIP = 64;

/** Tokens whose logits have gradients in memory at a time, whole strips: no tensor of a batch is as wide as a large vocabulary. */
export function vocabularyTile(vocabulary: number): number {
  const tiles = Math.ceil(vocabulary / (vocabulary <= 8192 ? 640 : 4096));
  return Math.ceil(vocabulary / tiles / STRIP) * STRIP;
}

/** The tiles of a head's weight: stretches of rows, all but the last as long as {@link vocabularyTile} says. */
export function vocabularySpans(weight: Tensor): ReadonlyArray<Span> {
  return spansOf({ ...weight, reach: vocabularyTile(vocabularyOf(weight)) });
}

/**
 * The head: log-prob of a target and entropy of softmax(x W^T / temperature), row by row, without a tensor as wide
 * as a large vocabulary. Logits are made strip by strip and never stored; (max, sum, weighted sum) are carried along
 * (online softmax), and the backward pass makes them again to store a tile of their gradients. Where all of the
 * vocabulary is one tile, logits take no more memory than their gradients and are kept between the passes instead.
 */
export interface HeadTensors {
  /** (R,C) normalised hidden states of the rows that predict something. */
  readonly x: Tensor;
  /** (V,C) */
  readonly weight: Tensor;
  /** (R,1) token each row is asked about. */
  readonly targets: Tensor;
  /** 1 / temperature of the softmax. */
  readonly inverseTemperature: Extent;
}

/** What a backward pass needs of the forward pass. */
export interface HeadResult {
  /** (R,4), see {@link headForward}. */
  readonly result: Tensor;
  /** (R, tile of the vocabulary), null where it is larger than that. */
  readonly logits: Tensor | null;
}

/** {@link headForward} before a backward pass, with the same bits. */
export function headForwardKept(b: Builder, head: HeadTensors): HeadResult {
  const vocabulary = vocabularyOf(head.weight);
  const stride = vocabularyTile(vocabulary);
  if (stride < vocabulary) return { result: headForward(b, head), logits: null };
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
 * Adds to dx and dWeight (null when not trained) what `dHead` (R,2) = [dLoss/dLogProb, dLoss/dEntropy] implies.
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
  const stride = vocabularyTile(vocabularyOf(weight));
  const dLogits = b.scratch("d_logits_tile", x.rows, stride);
  for (const span of vocabularySpans(weight)) {
    const { first, count: features } = span;
    const asked = { targets, result, dHead, dLogits };
    const dims = { ...dimsOf(head), stride, first };
    if (logits === null) b.push("head_backward", { x, w: { ...weight, span }, ...asked }, dims);
    else b.push("logits_backward", { logits, ...asked }, dims);
    if (dx !== null) {
      const turned = b.scratch("head_weight_transposed", weight.cols, stride);
      transpose(b, weight, span, turned);
      linear(b, dLogits, turned, { target: dx, accumulate: first > 0 });
    }
    if (dWeight !== null) {
      linearWeightBackward(b, x, dLogits, dWeight, { weightRow: first, features });
    }
  }
}

function vocabularyOf(weight: Tensor): number {
  return weight.rows as number; // weights have fixed rows
}
