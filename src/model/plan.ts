/**
 * A plan is a list of ops over named two-dimensional tensors. It says what is computed, in which order and in
 * which memory; an interpreter (plain loops or WGSL) says how. Sizes that vary from run to run are symbols.
 */

import { type Format, storedBytes } from "./formats.ts";
import type { OpKind } from "./ops/registry.ts";

/** A size: a number, or a symbol bound at run time, times a constant. */
export type Extent = number | { readonly symbol: string; readonly times: number };

/** Values of the symbols of one run, and of its scalars such as the learning rate. */
export type Dims = Readonly<Record<string, number>>;

/**
 * Who owns a tensor. `weight`, `gradient` and `state` live in the engine under their name and are shared by
 * programs; `input` is written by the host before a run; `output` can be read after it; `scratch` shares memory.
 */
export type Role = "weight" | "gradient" | "state" | "input" | "output" | "scratch";

/** A row-major matrix, or a window of columns of one. */
export interface Tensor {
  readonly name: string;
  readonly rows: Extent;
  readonly cols: number;
  readonly format: Format;
  readonly role: Role;
  /** First column within the matrix of this name, and that matrix's number of columns; absent for the whole matrix. */
  readonly window?: { readonly column: number; readonly stride: number };
  /** Maximum rows of a weight that one op can reach; absent if it can reach all. */
  readonly reach?: number;
  /** Rows of a weight that an op reads; absent for all of them. */
  readonly span?: Span;
}

/** A stretch of rows. */
export interface Span {
  readonly first: number;
  readonly count: number;
}

/** A multiple of this many rows begins at an offset that every device can bind at, in any format and of any width. */
export const SPAN_UNIT = 1024;

/** The stretches of rows in which a weight is read, first to last. Each needs an op of its own. */
export function spansOf({ name, rows, reach }: Tensor): ReadonlyArray<Span> {
  if (typeof rows !== "number") throw new Error(`Weight ${name} has no fixed rows`);
  const most = reach ?? rows;
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, rows - i * most),
  }));
}

/** A window of `cols` columns of a matrix from `column` on, in place. Only ops with `takesWindows` accept it. */
export function columnsOf(tensor: Tensor, column: number, cols: number): Tensor {
  return { ...tensor, cols, window: { column, stride: tensor.cols } };
}

/** Where the columns of a tensor lie in memory. */
export function windowOf(tensor: Tensor): { readonly column: number; readonly stride: number } {
  return tensor.window ?? { column: 0, stride: tensor.cols };
}

/** One step of a plan. Its tensors are in the order of the record of its kind. */
export interface Op {
  readonly kind: OpKind;
  readonly inputs: ReadonlyArray<Tensor>;
  readonly outputs: ReadonlyArray<Tensor>;
  readonly dims: Readonly<Record<string, Extent>>;
}

/** A list of ops, cut into phases that are run by name. The host may read outputs and write inputs between phases. */
export interface Program<Phase extends string = string, Input extends string = string> {
  readonly name: string;
  readonly phases: Readonly<Record<Phase, ReadonlyArray<Op>>>;
  /** What the host writes. */
  readonly inputs: ReadonlyArray<Input>;
}

/** Makes a program with those of the named inputs that its ops read. Throws if they read any other input. */
export function programOf<Phase extends string, Input extends string>(
  name: string,
  phases: Program<Phase>["phases"],
  inputs: ReadonlyArray<Input>,
): Program<Phase, Input> {
  const program = { name, phases, inputs };
  const read = tensorsOf(program).filter(({ role }) => role === "input").map(({ name }) => name);
  const other = read.find((name) => !inputs.some((input) => input === name));
  if (other !== undefined) throw new Error(`Program ${name} does not name its input ${other}`);
  return { ...program, inputs: inputs.filter((input) => read.includes(input)) };
}

/** All ops of a program, phase by phase. */
export function opsOf({ phases }: Pick<Program, "phases">): ReadonlyArray<Op> {
  return Object.values(phases).flat();
}

/** A symbol as an extent. */
export function symbol(name: string, times = 1): Extent {
  return { symbol: name, times };
}

/** A record of symbols, each under its own name. */
export function symbols<Name extends string>(...names: ReadonlyArray<Name>): Record<Name, Extent> {
  const entries = names.map((name) => [name, symbol(name)] as const);
  return Object.fromEntries(entries) as Record<Name, Extent>; // an entry for each name
}

/** An extent times a constant. */
export function scaled(extent: Extent, factor: number): Extent {
  return typeof extent === "number"
    ? extent * factor
    : { symbol: extent.symbol, times: extent.times * factor };
}

/** The number an extent stands for in one run. */
export function valueOf(extent: Extent, dims: Dims): number {
  if (typeof extent === "number") return extent;
  const value = dims[extent.symbol];
  if (value === undefined) throw new Error(`Symbol ${extent.symbol} is not bound`);
  return value * extent.times;
}

/** The sizes and scalars of an op in one run. */
export function dimsOf(op: Op, dims: Dims): Dims {
  return Object.fromEntries(
    Object.entries(op.dims).map(([name, extent]) => [name, valueOf(extent, dims)]),
  );
}

/** The symbol of an extent, or null for a number. */
export function symbolOf(extent: Extent): string | null {
  return typeof extent === "number" ? null : extent.symbol;
}

/** Number of elements of the whole matrix of a tensor in one run. */
export function elementsOf(tensor: Tensor, dims: Dims): number {
  return valueOf(tensor.rows, dims) * windowOf(tensor).stride;
}

/** Bytes of a tensor in one run. */
export function bytesOf(tensor: Tensor, dims: Dims): number {
  return storedBytes(tensor.format, elementsOf(tensor, dims));
}

/** All matrices of a program, each once, in order of first use. */
export function tensorsOf(program: Program): ReadonlyArray<Tensor> {
  const seen = new Map<string, Tensor>();
  for (const op of opsOf(program)) {
    for (const tensor of [...op.inputs, ...op.outputs]) {
      const known = seen.get(tensor.name) ?? wholeOf(tensor);
      if (!isWindowOf(tensor, known)) {
        throw new Error(`Two tensors of ${program.name} are called ${tensor.name}`);
      }
      seen.set(tensor.name, known);
    }
  }
  return [...seen.values()];
}

/** The matrix that a tensor is a window or a stretch of. */
export function wholeOf({ window, span: _, ...tensor }: Tensor): Tensor {
  return window === undefined ? tensor : { ...tensor, cols: window.stride };
}

function isWindowOf(tensor: Tensor, whole: Tensor): boolean {
  return windowOf(tensor).stride === whole.cols && tensor.rows === whole.rows &&
    tensor.role === whole.role && tensor.format === whole.format;
}

/** Maximum loop iterations of one kernel invocation: some devices silently end a loop after 65,535. */
export const MOST_TRIPS = 60_000;

/**
 * Every stretch of an op but the last is a multiple of this many rows. So it holds whole blocks of sums over rows and
 * begins at a multiple of 256 bytes, where every device can bind.
 */
export const STRETCH_UNIT = 256;
