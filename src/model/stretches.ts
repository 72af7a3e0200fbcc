/**
 * Ops that go row by row, cut into stretches of rows where a tensor of theirs is larger than a device can bind, or their
 * loop longer than one may be: a device bounds the width of a model, not the length of a context. The results are those
 * of the whole op, to the bit, since no cut goes through a block of a sum over rows.
 */
import { storedBytes } from "./formats.ts";
import {
  bytesOf,
  type Dims,
  MOST_TRIPS,
  type Op,
  type OpKind,
  type Span,
  symbolOf,
  type Tensor,
  valueOf,
  windowOf,
} from "./plan.ts";

/**
 * Rows that every stretch but the last is a multiple of: whole blocks of the sums over rows, which begin at a multiple of
 * the 256 bytes that every device can bind at.
 */
export const STRETCH_UNIT = 256;

/** Ops that need, for some of their rows, those rows of their tensors alone. */
const BY_ROW: ReadonlySet<OpKind> = new Set<OpKind>([
  ...["embedding_forward", "gather_rows_forward", "gather_rows_backward"] as const,
  ...["rmsnorm_forward", "rmsnorm_backward", "rmsnorm_weight_backward"] as const,
  ...["linear_forward", "linear_weight_backward", "column_sum_backward"] as const,
  ...["rope_forward", "rope_backward", "attention_delta"] as const,
  ...["swiglu_forward", "swiglu_backward"] as const,
  ...["head_forward", "head_statistics", "head_finish", "head_backward"] as const,
  "logits_backward",
]);

/** Rows that an op goes over in one loop, with one addition more for each block of the sum. */
function mostRows({ kind }: Op): number {
  const isLoop = kind === "rmsnorm_weight_backward" || kind === "column_sum_backward";
  return isLoop ? Math.floor(MOST_TRIPS / (STRETCH_UNIT + 1)) * STRETCH_UNIT : Infinity;
}

/** Whether a tensor of an op has a stretch of rows for each stretch of the op's. */
export function goesByRow(op: Op, { name, rows }: Tensor): boolean {
  if (!BY_ROW.has(op.kind)) return false;
  if (op.kind === "rope_forward") {
    // Keys and values go to slots; of the table of queries, the first rows are those of the tokens.
    if (name === op.outputs[1]!.name) return false;
    if (name === op.inputs[5]!.name) return true;
  }
  const symbol = symbolOf(op.dims["rows"]!);
  return symbol !== null && symbolOf(rows) === symbol;
}

/** Bytes of `count` of what the symbol of a tensor's rows counts. */
function bytesOfSome(tensor: Tensor, count: number): number {
  const times = typeof tensor.rows === "number" ? tensor.rows : tensor.rows.times;
  return storedBytes(tensor.format, count * times * windowOf(tensor).stride);
}

/** Bytes that an op must reach of a tensor at once. */
export function reachedBytes(op: Op, tensor: Tensor, dims: Dims): number {
  const { span, reach, format, cols } = tensor;
  if (span !== undefined && reach !== undefined) return storedBytes(format, reach * cols);
  const all = bytesOf(tensor, dims);
  const isCut = tensor.role === "scratch" && goesByRow(op, tensor);
  return isCut ? Math.min(all, bytesOfSome(tensor, STRETCH_UNIT)) : all;
}

/** Stretches of what the symbol of an op's rows counts, about equally long: one where the op can do all rows at once. */
export function stretchesOf(op: Op, dims: Dims, bindingBytes: number): ReadonlyArray<Span> {
  const symbol = symbolOf(op.dims["rows"] ?? 0);
  if (symbol === null) return [{ first: 0, count: 0 }];
  const count = valueOf({ symbol, times: 1 }, dims);
  const rows = valueOf(op.dims["rows"]!, { [symbol]: 1 });
  const tensors = [...op.inputs, ...op.outputs].filter((tensor) => goesByRow(op, tensor));
  const isWhole = rows * count <= mostRows(op) &&
    tensors.every((tensor) => bytesOfSome(tensor, count) <= bindingBytes);
  if (isWhole) return [{ first: 0, count }];
  const unitBytes = Math.max(...tensors.map((tensor) => bytesOfSome(tensor, STRETCH_UNIT)));
  const units = Math.min(bindingBytes / unitBytes, mostRows(op) / (rows * STRETCH_UNIT));
  const most = Math.max(1, Math.floor(units)) * STRETCH_UNIT;
  const length = Math.ceil(count / Math.ceil(count / most) / STRETCH_UNIT) * STRETCH_UNIT;
  return Array.from({ length: Math.ceil(count / length) }, (_, i) => ({
    first: i * length,
    count: Math.min(length, count - i * length),
  }));
}

/** Which bytes of its tensor a stretch of an op reads or writes; null for all of them. */
export function bytesWithin(op: Op, tensor: Tensor, { first, count }: Span) {
  if (!goesByRow(op, tensor)) return null;
  return { offset: bytesOfSome(tensor, first), size: bytesOfSome(tensor, count) };
}

/** The sizes of a run of a stretch of an op. */
export function dimsWithin(op: Op, dims: Dims, { count }: Span): Dims {
  const symbol = symbolOf(op.dims["rows"] ?? 0);
  return symbol === null ? dims : { ...dims, [symbol]: count };
}
