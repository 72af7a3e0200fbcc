import { type DecodeInput, STATUS } from "../model/decode.ts";
import type { Executable } from "../model/engine.ts";
import type { GenerateRequest } from "./policy.ts";

/** A sequence that is being decoded. */
export interface Row {
  readonly request: GenerateRequest;
  /** First slot of its row in the cache. */
  readonly base: number;
  /** Maximum tokens of its message. */
  readonly limit: number;
  readonly tokens: number[];
  readonly logProbs: number[];
  /** Number of tokens it will have after all submitted bursts, unless a stop token ends it earlier. */
  reach: number;
}

/** What was read back after a burst: the `status` and `sampled` tensors of the decode program. */
export interface BurstResult {
  readonly status: ArrayLike<number>;
  readonly sampled: Uint32Array;
}

/** Rows of the decode program, and the sequence in each. An empty row is parked on a cache slot of no sequence. */
export interface DecodeRows {
  /** The rows of the next burst: those in use, and null for parked rows between them. */
  readonly rows: () => ReadonlyArray<Row | null>;
  /** Puts a sequence into the first row that is free. */
  readonly enter: (row: Row) => void;
  readonly leave: (row: Row) => void;
  /** Whether at most half of the rows are in use. */
  readonly isSparse: () => boolean;
  /** Moves sequences to the first rows. All bursts must have been read, since rows go on from the host's state. */
  readonly compact: () => void;
  /** Writes the rows that changed to the device; other rows go on from the device's state. */
  readonly write: (executable: Pick<Executable<"step", DecodeInput>, "write">) => void;
}

/** Rows of a decode program; `parking` is a cache slot of no sequence. */
export function createDecodeRows(parking: number): DecodeRows {
  let rows: Array<Row | null> = [];
  const stale = new Set<number>();
  return {
    rows: () => rows,
    enter: (row) => {
      const free = rows.indexOf(null);
      const at = free < 0 ? rows.length : free;
      rows[at] = row;
      stale.add(at);
    },
    leave: (row) => {
      const at = rows.indexOf(row);
      if (at < 0) return;
      rows[at] = null;
      stale.add(at);
      while (rows.at(-1) === null) rows.pop();
    },
    isSparse: () => 2 * rows.filter((row) => row !== null).length <= rows.length,
    compact: () => {
      rows = rows.filter((row) => row !== null);
      rows.forEach((_, at) => stale.add(at));
    },
    write: (executable) => {
      for (let first = 0; first < rows.length; first++) {
        if (!stale.has(first)) continue;
        let end = first + 1;
        while (end < rows.length && stale.has(end)) end++;
        writeRows(executable, rows.slice(first, end), { first, parking });
        first = end;
      }
      stale.clear();
    },
  };
}

/** Writes the state of neighbouring rows, from row `first` on, to the inputs that decoding advances. */
function writeRows(
  executable: Pick<Executable<"step", DecodeInput>, "write">,
  rows: ReadonlyArray<Row | null>,
  { first, parking }: { readonly first: number; readonly parking: number },
): void {
  const queries = new Uint32Array(rows.length * 4);
  const status = new Uint32Array(rows.length * 8);
  const ids = new Uint32Array(rows.length);
  const positions = new Uint32Array(rows.length);
  rows.forEach((row, n) => {
    if (row === null) {
      queries.set([0, 0, parking, parking], n * 4);
      return;
    }
    const { request, base, limit, tokens } = row;
    const fed = request.tokens.length - 1 + tokens.length;
    ids[n] = tokens.at(-1) ?? request.tokens.at(-1)!;
    positions[n] = fed;
    queries.set([0, 0, base, base + fed], n * 4);
    status[n * 8 + STATUS.alive] = 1;
    status[n * 8 + STATUS.produced] = tokens.length;
    status[n * 8 + STATUS.limit] = limit;
    status[n * 8 + STATUS.key0] = request.key[0];
    status[n * 8 + STATUS.key1] = request.key[1];
  });
  executable.write("queries", queries, first * 4);
  executable.write("status", status, first * 8);
  executable.write("ids", ids, first);
  executable.write("positions", positions, first);
}

/** Adds the tokens that row `n` of a burst got since the last call; a row has `most` pairs of `sampled`. */
export function takeTokens(
  row: Row,
  n: number,
  { status, sampled }: BurstResult,
  most: number,
): void {
  const bits = new Float32Array(sampled.buffer, sampled.byteOffset, sampled.length);
  const produced = status[n * 8 + STATUS.produced]!;
  for (let i = row.tokens.length; i < produced; i++) {
    const at = (n * most + i % most) * 2;
    row.tokens.push(sampled[at]!);
    row.logProbs.push(bits[at + 1]!);
  }
}
