import type { Format } from "./formats.ts";
import type { DimsOf, TensorsOf } from "./ops/op.ts";
import { type OpKind, type RecordOf, recordOf } from "./ops/registry.ts";
import type { Extent, Op, Role, Tensor } from "./plan.ts";

/** Collects the ops of a plan and names its scratch tensors. */
export interface Builder {
  readonly ops: ReadonlyArray<Op>;
  /** Appends an op. Its record names the tensors and sizes; sizes that it does not name are dropped. */
  readonly push: <Kind extends OpKind>(
    kind: Kind,
    tensors: TensorsOf<RecordOf<Kind>, Tensor>,
    dims: DimsOf<RecordOf<Kind>, Extent>,
  ) => void;
  /** Appends an op that was made before. */
  readonly append: (op: Op) => void;
  /** A tensor by name; the same name gives the same tensor. */
  readonly tensor: (name: string, rows: Extent, cols: number, options?: TensorOptions) => Tensor;
  /** A new scratch tensor; a number makes its name unique. */
  readonly scratch: (label: string, rows: Extent, cols: number) => Tensor;
  /** The tensor of this name if it was made already, else undefined. */
  readonly find: (name: string) => Tensor | undefined;
}

/** Role (default scratch) and storage (default f32) of a new tensor. */
export interface TensorOptions {
  readonly role?: Role;
  readonly format?: Format;
}

/** Makes an op: its tensors in binding order, and only the sizes that its record names. */
function opOf(
  kind: OpKind,
  tensors: Readonly<Record<string, Tensor | undefined>>,
  dims: Readonly<Record<string, Extent>>,
): Op {
  const { inputs, optional = [], outputs, dims: sizes } = recordOf({ kind });
  const taken = optional.filter((name) => tensors[name] !== undefined);
  const gap = taken.find((name, i) => name !== optional[i]);
  if (gap !== undefined) throw new Error(`${kind} takes ${gap} only with all inputs before it`);
  return {
    kind,
    inputs: [...inputs, ...taken].map((name) => tensors[name]!),
    outputs: outputs.map((name) => tensors[name]!),
    dims: Object.fromEntries(sizes.map((name) => [name, dims[name]!])),
  };
}

/** Throws if an op that takes whole tensors gets a window: it would read the wrong columns. */
function refuseWindows(op: Op): void {
  const window = [...op.inputs, ...op.outputs].find((tensor) => tensor.window !== undefined);
  if (window !== undefined && recordOf(op).takesWindows !== true) {
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
    push: (kind, tensors, dims) => {
      const op = opOf(kind, tensors, dims);
      refuseWindows(op);
      ops.push(op);
    },
    append: (op) => ops.push(op),
    tensor,
    scratch: (label, rows, cols) => tensor(`${label}#${tensors.size}`, rows, cols),
    find: (name) => tensors.get(name),
  };
}
