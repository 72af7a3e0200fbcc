import type { Builder } from "./builder.ts";
import { linear, linearWeightBackward, transpose, vocabularySpans, vocabularyTile } from "./ops.ts";
import { type Extent, spansOf, type Tensor } from "./plan.ts";

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

function forward(b: Builder, head: HeadTensors, logits: Tensor | null): Tensor {
  const rows = head.x.rows;
  const statistics = b.scratch("head_statistics", rows, 4);
  const kept = logits ?? b.scratch("no_logits", 1, 4);
  for (const span of spansOf(head.weight)) {
    b.push({
      kind: "head_forward",
      inputs: [head.x, { ...head.weight, span }, head.targets],
      outputs: [statistics, kept],
      dims: {
        ...headDims(head),
        ...{ stride: kept.cols, first: span.first, tokens: span.count },
        keep: logits === null ? 0 : 1,
      },
    });
  }
  const result = b.tensor("head", rows, 4, { role: "output" });
  b.push({ kind: "head_finish", inputs: [statistics], outputs: [result], dims: { rows } });
  return result;
}

function headDims({ x, weight, inverseTemperature }: HeadTensors) {
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
  gradients: {
    readonly dHead: Tensor;
    readonly dx: Tensor | null;
    readonly dWeight: Tensor | null;
  },
): void {
  const stride = vocabularyTile(vocabularyOf(head.weight));
  const tile = b.scratch("d_logits_tile", head.x.rows, stride);
  for (const span of vocabularySpans(head.weight)) {
    const { first, count: features } = span;
    const weight = { ...head.weight, span };
    const { inner: _, ...ofLogits } = headDims(head);
    b.push(
      logits === null
        ? {
          kind: "head_backward",
          inputs: [head.x, weight, head.targets, result, gradients.dHead],
          outputs: [tile],
          dims: { ...headDims(head), stride, first },
        }
        : {
          kind: "logits_backward",
          inputs: [logits, head.targets, result, gradients.dHead],
          outputs: [tile],
          dims: { ...ofLogits, stride },
        },
    );
    if (gradients.dx !== null) {
      const turned = b.scratch("head_weight_transposed", head.weight.cols, stride);
      transpose(b, head.weight, span, turned);
      linear(b, tile, turned, { target: gradients.dx, accumulate: first > 0 });
    }
    if (gradients.dWeight !== null) {
      linearWeightBackward(b, head.x, tile, gradients.dWeight, { weightRow: first, features });
    }
  }
}

function vocabularyOf(weight: Tensor): number {
  return weight.rows as number; // weights have fixed rows
}
