import type { Dims } from "./plan.ts";

/**
 * Attention over a forest. A packed batch is a list of segments. A token sees its segment up to itself, and a leading
 * part of each ancestor. This one definition covers packing, decoding with a KV cache, a prompt shared by a group, and
 * probes appended to a trajectory.
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

/** Slots in a tile of attention. In the backward pass of keys, keys in a tile and queries in a tile. */
export const TILE = 32;

/** What tiles of queries cost in the kernels of an engine. */
export interface TileCosts {
  /** Queries in each tile of a run: `few` suits short sequences, `many` suits tiles that read many slots. */
  readonly queries: readonly [few: number, many: number];
  /**
   * The fixed cost of a tile of slots for a tile of queries: its keys and values are read once for all of them. The
   * unit is the cost of one head of one query.
   */
  readonly readCost: number;
  /** A run takes `many` only if it costs less than this share of `few`, since it needs pipelines of its own. */
  readonly worth: number;
}

/** What decides how a run cuts its queries into tiles: the costs, and `group`, the number of heads that share a key. */
export interface Tiling extends TileCosts {
  readonly group: number;
}

/**
 * What the tokens of one run see, in rows of four. Row n < N of `queries` is
 * `[firstRange, rangeCount, ownStart, slot]`; the rows after these are ranges of slots `[start, end, 0, 0]`, root
 * first. Query n sees its ranges, then ownStart..slot. A row of `tiles`, `[row, count, firstRange, rangeCount]`, holds
 * at most `tileRows` rows in consecutive slots. They are of one segment, or of several that see parts of the same
 * ancestors; the ranges of the tile are the longest of these parts. Tiles that see most slots come first.
 */
export interface QueryTable {
  readonly inputs: Readonly<Record<"queries" | "tiles" | "positions", Uint32Array>>;
  /** Sizes of a run over the table. */
  readonly dims: Dims;
}

