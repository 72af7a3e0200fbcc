import { HEAD_INPUTS, PASS_INPUTS } from "./inputs.ts";
import type { Dims } from "./plan.ts";
import { allRuns, keyTable, queryTable, type Segment, type Tiling } from "./segments.ts";

/** Tables of a packed batch. */
export const PACKED_INPUTS = [
  ...PASS_INPUTS,
  ...HEAD_INPUTS,
  "row_inverse",
  "keys",
  "key_parts",
  "key_tiles",
  "occurrences",
  "token_order",
] as const;

type PackedInput = typeof PACKED_INPUTS[number];

/** A packed batch as the gradient and log-prob programs read it. */
export interface PackedBatch {
  readonly inputs: Readonly<Record<PackedInput, Uint32Array>>;
  readonly dims: Dims;
}

/** A packed row whose hidden state predicts `target`. */
export interface Prediction {
  readonly row: number;
  readonly target: number;
}

/**
 * Builds the tables of a packed batch. `ids` are the tokens of all segments, one segment after another. Log-probs come
 * back in the order of `predictions`, where each row occurs at most once.
 */
export function packBatch(
  segments: ReadonlyArray<Segment>,
  ids: Uint32Array,
  predictions: ReadonlyArray<Prediction>,
  tiling: Tiling,
): PackedBatch {
  const table = queryTable(segments, allRuns(segments), tiling);
  const keys = keyTable(segments);
  const rowIndex = Uint32Array.from(predictions, (p) => p.row);
  const rowInverse = new Uint32Array(ids.length).fill(0xffffffff);
  rowIndex.forEach((row, r) => rowInverse[row] = r);
  const { occurrences, tokenOrder } = occurrenceTable(ids);
  return {
    inputs: {
      ids,
      ...table.inputs,
      ...keys.inputs,
      row_index: rowIndex,
      row_inverse: rowInverse,
      targets: Uint32Array.from(predictions, (p) => p.target),
      occurrences,
      token_order: tokenOrder,
    },
    dims: {
      ...table.dims,
      R: predictions.length,
      ...keys.dims,
      U: occurrences.length / 4,
      S: largestView(keys.inputs.keys, ids.length),
    },
  };
}

/** The largest number of tokens that see the same token. */
function largestView(keys: Uint32Array, count: number): number {
  let most = 0;
  for (let n = 0; n < count; n++) {
    const [view, views, ownEnd] = [keys[4 * n]!, keys[4 * n + 1]!, keys[4 * n + 2]!];
    let seeing = ownEnd - n;
    for (let i = view; i < view + views; i++) {
      if (n < keys[4 * i + 2]!) seeing += keys[4 * i + 1]! - keys[4 * i]!;
    }
    most = Math.max(most, seeing);
  }
  return most;
}

/** For each token id that occurs, `[id, first, count, 0]`: its part of the rows sorted by id, earlier rows first. */
export function occurrenceTable(
  ids: Uint32Array,
): { readonly occurrences: Uint32Array; readonly tokenOrder: Uint32Array } {
  const rows = new Map<number, number[]>();
  ids.forEach((id, row) => {
    const known = rows.get(id);
    if (known === undefined) rows.set(id, [row]);
    else known.push(row);
  });
  const sorted = [...rows].sort(([a], [b]) => a - b);
  const occurrences = new Uint32Array(sorted.length * 4);
  const tokenOrder = new Uint32Array(ids.length);
  let first = 0;
  sorted.forEach(([id, list], u) => {
    occurrences.set([id, first, list.length, 0], u * 4);
    tokenOrder.set(list, first);
    first += list.length;
  });
  return { occurrences, tokenOrder };
}

/** A sequence to be packed: its tokens, and how many of its leading tokens others may share. */
export interface Packable {
  readonly tokens: Uint32Array;
  readonly shareable: number;
}

/** A segment of a shared packing, and the tokens it holds: `[firstPosition, firstPosition + length)` of `sequence`. */
export interface SharedSegment extends Segment {
  readonly sequence: number;
}

/** The number of leading tokens that two texts have in common, at most `most`. */
export function commonPrefix(left: Uint32Array, right: Uint32Array, most = Infinity): number {
  const end = Math.min(left.length, right.length, most);
  let count = 0;
  while (count < end && left[count] === right[count]) count++;
  return count;
}

/** The number of leading tokens that two sequences have in common and may share. */
export function sharedTokens(left: Packable, right: Packable): number {
  return commonPrefix(left.tokens, right.tokens, Math.min(left.shareable, right.shareable));
}

/** Maximum number of ancestors of a segment; the tables of a packed batch have a row for each. */
export const MOST_ANCESTORS = 8;

/**
 * Packs sequences so that the prefix that neighbours share is stored once. In the resulting forest every sequence ends
 * in a segment of its own, which `leaves` gives by index. At most `mostSeeing` tokens see a shared token, since the
 * backward pass loops over them for each key.
 */
export function shareSegments(
  sequences: ReadonlyArray<Packable>,
  mostSeeing: number,
): { readonly segments: ReadonlyArray<SharedSegment>; readonly leaves: ReadonlyArray<number> } {
  const shared = sequences.map((one, i) => i === 0 ? 0 : sharedTokens(sequences[i - 1]!, one));
  const segments: SharedSegment[] = [];
  const leaves: number[] = [];
  let start = 0;
  const add = (sequence: number, from: number, end: number, parent: number): number => {
    const length = end - from;
    const visible = parent < 0 ? 0 : segments[parent]!.length;
    segments.push({ start, length, firstPosition: from, parent, visible, sequence });
    start += length;
    return segments.length - 1;
  };
  /** Packs sequences `[first, last]`; `parent` and its ancestors, `above` in all, hold their first `depth` tokens. */
  const pack = (first: number, last: number, depth: number, parent: number, above: number) => {
    if (first === last || above === MOST_ANCESTORS) {
      for (let i = first; i <= last; i++) {
        leaves.push(add(i, depth, sequences[i]!.tokens.length, parent));
      }
      return;
    }
    const common = shared.slice(first + 1, last + 1).reduce((least, x) => Math.min(least, x));
    const shares = common > depth;
    if (shares && tokensOf(sequences, first, last) > mostSeeing) {
      const middle = (first + last) >> 1;
      pack(first, middle, depth, parent, above);
      pack(middle + 1, last, depth, parent, above);
      return;
    }
    const node = shares ? add(first, depth, common, parent) : parent;
    let from = first;
    for (let i = first + 1; i <= last + 1; i++) {
      if (i <= last && shared[i]! > common) continue;
      pack(from, i - 1, common, node, above + (shares ? 1 : 0));
      from = i;
    }
  };
  if (sequences.length > 0) pack(0, sequences.length - 1, 0, -1, 0);
  return { segments, leaves };
}

function tokensOf(sequences: ReadonlyArray<Packable>, first: number, last: number): number {
  return sequences.slice(first, last + 1).reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** Tokens of a packing. */
export function packedTokens(segments: ReadonlyArray<Segment>): number {
  const last = segments.at(-1);
  return last === undefined ? 0 : last.start + last.length;
}
