/**
 * The single definition of an op. A record names the tensors and the sizes of an op; the types of its plain loop, of
 * its kernels and of the calls that push it follow from these names.
 */
import type { Gradients } from "../backward.ts";
import type { Builder } from "../builder.ts";
import { type Extent, MOST_TRIPS, type Op, STRETCH_UNIT, type Tensor } from "../plan.ts";

/** The tensors and sizes of an op by name. */
export interface OpShape {
  /** Tensors that it reads, in the order of their bindings. */
  readonly inputs: ReadonlyArray<string>;
  /** Further inputs. One may be left out if all after it are left out too. */
  readonly optional?: ReadonlyArray<string>;
  /** Tensors that it writes, in the order of their bindings; no input has the same name. */
  readonly outputs: ReadonlyArray<string>;
  /** Sizes and scalars, the fields of its kernel's `Dims` uniform. */
  readonly dims: ReadonlyArray<string>;
}

/** What an op can do with parts of its tensors. */
export interface OpParts<Name extends string = string> {
  /** Whether its tensors may be windows of columns. @default {false} */
  readonly takesWindows?: boolean;
  /** Whether it can process some rows with those rows of its tensors alone, so that it can be cut. @default {false} */
  readonly goesByRow?: boolean;
  /** Maximum rows that it can process at once. @default {Infinity} */
  readonly mostRows?: number;
  /** Tensors that are always (true) or never (false) cut with the op, whatever their number of rows says. */
  readonly isCut?: Readonly<Partial<Record<Name, boolean>>>;
  /** Whether it leaves some rows of its outputs as they are. @default {false} */
  readonly writesSomeRows?: boolean;
}

/** For ops that go row by row and take no windows, as most do. */
export const BY_ROW: OpParts = { goesByRow: true };

/** Maximum rows of one loop over rows. The loop takes one more iteration for each block of the sum. */
export const LOOP_ROWS: number = Math.floor(MOST_TRIPS / (STRETCH_UNIT + 1)) * STRETCH_UNIT;

/** The tensors of an op by name, or what stands for them. */
export type TensorsOf<S extends OpShape, T> =
  & { readonly [Name in S["inputs" | "outputs"][number]]: T }
  & { readonly [Name in OptionalOf<S>]?: T | undefined };

/** The name of an input of an op. */
export type InputOf<S extends OpShape> = S["inputs"][number] | OptionalOf<S>;

type OptionalOf<S extends OpShape> = S extends
  { optional: ReadonlyArray<infer Name extends string> } ? Name
  : never;

/** The sizes and scalars of an op by name. */
export type DimsOf<S extends OpShape, Size> = { readonly [Name in S["dims"][number]]: Size };

/** Pushes the ops that compute the gradients of an op's inputs from `d`, the gradient of its first output. */
type GradientRule<S extends OpShape> = (
  b: Builder,
  op: {
    readonly tensors: TensorsOf<S, Tensor>;
    readonly dims: DimsOf<S, Extent>;
    readonly d: Tensor;
  },
  gradients: Gradients,
) => void;

/** All that the model knows of an op. `gradient` takes an op of this kind and the gradient of its first output. */
export type OpRecord<S extends OpShape = OpShape> = S & OpParts & {
  readonly gradient?: (b: Builder, op: Op, d: Tensor, gradients: Gradients) => void;
};

/** Makes the record of an op; one without a rule has no gradient. */
export function defineOp<const S extends OpShape>(
  shape: S,
  parts: OpParts<S["inputs" | "outputs"][number]> = {},
  rule?: GradientRule<S>,
): OpRecord<S> {
  if (rule === undefined) return { ...shape, ...parts };
  const gradient: OpRecord["gradient"] = (b, op, d, gradients) => {
    // The builder made the op from the tensors and sizes that its record names.
    const tensors = named(shape, op) as TensorsOf<S, Tensor>;
    rule(b, { tensors, dims: op.dims as DimsOf<S, Extent>, d }, gradients);
  };
  return { ...shape, ...parts, gradient };
}

/** Names values that are given in the order of an op's inputs and outputs. */
export function named<T>(
  { inputs, optional = [], outputs }: OpShape,
  given: { readonly inputs: ReadonlyArray<T>; readonly outputs: ReadonlyArray<T> },
): Readonly<Record<string, T>> {
  const all = [...inputs, ...optional];
  return Object.fromEntries([
    ...given.inputs.map((one, i) => [all[i], one]),
    ...given.outputs.map((one, i) => [outputs[i], one]),
  ]);
}
