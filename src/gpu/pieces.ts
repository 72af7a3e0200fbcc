/** What a dispatch reaches of the tensors of its op: all of them, or a stretch of rows. */
import { storedBytes } from "../model/formats.ts";
import {
  bytesOf,
  type Dims,
  dimsOf,
  type Op,
  type Span,
  SPAN_UNIT,
  type Tensor,
} from "../model/plan.ts";
import { bytesWithin, dimsWithin, stretchesOf } from "../model/stretches.ts";
import type { Part } from "./copies.ts";
import type { Bound } from "./launches.ts";

/** An op in a run, or a stretch of its rows where it cannot reach all of them at once. */
export interface Piece {
  readonly op: Op;
  readonly stretch: Span | null;
  /** Sizes and scalars of the whole run. */
  readonly dims: Dims;
}

/** The pieces in which an op is dispatched, first to last. */
export function piecesOf(op: Op, dims: Dims, bindingBytes: number): ReadonlyArray<Piece> {
  const stretches = stretchesOf(op, dims, bindingBytes);
  if (stretches.length === 1) return [{ op, stretch: null, dims }];
  return stretches.map((stretch) => ({ op, stretch, dims }));
}

/** Sizes and scalars of a piece; `wholeRows` are the rows of its op. */
export function boundOf({ op, stretch, dims }: Piece): Bound {
  const whole = dimsOf(op, dims);
  const own = stretch === null ? whole : dimsOf(op, dimsWithin(op, dims, stretch));
  return { ...dims, ...own, wholeRows: whole["rows"] ?? 0 };
}

/** The bytes of a tensor that a stretch reads or writes; null for all of them. */
export function bytesOfStretch({ op, stretch }: Piece, tensor: Tensor) {
  return stretch === null ? null : bytesWithin(op, tensor, stretch);
}

/** What a piece reads or writes of a tensor in this buffer. */
export function partOf(piece: Piece, tensor: Tensor, buffer: GPUBuffer): Part {
  const all = { offset: 0, size: bytesOf(tensor, piece.dims) };
  return { buffer, ...bytesOfStretch(piece, tensor) ?? all };
}

/** What is bound of a tensor in this buffer: all of it where that is not more than can be bound. */
export function bindingOf(
  piece: Piece,
  tensor: Tensor,
  buffer: GPUBuffer,
  bindingBytes: number,
): GPUBufferBinding {
  const part = bytesOfStretch(piece, tensor) ?? weightPart(tensor);
  if (part !== null) return { buffer, ...part };
  // Scratch memory may be larger than what this op reaches of it.
  return buffer.size <= bindingBytes ? { buffer } : { buffer, size: bindingBytes };
}

/** The row of a weight that its binding begins with. */
export function firstBoundRow({ reach, span }: Tensor): number {
  if (reach === undefined || span === undefined) return 0;
  return Math.floor(span.first / SPAN_UNIT) * SPAN_UNIT;
}

/** Which part of its buffer is bound of a weight that cannot be reached whole. */
function weightPart(tensor: Tensor): { readonly offset: number; readonly size: number } | null {
  const { reach, span, format, cols } = tensor;
  if (reach === undefined || span === undefined) return null;
  const first = firstBoundRow(tensor);
  return {
    offset: storedBytes(format, first * cols),
    size: storedBytes(format, (span.first + span.count - first) * cols),
  };
}
