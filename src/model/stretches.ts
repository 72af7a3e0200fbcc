/**
 * Cuts ops that go row by row into stretches of rows if a device cannot bind one of their tensors whole, if their loop
 * would be too long, or if they have too much work for one dispatch. So a device limits the width of a model, but not the length of a context. Results have the
 * bits of the whole op, since no cut goes through a block of a sum over rows.
 */
import { storedBytes } from "./formats.ts";
import { named } from "./ops/op.ts";
import { recordOf } from "./ops/registry.ts";
import {
  bytesOf,
  type Dims,
  type Extent,
  type Op,
  type Span,
  STRETCH_UNIT,
  symbolOf,
  type Tensor,
  valueOf,
  windowOf,
} from "./plan.ts";

/** Whether a tensor of an op is cut into stretches of rows together with the op. */
export function goesByRow(op: Op, { name, rows }: Tensor): boolean {
  const record = recordOf(op);
  if (record.goesByRow !== true) return false;
  const exception = Object.entries(record.isCut ?? {})
    .find(([key]) => named(record, op)[key]!.name === name);
  if (exception !== undefined) return exception[1] === true;
  const symbol = symbolOf(rowsOf(op));
  return symbol !== null && symbolOf(rows) === symbol;
}

/** The rows of an op, 0 where it has none. */
function rowsOf({ dims: { rows = 0 } }: Op): Extent {
  return rows;
}

/** Bytes of a tensor's rows if the symbol of their number has the value `count`. */
function bytesOfSome(tensor: Tensor, count: number): number {
  const times = typeof tensor.rows === "number" ? tensor.rows : tensor.rows.times;
  return storedBytes(tensor.format, count * times * windowOf(tensor).stride);
}

/** Bytes of a tensor that an op must reach at once. */
export function reachedBytes(op: Op, tensor: Tensor, dims: Dims): number {
  const { span, reach, format, cols } = tensor;
  if (span !== undefined && reach !== undefined) return storedBytes(format, reach * cols);
  const all = bytesOf(tensor, dims);
  const isCut = tensor.role === "scratch" && goesByRow(op, tensor);
  return isCut ? Math.min(all, bytesOfSome(tensor, STRETCH_UNIT)) : all;
}

/** What a stretch may reach and do. */
export interface StretchLimits {
  /** Maximum bytes of a tensor. */
  readonly bindingBytes: number;
  /** Minimum number of stretches, if the op goes row by row and has the rows. @default {1} */
  readonly parts?: number;
}

/** About equally long stretches of an op, in units of its rows' symbol; one stretch if it can do all rows at once. */
export function stretchesOf(
  op: Op,
  dims: Dims,
  { bindingBytes, parts = 1 }: StretchLimits,
): ReadonlyArray<Span> {
  const symbol = symbolOf(rowsOf(op));
  if (symbol === null) return [{ first: 0, count: 0 }];
  const count = valueOf({ symbol, times: 1 }, dims);
  const rows = valueOf(rowsOf(op), { [symbol]: 1 });
  const tensors = [...op.inputs, ...op.outputs].filter((tensor) => goesByRow(op, tensor));
  const { mostRows = Infinity } = recordOf(op);
  const isWhole = parts === 1 && rows * count <= mostRows &&
    tensors.every((tensor) => bytesOfSome(tensor, count) <= bindingBytes);
  if (isWhole || tensors.length === 0) return [{ first: 0, count }];
  const unitBytes = Math.max(...tensors.map((tensor) => bytesOfSome(tensor, STRETCH_UNIT)));
  const units = Math.min(
    bindingBytes / unitBytes,
    mostRows / (rows * STRETCH_UNIT),
    count / parts / STRETCH_UNIT,
  );
  const most = Math.max(1, Math.floor(units)) * STRETCH_UNIT;
  const length = Math.ceil(count / Math.ceil(count / most) / STRETCH_UNIT) * STRETCH_UNIT;
  return Array.from({ length: Math.ceil(count / length) }, (_, i) => ({
    first: i * length,
    count: Math.min(length, count - i * length),
  }));
}

/** The bytes of a tensor that a stretch of an op reads or writes; null for all of them. */
export function bytesWithin(op: Op, tensor: Tensor, { first, count }: Span) {
  if (!goesByRow(op, tensor)) return null;
  return { offset: bytesOfSome(tensor, first), size: bytesOfSome(tensor, count) };
}

/** The sizes of a run for one stretch of an op. */
export function dimsWithin(op: Op, dims: Dims, { count }: Span): Dims {
  const symbol = symbolOf(rowsOf(op));
  return symbol === null ? dims : { ...dims, [symbol]: count };
}
