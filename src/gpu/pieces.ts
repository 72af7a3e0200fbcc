/** Which rows of an op's tensors a dispatch reaches: all, or a stretch of them. */
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
import { bytesWithin, dimsWithin, stretchesOf, type StretchLimits } from "../model/stretches.ts";
import type { Part } from "./copies.ts";
import type { Bound } from "./launches.ts";

/** An op in a run, or a stretch of its rows if it cannot reach all rows at once. */
export interface Piece {
  readonly op: Op;
  readonly stretch: Span | null;
  /** Sizes and scalars of the whole run. */
  readonly dims: Dims;
}

/** The pieces in which an op is dispatched, first to last. */
export function piecesOf(op: Op, dims: Dims, limits: StretchLimits): ReadonlyArray<Piece> {
  const stretches = stretchesOf(op, dims, limits);
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

/** The part of `buffer` in which a piece reads or writes a tensor. */
export function partOf(piece: Piece, tensor: Tensor, buffer: GPUBuffer): Part {
  const all = { offset: 0, size: bytesOf(tensor, piece.dims) };
  return { buffer, ...bytesOfStretch(piece, tensor) ?? all };
}

/** The binding of a tensor in `buffer`: its part, or the whole buffer if that can be bound. */
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

/** The first row of a weight that is bound. */
export function firstBoundRow({ reach, span }: Tensor): number {
  if (reach === undefined || span === undefined) return 0;
  return Math.floor(span.first / SPAN_UNIT) * SPAN_UNIT;
}

/** The part of its buffer that is bound for a weight that cannot be reached whole; null for others. */
function weightPart(tensor: Tensor): { readonly offset: number; readonly size: number } | null {
  const { reach, span, format, cols } = tensor;
  if (reach === undefined || span === undefined) return null;
  const first = firstBoundRow(tensor);
  return {
    offset: storedBytes(format, first * cols),
    size: storedBytes(format, (span.first + span.count - first) * cols),
  };
}
