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

/**
 * Table of what each query sees, rows of four: row n < N is `[firstRange, rangeCount, ownStart, slot]`, the rows
 * after hold ranges of slots `[start, end, 0, 0]`, root first. Query n sees its ranges, then ownStart..slot.
 */
export interface QueryTable {
  readonly table: Uint32Array;
  readonly positions: Uint32Array;
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

/** Table and positions of the tokens computed in one run; `rangeBase` rows are kept for queries. */
export function queryTable(
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
  rangeBase?: number,
): QueryTable {
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  const base = rangeBase ?? count;
  const ranges = runs.map((run) => ancestorRanges(segments, run.segment));
  const rangeRows = ranges.reduce((sum, list) => sum + list.length, 0);
  const table = new Uint32Array((base + rangeRows) * 4);
  const positions = new Uint32Array(count);
  let row = 0;
  let range = base;
  runs.forEach((run, index) => {
    const segment = segments[run.segment]!;
    const list = ranges[index]!;
    for (let i = run.from; i < run.from + run.count; i++) {
      table.set([range, list.length, segment.start, segment.start + i], row * 4);
      positions[row++] = segment.firstPosition + i;
    }
    for (const [start, end] of list) table.set([start, end], range++ * 4);
  });
  return { table, positions };
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
