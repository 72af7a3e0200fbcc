import type { Format } from "./formats.ts";
import type { Extent, Op, OpKind, Role, Tensor } from "./plan.ts";

/** Collects the ops of a plan and names its scratch tensors. */
export interface Builder {
  readonly ops: ReadonlyArray<Op>;
  readonly push: (op: Op) => void;
  /** A tensor by name; the same name gives the same tensor. */
  readonly tensor: (name: string, rows: Extent, cols: number, options?: TensorOptions) => Tensor;
  /** A new scratch tensor, its name made unique by a number. */
  readonly scratch: (label: string, rows: Extent, cols: number) => Tensor;
  /** A tensor already asked for, or undefined. */
  readonly find: (name: string) => Tensor | undefined;
}

/** Role (default scratch) and storage (default f32) of a new tensor. */
export interface TensorOptions {
  readonly role?: Role;
  readonly format?: Format;
}

const TAKES_WINDOWS: ReadonlySet<OpKind> = new Set([
  "linear_forward",
  "linear_weight_backward",
  "rmsnorm_forward",
  "rmsnorm_backward",
  "rmsnorm_weight_backward",
  "rope_forward",
  "rope_backward",
]);

/** An op that does not know of windows would read the wrong columns. */
function refuseWindows(op: Op): void {
  const window = [...op.inputs, ...op.outputs].find((tensor) => tensor.window !== undefined);
  if (window !== undefined && !TAKES_WINDOWS.has(op.kind)) {
    throw new Error(`${op.kind} takes whole tensors: ${window.name} is a window of columns`);
  }
}

/** An empty builder. */
export function createBuilder(): Builder {
  const ops: Op[] = [];
  const tensors = new Map<string, Tensor>();
  const tensor: Builder["tensor"] = (name, rows, cols, options = {}) => {
    const known = tensors.get(name);
    if (known !== undefined) return known;
    const made: Tensor = {
      name,
      rows,
      cols,
      role: options.role ?? "scratch",
      format: options.format ?? "f32",
    };
    tensors.set(name, made);
    return made;
  };
  return {
    ops,
    push: (op) => {
      refuseWindows(op);
      ops.push(op);
    },
    tensor,
    scratch: (label, rows, cols) => tensor(`${label}#${tensors.size}`, rows, cols),
    find: (name) => tensors.get(name),
  };
}
