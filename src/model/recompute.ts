/**
 * Activations that are computed again instead of kept (Chen et al., arXiv 1604.06174): of each layer only its input
 * stays from the forward pass to the backward pass, where the layer is run once more.
 */
import type { RECOMPUTES } from "../domain/recipe.ts";
import type { Builder } from "./builder.ts";
import type { Op, Tensor } from "./plan.ts";

/** What is kept between the passes: everything, or the input of each layer. */
export type Recompute = typeof RECOMPUTES[number];

/** The name of a tensor that is computed again. */
export function againName(tensor: string): string {
  return `${tensor} again`;
}

/**
 * Appends the ops of a layer once more, on tensors of their own, up to the ops that make `output`, which is still there.
 * Returns the whole layer as the backward pass is to see it.
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