/** Slots of each ancestor that segment `index` sees, root first. */
export function ancestorRanges(
  segments: ReadonlyArray<Segment>,
  index: number,
): ReadonlyArray<Range> {
  const ranges: Range[] = [];
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

/** Tokens `[from, from + count)` of `segment`, which are computed in this run. */
export interface QueryRun {
  readonly segment: number;
  readonly from: number;
  readonly count: number;
}

type Range = readonly [start: number, end: number];

/** Query rows that read the same tiles of slots. */
interface Tile {
  readonly row: number;
  readonly count: number;
  readonly ranges: ReadonlyArray<Range>;
  /** First slot that its rows see in their own segment, and the slot after that of the last row. */
  readonly own: Range;
}

const tilesOf = ([start, end]: Range) => Math.ceil((end - start) / TILE);

/** Number of tiles of slots that a tile of queries reads. */
function slotTiles({ ranges, own }: Tile): number {
  return [...ranges, own].reduce((sum, range) => sum + tilesOf(range), 0);
}

/** Merges two tiles; null if they do not fit together, or if that would not be less work. */
function merged(first: Tile, second: Tile): Tile | null {
  const follows = first.own[1] === second.own[1] - second.count;
  const isKin = first.ranges.length === second.ranges.length &&
    first.ranges.every(([start], i) => start === second.ranges[i]![0]);
  if (!follows || !isKin) return null;
  const together: Tile = {
    row: first.row,
    count: first.count + second.count,
    ranges: first.ranges.map(([start, end], i) => [start, Math.max(end, second.ranges[i]![1])]),
    own: [first.own[0], second.own[1]],
  };
  return slotTiles(together) < slotTiles(first) + slotTiles(second) ? together : null;
}

/** Cuts runs into tiles of at most `most` rows. A run begins in the last tile before it if that is less work. */
function cutTiles(
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
  most: number,
): ReadonlyArray<Tile> {
  const tiles: Tile[] = [];
  let row = 0;
  for (const { segment, from, count } of runs) {
    const { start } = segments[segment]!;
    const ranges = ancestorRanges(segments, segment);
    const piece = (done: number, length: number): Tile => ({
      row: row + done,
      count: length,
      ranges,
      own: [start, start + from + done + length],
    });
    const room = Math.min(count, most - (tiles.at(-1)?.count ?? most));
    const joined = room > 0 ? merged(tiles.at(-1)!, piece(0, room)) : null;
    if (joined !== null) tiles[tiles.length - 1] = joined;
    for (let done = joined === null ? 0 : room; done < count; done += most) {
      tiles.push(piece(done, Math.min(most, count - done)));
    }
    row += count;
  }
  return tiles;
}

/** The tiles of few or of many rows, whichever cost less; tiles with most work come first. */
function cheaperTiles(
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
  { queries, readCost, worth, group }: Tiling,
): { readonly tiles: ReadonlyArray<Tile>; readonly tileRows: number } {
  const cut = (tileRows: number) => {
    const tiles = cutTiles(segments, runs, tileRows);
    const met = tiles.reduce((sum, tile) => sum + slotTiles(tile), 0);
    return { tiles, tileRows, cost: met * (readCost + tileRows * group) };
  };
  const [few, many] = [cut(queries[0]), cut(queries[1])];
  const { tiles, tileRows } = many.cost < worth * few.cost ? many : few;
  return { tiles: tiles.toSorted((a, b) => slotTiles(b) - slotTiles(a)), tileRows };
}

/** Table, tiles and positions of the tokens computed in one run. */
export function queryTable(
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
  tiling: Tiling,
): QueryTable {
  const rows = runs.reduce((sum, run) => sum + run.count, 0);
  const { tiles, tileRows } = cheaperTiles(segments, runs, tiling);
  const lists = [
    ...runs.map((run) => ancestorRanges(segments, run.segment)),
    ...tiles.map((tile) => tile.ranges),
  ];
  // The row of the table at which each list of ranges begins. Equal lists are stored once.
  const firstRange = new Map<string, number>();
  const ranges: Range[] = [];
  const placeOf = (list: ReadonlyArray<Range>): number => {
    const key = list.join(" ");
    const place = firstRange.get(key) ?? rows + ranges.length;
    if (!firstRange.has(key)) ranges.push(...list);
    firstRange.set(key, place);
    return place;
  };
  lists.forEach(placeOf);
  const queries = new Uint32Array((rows + ranges.length) * 4);
  const positions = new Uint32Array(rows);
  let row = 0;
  runs.forEach(({ segment, from, count }, index) => {
    const { start, firstPosition } = segments[segment]!;
    const list = lists[index]!;
    const place = placeOf(list);
    for (let i = from; i < from + count; i++) {
      queries.set([place, list.length, start, start + i], row * 4);
      positions[row++] = firstPosition + i;
    }
  });
  ranges.forEach((range, i) => queries.set(range, (rows + i) * 4));
  const tileTable = tiles.flatMap((tile) => [
    tile.row,
    tile.count,
    placeOf(tile.ranges),
    tile.ranges.length,
  ]);
  return {
    inputs: { queries, tiles: Uint32Array.from(tileTable), positions },
    dims: {
      N: rows,
      Q: queries.length / 4,
      queryTiles: tiles.length,
      tileRows,
    },
  };
}

/** Runs that compute every token of every segment; slots and packed rows are then the same. */
export function allRuns(segments: ReadonlyArray<Segment>): ReadonlyArray<QueryRun> {
  return segments.map((segment, index) => ({ segment: index, from: 0, count: segment.length }));
}

/**
 * Which queries see each key of a whole packed batch, for the backward pass, in rows of four. Row n < N of `keys` is
 * `[firstView, viewCount, ownEnd, 0]`; the rows after these are views `[queryStart, queryEnd, visibleEnd, 0]`. Key n is
 * seen by n..ownEnd and by every view with n < visibleEnd.
 *
 * A row of `key_tiles`, `[key, part, firstStretch, stretchCount]`, holds at most TILE keys of one segment. A stretch is
 * a row of `keys`, `[queryStart, queryEnd, visibleEnd, isOwn]`; own queries see the keys up to themselves. Keys that
 * many queries see are in several tiles. Each of these has a part of the queries, and rows of its own for the sums.
 * Tiles with most work come first. Row n of `key_parts` is `[first, parts, keys, 0]`. Key n is one of the `keys` keys
 * of its tiles; its sums are the rows first, first + keys, ..
 */
export interface KeyTable {
  readonly inputs: Readonly<Record<"keys" | "key_tiles" | "key_parts", Uint32Array>>;
  readonly dims: Dims;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly visibleEnd: number;
  readonly isOwn: boolean;
}

/** A tile of keys is cut into parts only if it reads more tiles of queries than this. */
const QUERY_TILES = 16;

/** Queries that see some of the keys [key, keyEnd) of a segment. Neighbours that see all of them are one stretch. */
function stretchesOf(
  [key, keyEnd]: Range,
  ownEnd: number,
  views: ReadonlyArray<ReadonlyArray<number>>,
): ReadonlyArray<Stretch> {
  const list: Stretch[] = [{ start: key, end: ownEnd, visibleEnd: 0xffffffff, isOwn: true }];
  for (const [start, end, visibleEnd] of views as ReadonlyArray<[number, number, number]>) {
    if (visibleEnd <= key) continue;
    const last = list.at(-1)!;
    const isWhole = !last.isOwn && last.visibleEnd >= keyEnd && visibleEnd >= keyEnd;
    if (isWhole && last.end === start) list[list.length - 1] = { ...last, end };
    else list.push({ start, end, visibleEnd, isOwn: false });
  }
  return list;
}

const queryTiles = (list: ReadonlyArray<Stretch>) =>
  list.reduce((sum, { start, end }) => sum + tilesOf([start, end]), 0);

/** Cuts stretches into lists of at most `most` tiles of queries. */
function cutStretches(
  list: ReadonlyArray<Stretch>,
  most: number,
): ReadonlyArray<ReadonlyArray<Stretch>> {
  const parts: Stretch[][] = [[]];
  let room = most;
  for (const stretch of list) {
    for (let start = stretch.start; start < stretch.end;) {
      if (room === 0) {
        parts.push([]);
        room = most;
      }
      const end = Math.min(stretch.end, start + room * TILE);
      parts.at(-1)!.push({ ...stretch, start, end });
      room -= tilesOf([start, end]);
      start = end;
    }
  }
  return parts;
}

/** Queries of each segment's descendants that see a part of it: [queryStart, queryEnd, visibleEnd]. */
function viewsOf(segments: ReadonlyArray<Segment>): ReadonlyArray<ReadonlyArray<number[]>> {
  const views: number[][][] = segments.map(() => []);
  for (const segment of segments) {
    let child = segment;
    while (child.parent >= 0) {
      const parent = segments[child.parent]!;
      const visibleEnd = parent.start + child.visible;
      views[child.parent]!.push([segment.start, segment.start + segment.length, visibleEnd]);
      child = parent;
    }
  }
  return views;
}

/** Table and tiles of the queries that see each key. */
export function keyTable(segments: ReadonlyArray<Segment>): KeyTable {
  const views = viewsOf(segments);
  const count = segments.reduce((sum, segment) => sum + segment.length, 0);
  const rows: number[][] = [];
  const after: number[][] = [];
  const tiles = segments.flatMap(({ start, length }, index) => {
    const list = views[index]!;
    const end = start + length;
    for (let n = start; n < end; n++) rows.push([count + after.length, list.length, end, 0]);
    after.push(...list.map((view) => [...view, 0]));
    return Array.from({ length: tilesOf([start, end]) }, (_, i) => {
      const keys: Range = [start + i * TILE, Math.min(start + (i + 1) * TILE, end)];
      return { keys, stretches: stretchesOf(keys, end, list) };
    });
  });
  // With at most `most` tiles of queries in a part, parts add at most as many rows as there are keys.
  const all = tiles.reduce((sum, { stretches }) => sum + queryTiles(stretches), 0);
  const most = Math.max(QUERY_TILES, Math.ceil(all * TILE / count));
  const parts: Array<{ readonly row: number[]; readonly work: number }> = [];
  const sums = new Uint32Array(4 * count);
  let partRow = 0;
  for (const { keys: [key, end], stretches } of tiles) {
    const lists = cutStretches(stretches, most);
    for (let n = key; n < end; n++) {
      sums.set([partRow + n - key, lists.length, end - key, 0], 4 * n);
    }
    lists.forEach((list, part) => {
      const first = count + after.length;
      after.push(...list.map((s) => [s.start, s.end, s.visibleEnd, s.isOwn ? 1 : 0]));
      parts.push({
        row: [key, part, first, list.length],
        work: queryTiles(list),
      });
      partRow += end - key;
    });
  }
  parts.sort((a, b) => b.work - a.work);
  return {
    inputs: {
      keys: Uint32Array.from([...rows, ...after].flat()),
      key_tiles: Uint32Array.from(parts.flatMap((part) => part.row)),
      key_parts: sums,
    },
    dims: { K: rows.length + after.length, keyTiles: parts.length },
  };
}
