import { commonPrefix } from "../model/packing.ts";

/** Rows of the key/value cache: which sequence each holds, and which of its tokens. */
export interface CacheRows {
  /** First slot of the row of a sequence, taking the longest unused row if it has none. */
  readonly acquire: (sequence: string, inUse: ReadonlySet<string>) => number;
  /** How many leading tokens of `tokens` are in the row of the sequence, at most `most`. */
  readonly matching: (sequence: string, tokens: Uint32Array, most: number) => number;
  /** Records that the row now holds exactly these tokens. */
  readonly hold: (sequence: string, tokens: Uint32Array) => void;
  readonly clear: () => void;
}

/** `count` rows of `slots` slots each. */
export function createCacheRows(count: number, slots: number): CacheRows {
  // Insertion order is the order of last use.
  const rows = new Map<string, { readonly row: number; tokens: Uint32Array }>();
  const empty = new Uint32Array(0);
  const freeRow = (inUse: ReadonlySet<string>): number => {
    if (rows.size < count) return rows.size;
    for (const [sequence, { row }] of rows) {
      if (inUse.has(sequence)) continue;
      rows.delete(sequence);
      return row;
    }
    throw new Error(`More than ${count} sequences at a time`);
  };
  return {
    acquire: (sequence, inUse) => {
      const known = rows.get(sequence);
      const entry = known ?? { row: freeRow(inUse), tokens: empty };
      rows.delete(sequence);
      rows.set(sequence, entry);
      return entry.row * slots;
    },
    matching: (sequence, tokens, most) =>
      commonPrefix(rows.get(sequence)?.tokens ?? empty, tokens, most),
    hold: (sequence, tokens) => {
      const entry = rows.get(sequence);
      if (entry !== undefined) entry.tokens = tokens;
    },
    clear: () => rows.clear(),
  };
}
