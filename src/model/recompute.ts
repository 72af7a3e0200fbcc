/**
 * Recomputes activations instead of keeping them (Chen et al., arXiv 1604.06174). Of each layer only the input is kept
 * until the backward pass, which runs the layer once more.
 */
import type { RECOMPUTES } from "../domain/recipe.ts";
import type { Builder } from "./builder.ts";
import type { Op, Tensor } from "./plan.ts";

/** What is kept between the passes: everything, or the input of each layer. */
export type Recompute = typeof RECOMPUTES[number];

/** The name of the recomputed copy of a tensor. */
export function againName(tensor: string): string {
  return `${tensor} again`;
}

/**
 * Appends the ops of a layer once more, on tensors of their own, except those that make `output`, which still exists.
 * Returns all ops of the layer, on the tensors that the backward pass reads.
 */
export function repeatLayer(
  b: Builder,
  layer: ReadonlyArray<Op>,
  output: Tensor,
): ReadonlyArray<Op> {
  const made = new Set(layer.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  made.delete(output.name);
  const again = (tensor: Tensor): Tensor =>
    made.has(tensor.name) ? { ...tensor, name: againName(tensor.name) } : tensor;
  const repeated = layer.map((op): Op => ({
    ...op,
    inputs: op.inputs.map(again),
    outputs: op.outputs.map(again),
  }));
  for (const op of repeated) {
    if (op.outputs.every(({ name }) => name !== output.name)) b.append(op);
  }
  return repeated;
}
