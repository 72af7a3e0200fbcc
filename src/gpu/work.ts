/** What ops have to do, from their sizes alone, and how long a card takes for it at most. */
import type { DimsOf } from "../model/ops/op.ts";
import { type OpKind, type RecordOf, recordOf } from "../model/ops/registry.ts";
import { bytesOf, type Op, type Tensor, valueOf, windowOf } from "../model/plan.ts";
import { storedBytes } from "../model/formats.ts";
import type { Bound } from "./launches.ts";
import { bytesOfStretch, type Piece } from "./pieces.ts";

/** Multiplications with an addition, and bytes of memory that are read or written if each is touched once. */
export interface Work {
  readonly multiplyAdds: number;
  readonly bytes: number;
}

/** What a card can do in a second. */
export interface Speed {
  readonly multiplyAdds: number;
  readonly bytes: number;
  /** Seconds that a dispatch costs by itself. */
  readonly dispatch: number;
}

/** Multiply-adds of an op of these sizes. */
type Count<Kind extends OpKind> = (dims: DimsOf<RecordOf<Kind>, number>, slots: number) => number;

/** A query and a key: their product, and the weighted value, which is as wide. */
const pairs = (
  d: Readonly<Record<"rows" | "heads" | "headDim", number>>,
  slots: number,
) => d.rows * d.heads * d.headDim * slots;

/** Numbers of the second factors of a product's adapters. */
const ofSeconds = (
  d: Readonly<
    Record<"features0" | "features1" | "features2" | "rank0" | "rank1" | "rank2", number>
  >,
) => d.rank0 * d.features0 + d.rank1 * d.features1 + d.rank2 * d.features2;

/** Multiply-adds of the ops that have many for each number they read; the others wait for memory. */
const MULTIPLY_ADDS: { readonly [Kind in OpKind]?: Count<Kind> } = {
  linear_forward: ({ rows, inner, features }) => rows * inner * features,
  linear_adapted_forward: (d) =>
    d.rows * d.inner * (d.features + d.rank0 + d.rank1 + d.rank2) + d.rows * ofSeconds(d),
  linear_low_rank_forward: (d) => d.rows * d.inner * d.features + d.rows * ofSeconds(d),
  low_rank_input_backward: (d) => d.rows * ofSeconds(d),
  low_rank_weight_backward: (d) =>
    d.rows * (d.inner * (d.rank0 + d.rank1 + d.rank2) + ofSeconds(d)),
  linear_input_backward: ({ rows, inner, features, rank }) => rows * inner * (features + rank),
  linear_weight_backward: ({ rows, inner, features }) => rows * inner * features,
  head_forward: ({ rows, inner, tokens }) => rows * inner * tokens,
  head_backward: ({ rows, inner, vocabulary, first, stride }) =>
    rows * inner * Math.min(stride, vocabulary - first),
  attention_forward: (d, slots) => 2 * pairs(d, slots),
  attention_query_backward: (d, slots) => 3 * pairs(d, slots),
  attention_key_backward: (d, slots) => 4 * pairs(d, slots),
};

/** Tensors of which an op reaches a row for each of its own rows, wherever they lie. */
const LOOKED_UP: { readonly [Kind in OpKind]?: ReadonlyArray<string> } = {
  embedding_forward: ["w"],
  rope_forward: ["keyValue", "angles"],
  rope_backward: ["angles"],
  cache_copy: ["cache"],
  embedding_backward: ["dWeight"],
};

/** The slots that a query of an op can see at most: S of a packed batch, else all positions. */
function slotsOf({ op, dims }: Piece): number {
  const keyValue = op.inputs[recordOf(op).inputs.indexOf("keyValue")];
  const rows = keyValue === undefined ? 0 : valueOf(keyValue.rows, dims);
  return Math.min(rows, dims["P"] ?? Infinity, dims["S"] ?? Infinity);
}

/** Bytes that an op touches of a tensor. */
function touchedBytes(piece: Piece, name: string, tensor: Tensor, bound: Bound): number {
  const { op, dims } = piece;
  const { format, span, role, cols } = tensor;
  const { stride } = windowOf(tensor);
  const { rows = 0, unique = rows } = bound;
  if (LOOKED_UP[op.kind]?.includes(name) === true) return storedBytes(format, unique * stride);
  if (span !== undefined) return storedBytes(format, span.count * stride);
  const whole = bytesOfStretch(piece, tensor)?.size ?? bytesOf(tensor, dims);
  // A cache has slots of other sequences too.
  const isCache = name === "keyValue" && role === "state";
  const most = isCache ? storedBytes(format, rows * slotsOf(piece) * stride) : Infinity;
  return Math.min(whole, most) * cols / stride;
}

/** The work of an op, or of a stretch of its rows, whose sizes are `bound`. */
export function workOf(piece: Piece, bound: Bound): Work {
  const { op } = piece;
  // The sizes of a piece are those that the record of its kind names.
  const count = MULTIPLY_ADDS[op.kind] as ((dims: Bound, slots: number) => number) | undefined;
  const bytes = tensorsOf(op).reduce(
    (sum, [name, tensor]) => sum + touchedBytes(piece, name, tensor, bound),
    0,
  );
  return { multiplyAdds: count?.(bound, slotsOf(piece)) ?? 0, bytes };
}

/** The tensors of an op that it reaches, each once. One that stands for another which is not read is that other. */
function tensorsOf(op: Op): ReadonlyArray<readonly [string, Tensor]> {
  const { inputs, optional = [], outputs } = recordOf(op);
  const names = [...inputs, ...optional];
  const all = [
    ...op.inputs.map((tensor, i) => [names[i]!, tensor] as const),
    ...op.outputs.map((tensor, i) => [outputs[i]!, tensor] as const),
  ];
  return all.filter(([, { name, window }], i) =>
    all.findIndex(([, other]) => other.name === name && other.window?.column === window?.column) ===
      i
  );
}

/** Seconds that a card needs for some work at least: to compute or to move bytes, whichever takes longer. */
export function secondsOf({ multiplyAdds, bytes }: Work, speed: Speed): number {
  return Math.max(multiplyAdds / speed.multiplyAdds, bytes / speed.bytes);
}

/**
 * A quarter of what the data sheet of a slow integrated GPU says (Intel UHD Graphics 630: 24 units of 8 multiply-adds at
 * 1.15 GHz, 41.6 GB/s of two channels of DDR4-2600), and 25 µs a dispatch.
 */
export const SLOWEST: Speed = { multiplyAdds: 55e9, bytes: 10.4e9, dispatch: 25e-6 };

/**
 * Maximum seconds of a dispatch on the slowest GPU: ops with more work are cut by rows. With a smaller bound, a layer of
 * a 7B model with adapters would take more than 15 dispatches for 2,048 tokens.
 */
export const MOST_SECONDS_OF_DISPATCH = 2.55;
