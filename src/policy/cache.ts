import { commonPrefix } from "../model/packing.ts";

/** Rows of the key/value cache: which sequence each holds, and which of its tokens. */
export interface CacheRows {
  /**
   * First slots of the rows of some sequences, at most as many as there are rows. One that has no row takes that of a
   * retired sequence, else the longest unused; none is taken from sequences asked for or pinned.
   */
  readonly acquire: (sequences: ReadonlyArray<string>) => ReadonlyArray<number>;
  /** Keeps the row of a sequence, which is written to, until it is let go. */
  readonly pin: (sequence: string) => void;
  readonly unpin: (sequence: string) => void;
  /** Gives up the row of a sequence before those of others. */
  readonly retire: (sequence: string) => void;
  /** How many leading tokens of `tokens` are in the row of the sequence, at most `most`. */
  readonly matching: (sequence: string, tokens: Uint32Array, most: number) => number;
  /** The row with most of the leading tokens of `tokens`: its first slot and how many, at most `most`. */
  readonly closest: (
    tokens: Uint32Array,
    most: number,
  ) => { readonly base: number; readonly common: number };
  /** Records that the row now holds exactly these tokens. */
  readonly hold: (sequence: string, tokens: Uint32Array) => void;
  readonly clear: () => void;
}

/** `count` rows of `slots` slots each. */
export function createCacheRows(count: number, slots: number): CacheRows {
  // Insertion order is the order of last use.
  const rows = new Map<string, { readonly row: number; tokens: Uint32Array }>();
  const retired = new Set<string>();
  const pinned = new Set<string>();
  const empty = new Uint32Array(0);
  const freeRow = (asked: ReadonlySet<string>): number => {
    if (rows.size < count) return rows.size;
    for (const sequence of [...retired, ...rows.keys()]) {
      const known = rows.get(sequence);
      if (known === undefined || asked.has(sequence) || pinned.has(sequence)) continue;
      rows.delete(sequence);
      retired.delete(sequence);
      return known.row;
    }
    throw new Error(`More than ${count} sequences at a time`);
  };
  return {
    acquire: (sequences) => {
      const asked = new Set(sequences);
      return sequences.map((sequence) => {
        const entry = rows.get(sequence) ?? { row: freeRow(asked), tokens: empty };
        rows.delete(sequence);
        rows.set(sequence, entry);
        retired.delete(sequence);
        return entry.row * slots;
      });
    },
    pin: (sequence) => void pinned.add(sequence),
    unpin: (sequence) => void pinned.delete(sequence),
    retire: (sequence) => {
      if (rows.has(sequence)) retired.add(sequence);
    },
    matching: (sequence, tokens, most) =>
      commonPrefix(rows.get(sequence)?.tokens ?? empty, tokens, most),
    closest: (tokens, most) => {
      let best = { base: 0, common: 0 };
      for (const held of rows.values()) {
        const common = commonPrefix(held.tokens, tokens, most);
        if (common > best.common) best = { base: held.row * slots, common };
      }
      return best;
    },
    hold: (sequence, tokens) => {
      const entry = rows.get(sequence);
      if (entry !== undefined) entry.tokens = tokens;
    },
    clear: () => {
      rows.clear();
      retired.clear();
    },
  };
}
