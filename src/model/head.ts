import type { Builder } from "./builder.ts";
import { linear, transpose, vocabularySpans, vocabularyTile, windowsOf } from "./ops.ts";
import { type Extent, spansOf, type Tensor } from "./plan.ts";

/**
 * The head: log-prob of a target and entropy of softmax(x W^T / temperature), row by row, without a tensor as wide
 * as the vocabulary. Logits are made strip by strip and never stored; (max, sum, weighted sum) are carried along
 * (online softmax), and the backward pass makes them again to store a tile of their gradients.
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

/** (R,4) per row: log-prob of the target, entropy, log of the softmax denominator, unused. */
export function headForward(b: Builder, head: HeadTensors): Tensor {
  const rows = head.x.rows;
  const statistics = b.scratch("head_statistics", rows, 4);
  for (const span of spansOf(head.weight)) {
    b.push({
      kind: "head_forward",
      inputs: [head.x, { ...head.weight, span }, head.targets],
      outputs: [statistics],
      dims: { ...headDims(head), first: span.first, tokens: span.count },
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
  gradients: {
    readonly result: Tensor;
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
    b.push({
      kind: "head_backward",
      inputs: [head.x, weight, head.targets, gradients.result, gradients.dHead],
      outputs: [tile],
      dims: { ...headDims(head), stride, first },
    });
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

/** dW[f,k] += scale sum_n dy[n,f] x[n,k] for the weight rows given; x and dy may be windows. */
export function linearWeightBackward(
  b: Builder,
  x: Tensor,
  dy: Tensor,
  dWeight: Tensor,
  window: { readonly weightRow: number; readonly features: number; readonly scale?: number },
): void {
  b.push({
    kind: "linear_weight_backward",
    inputs: [x, dy],
    outputs: [dWeight],
    dims: {
      rows: x.rows,
      inner: dWeight.cols,
      features: window.features,
      ...windowsOf(x, dy),
      weightRow: window.weightRow,
      scale: window.scale ?? 1,
    },
  });
}
