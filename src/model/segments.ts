import type { Dims } from "./plan.ts";

/**
 * Attention over a forest. A packed batch is a list of segments; the tokens of a segment see themselves causally
 * and, of each ancestor, a first part. That one definition is packing, KV-cached decoding, a prompt shared by a
 * group, and probe suffixes hung on a trajectory.
 */
export interface Segment {
  /** First slot of the segment in the key/value rows. */
  readonly start: number;
  readonly length: number;
  /** Position (RoPE) of its first token. */
  readonly firstPosition: number;
  /** Index of the parent segment, or -1. */
  readonly parent: number;
  /** How many of the parent's tokens it sees. */
  readonly visible: number;
}

/** Queries, and slots, in a tile of attention. */
export const TILE = 32;

/**
 * What the tokens of one run see. Rows of four: row n < N of `queries` is `[firstRange, rangeCount, ownStart, slot]`,
 * the rows after hold ranges of slots `[start, end, 0, 0]`, root first. Query n sees its ranges, then ownStart..slot.
 * `tiles` holds `[row, count]` of stretches of at most TILE rows of one segment, those that see most slots first.
 */
export interface QueryTable {
  readonly inputs: Readonly<Record<"queries" | "tiles" | "positions", Uint32Array>>;
  /** Sizes of a run over the table, those of its rounds of tiles included. */
  readonly dims: Dims;
}

/** Sizes of rounds of tiles: in round r the first `<name>r` of them have work. */
export function roundDims(name: string, lengths: ReadonlyArray<number>): Dims {
  const rounds = lengths.reduce((most, length) => Math.max(most, length), 0);
  const counts = Array.from(
    { length: rounds },
    (_, round) => [`${name}${round}`, lengths.filter((length) => length > round).length],
  );
  return { [`${name}Rounds`]: rounds, ...Object.fromEntries(counts) };
}

/** Slots of each ancestor that segment `index` sees, root first. */
export function ancestorRanges(
  segments: ReadonlyArray<Segment>,
  index: number,
): ReadonlyArray<readonly [number, number]> {
  const ranges: Array<readonly [number, number]> = [];
  let child = segments[index]!;
  while (child.parent >= 0) {
    const parent = segments[child.parent]!;
    if (child.visible > parent.length) {
      throw new Error(`A segment sees ${child.visible} of its parent's ${parent.length} tokens`);
    }
    if (child.visible > 0) ranges.unshift([parent.start, parent.start + child.visible]);
    child = parent;
  }
  return ranges;
}

/** A stretch of tokens of one segment that is computed now: tokens `[from, from + count)` of `segment`. */
export interface QueryRun {
  readonly segment: number;
  readonly from: number;
  readonly count: number;
}

/** Table, tiles and positions of the tokens computed in one run. */
export function queryTable(
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
): QueryTable {
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  const ranges = runs.map((run) => ancestorRanges(segments, run.segment));
  const rangeRows = ranges.reduce((sum, list) => sum + list.length, 0);
  const queries = new Uint32Array((count + rangeRows) * 4);
  const positions = new Uint32Array(count);
  const tiles: Array<{ readonly row: number; readonly count: number; readonly slots: number }> = [];
  let row = 0;
  let range = count;
  runs.forEach((run, index) => {
    const { start, firstPosition } = segments[run.segment]!;
    const list = ranges[index]!;
    const seen = list.reduce((sum, [first, end]) => sum + Math.ceil((end - first) / TILE), 0);
    const end = run.from + run.count;
    for (let i = run.from; i < end; i += TILE) {
      const last = Math.min(i + TILE, end);
      tiles.push({
        row: row + i - run.from,
        count: last - i,
        slots: seen + Math.ceil(last / TILE),
      });
    }
    for (let i = run.from; i < end; i++) {
      queries.set([range, list.length, start, start + i], row * 4);
      positions[row++] = firstPosition + i;
    }
    for (const [first, end] of list) queries.set([first, end], range++ * 4);
  });
  tiles.sort((a, b) => b.slots - a.slots);
  return {
    inputs: {
      queries,
      tiles: Uint32Array.from(tiles.flatMap((tile) => [tile.row, tile.count])),
      positions,
    },
    dims: {
      N: count,
      Q: queries.length / 4,
      T: tiles.length,
      ...roundDims("tiles", tiles.map(({ slots }) => slots)),
    },
  };
}

/** Runs that compute every token of every segment; slots and packed rows are then the same. */
export function allRuns(segments: ReadonlyArray<Segment>): ReadonlyArray<QueryRun> {
  return segments.map((segment, index) => ({ segment: index, from: 0, count: segment.length }));
}

/**
 * Table of who sees each key, for the backward pass over a whole packed batch: row n < N is
 * `[firstView, viewCount, ownEnd, 0]`, the rows after are views `[queryStart, queryEnd, visibleEnd, 0]`. Key n is
 * seen by n..ownEnd and by every view with n < visibleEnd.
 */
export function keyTable(segments: ReadonlyArray<Segment>): Uint32Array {
  const count = segments.reduce((sum, segment) => sum + segment.length, 0);
  const views: number[][][] = segments.map(() => []);
  segments.forEach((segment) => {
    let child = segment;
    while (child.parent >= 0) {
      const parent = segments[child.parent]!;
      const visibleEnd = parent.start + child.visible;
      views[child.parent]!.push([segment.start, segment.start + segment.length, visibleEnd]);
      child = parent;
    }
  });
  const rows = views.reduce((sum, list) => sum + list.length, 0);
  const table = new Uint32Array((count + rows) * 4);
  let view = count;
  segments.forEach((segment, index) => {
    const list = views[index]!;
    const end = segment.start + segment.length;
    for (let n = segment.start; n < end; n++) table.set([view, list.length, end], n * 4);
    for (const row of list) table.set(row, view++ * 4);
  });
  return table;
}
