import type { Builder } from "./builder.ts";
import { recordOf } from "./ops/registry.ts";
import { columnsOf, type Op, type Tensor, windowOf } from "./plan.ts";

/**
 * Gradients of the tensors of a forward list. The first contribution to an activation overwrites its gradient; later
 * ones add to it. A contribution to a parameter always adds to the engine's tensor `d <name>`. The gradient of a window
 * of columns is the same window of its matrix's gradient. The windows of a matrix do not overlap and together cover all
 * columns.
 */
export interface Gradients {
  readonly needs: (tensor: Tensor) => boolean;
  readonly of: (tensor: Tensor) => Tensor | undefined;
  /** If the gradient of `tensor` is needed, calls `emit` with the tensor to write it to and whether to add. */
  readonly contribute: (
    tensor: Tensor,
    emit: (target: Tensor, options: { readonly accumulate: boolean }) => void,
  ) => void;
  /** Whether gradients of inputs read weights as they lie, which saves GPUs the dispatches that transpose them. */
  readonly fewDispatches: boolean;
  /** Makes `d` itself the gradient of `tensor`, which must not have another one yet. */
  readonly share: (tensor: Tensor, d: Tensor) => void;
}

/** The name of the gradient of a parameter. */
export function gradientName(parameter: string): string {
  return `d ${parameter}`;
}

/** Names of the tensors of a list that depend on a trainable parameter. */
export function dependents(ops: ReadonlyArray<Op>, trainable: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const op of ops) {
    for (const input of op.inputs) {
      if (input.role === "weight" && trainable.has(input.name)) found.add(input.name);
    }
    if (op.inputs.some((input) => found.has(input.name))) {
      for (const output of op.outputs) found.add(output.name);
    }
  }
  return found;
}

/** Gradient bookkeeping for one forward list. */
export function createGradients(
  b: Builder,
  needed: ReadonlySet<string>,
  fewDispatches = false,
): Gradients {
  /** Gradients of whole matrices; `written` names the windows of them that were written. */
  const gradients = new Map<string, Tensor>();
  const written = new Set<string>();
  const needs = (tensor: Tensor) => needed.has(tensor.name);
  const columns = (tensor: Tensor) => `${tensor.name} ${windowOf(tensor).column}`;
  const of = (tensor: Tensor) => {
    const whole = gradients.get(tensor.name);
    if (whole === undefined || tensor.window === undefined) return whole;
    return columnsOf(whole, tensor.window.column, tensor.cols);
  };
  return {
    needs,
    of,
    fewDispatches,
    contribute: (tensor, emit) => {
      if (!needs(tensor)) return;
      if (tensor.role === "weight") {
        const name = gradientName(tensor.name);
        const target = b.tensor(name, tensor.rows, tensor.cols, { role: "gradient" });
        return emit(target, { accumulate: true });
      }
      if (!gradients.has(tensor.name)) {
        const made = b.scratch(`d_${tensor.name}`, tensor.rows, windowOf(tensor).stride);
        gradients.set(tensor.name, made);
      }
      const accumulate = written.has(columns(tensor));
      written.add(columns(tensor));
      emit(of(tensor)!, { accumulate });
    },
    share: (tensor, d) => {
      if (!needs(tensor)) return;
      const known = gradients.get(tensor.name);
      if (known !== undefined && known.name !== d.name) {
        throw new Error(`${tensor.name} is used after the op that hands its gradient on`);
      }
      gradients.set(tensor.name, d);
      written.add(columns(tensor));
    },
  };
}

/** Appends the ops that carry gradients from the outputs of `forward` to its trainable parameters. */
export function deriveBackward(
  b: Builder,
  forward: ReadonlyArray<Op>,
  gradients: Gradients,
): void {
  for (const op of forward.toReversed()) {
    const wanted = op.inputs.some((input) => gradients.needs(input));
    if (!wanted) continue;
    const { gradient } = recordOf(op);
    if (gradient === undefined) throw new Error(`Op ${op.kind} has no gradient`);
    const d = gradients.of(op.outputs[0]!);
    if (d === undefined) continue;
    const before = b.ops.length;
    gradient(b, op, d, gradients);
    const clash = b.ops.slice(before).find((made) =>
      made.outputs.some(({ name }) => name === d.name)
    );
    if (clash !== undefined) throw new Error(`${clash.kind} would change the gradient it reads`);
  }
}
