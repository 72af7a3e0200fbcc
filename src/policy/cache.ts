import { commonPrefix } from "../model/packing.ts";

/** A sequence and its tokens. */
interface Named {
  readonly sequence: string;
  readonly tokens: Uint32Array;
}

/** Rows of the key/value cache: which sequence each holds, and which of its tokens. */
export interface CacheRows {
  /**
   * First slots of the rows of some sequences, at most as many as there are rows. One without a row takes an empty row,
   * else one that is neither asked for nor pinned, retired ones first: the row with most of its leading tokens, of
   * equal ones the longest unused. A row then holds only the prefix that it shares with the asked tokens.
   */
  readonly acquire: (asked: ReadonlyArray<Named>) => ReadonlyArray<number>;
  /** Keeps the row of a sequence while it is written to, until `unpin`. */
  readonly pin: (sequence: string) => void;
  readonly unpin: (sequence: string) => void;
  /** Marks the row of a sequence as one to reuse before those of others. */
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
  /** A row for a sequence that has none, and the tokens that the row holds. */
  const freeRow = (tokens: Uint32Array, asked: ReadonlySet<string>) => {
    if (rows.size < count) return { row: rows.size, tokens: empty };
    const isFree = (sequence: string) => !asked.has(sequence) && !pinned.has(sequence);
    const free = [...rows.keys()].filter(isFree);
    const retirees = free.filter((sequence) => retired.has(sequence));
    const candidates = retirees.length > 0 ? retirees : free;
    const common = candidates.map((sequence) => commonPrefix(rows.get(sequence)!.tokens, tokens));
    const taken = candidates[common.indexOf(Math.max(...common))];
    if (taken === undefined) throw new Error(`More than ${count} sequences at a time`);
    const entry = rows.get(taken)!;
    rows.delete(taken);
    retired.delete(taken);
    return entry;
  };
  return {
    acquire: (asked) => {
      const sequences = new Set(asked.map(({ sequence }) => sequence));
      return asked.map(({ sequence, tokens }) => {
        const { row, tokens: held } = rows.get(sequence) ?? freeRow(tokens, sequences);
        rows.delete(sequence);
        rows.set(sequence, { row, tokens: held.slice(0, commonPrefix(held, tokens)) });
        retired.delete(sequence);
        return row * slots;
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
