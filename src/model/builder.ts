import type { Format } from "./formats.ts";
import type { DimsOf, OpShape, TensorsOf } from "./ops/op.ts";
import type { OpKind } from "./ops/registry.ts";
import type { Extent, Op, Role, Tensor } from "./plan.ts";

/** Collects the ops of a plan and names its scratch tensors. */
export interface Builder {
  readonly ops: ReadonlyArray<Op>;
  /** Appends an op on tensors and sizes by the names of its record; sizes that the record does not name are left out. */
  readonly push: <S extends KnownShape>(
    shape: S,
    tensors: TensorsOf<NoInfer<S>, Tensor>,
    dims: DimsOf<NoInfer<S>, Extent>,
  ) => void;
  /** Appends an op that was made before. */
  readonly append: (op: Op) => void;
  /** A tensor by name; the same name gives the same tensor. */
  readonly tensor: (name: string, rows: Extent, cols: number, options?: TensorOptions) => Tensor;
  /** A new scratch tensor, its name made unique by a number. */
  readonly scratch: (label: string, rows: Extent, cols: number) => Tensor;
  /** A tensor already asked for, or undefined. */
  readonly find: (name: string) => Tensor | undefined;
}

/** The shape of an op that has a plain loop and a kernel. */
export interface KnownShape extends OpShape {
  readonly kind: OpKind;
}

/** Role (default scratch) and storage (default f32) of a new tensor. */
export interface TensorOptions {
  readonly role?: Role;
  readonly format?: Format;
}

/** An op that does not know of windows would read the wrong columns. */
function refuseWindows({ kind, takesWindows = false }: OpShape, tensors: ReadonlyArray<Tensor>) {
  const window = tensors.find((tensor) => tensor.window !== undefined);
  if (window !== undefined && !takesWindows) {
    throw new Error(`${kind} takes whole tensors: ${window.name} is a window of columns`);
  }
}

/** The op of a record: its tensors in the order of their bindings, and no sizes but those that it names. */
function opOf(
  shape: KnownShape,
  tensors: Readonly<Record<string, Tensor | undefined>>,
  dims: Readonly<Record<string, Extent>>,
): Op {
  const { kind, optional = [] } = shape;
  const taken = optional.filter((name) => tensors[name] !== undefined);
  const gap = taken.find((name, i) => name !== optional[i]);
  if (gap !== undefined) throw new Error(`${kind} takes ${gap} only with all inputs before it`);
  return {
    kind,
    inputs: [...shape.inputs, ...taken].map((name) => tensors[name]!),
    outputs: shape.outputs.map((name) => tensors[name]!),
    dims: Object.fromEntries(shape.dims.map((name) => [name, dims[name]!])),
  };
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
    push: (shape, tensors, dims) => {
      const op = opOf(shape, tensors, dims);
      refuseWindows(shape, [...op.inputs, ...op.outputs]);
      ops.push(op);
    },
    append: (op) => ops.push(op),
    tensor,
    scratch: (label, rows, cols) => tensor(`${label}#${tensors.size}`, rows, cols),
    find: (name) => tensors.get(name),
  };
}
