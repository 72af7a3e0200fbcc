import fc from "fast-check";
import { TILE_COSTS } from "../../src/gpu/families/attention.ts";
import {
  allRuns,
  keyTable,
  queryTable,
  type Segment,
  type Tiling,
} from "../../src/model/segments.ts";

/** A forest as parents and visible lengths; starts and positions follow. */
export interface Branch {
  readonly length: number;
  readonly parent: number;
  readonly visible: number;
}

/** Segments packed one after the other; each one's positions continue its parent's visible part. */
export function plantForest(branches: ReadonlyArray<Branch>): ReadonlyArray<Segment> {
  const segments: Segment[] = [];
  let start = 0;
  for (const { length, parent, visible } of branches) {
    const firstPosition = parent < 0 ? 0 : segments[parent]!.firstPosition + visible;
    segments.push({ start, length, firstPosition, parent, visible: parent < 0 ? 0 : visible });
    start += length;
  }
  return segments;
}

/** Forests of up to six segments: roots, shared prompts, suffixes of suffixes, invisible parents. */
export const forest: fc.Arbitrary<ReadonlyArray<Segment>> = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(), fc.nat()),
  { minLength: 1, maxLength: 6 },
).map((picks) => {
  const branches: Branch[] = [];
  picks.forEach(([length, parentPick, visiblePick], i) => {
    const parent = parentPick % (i + 1) - 1;
    const visible = parent < 0 ? 0 : visiblePick % (branches[parent]!.length + 1);
    branches.push({ length, parent, visible });
  });
  return plantForest(branches);
});

/** Tiles of few or many queries, as for kernels with subgroups, where each head has keys of its own. */
export const TILING: Tiling = { ...TILE_COSTS, group: 1 };

export function tokensOf(segments: ReadonlyArray<Segment>): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** The tables of a packed batch of all tokens, and the sizes of a run over them; `group` heads share keys. */
export function tablesOf(segments: ReadonlyArray<Segment>, group = 1) {
  const tiling = { ...TILING, group };
  const [queries, keys] = [queryTable(segments, allRuns(segments), tiling), keyTable(segments)];
  return { ...queries.inputs, ...keys.inputs, dims: { ...queries.dims, ...keys.dims } };
}

/**
 * Slots that token `token` of segment `index` sees, by the definition: of each ancestor the first `visible` tokens,
 * root first, then its own segment up to itself.
 */
export function seenBy(segments: ReadonlyArray<Segment>, index: number, token: number): number[] {
  const seen: number[] = [];
  const climb = (child: Segment): void => {
    if (child.parent < 0) return;
    const parent = segments[child.parent]!;
    climb(parent);
    for (let i = 0; i < child.visible; i++) seen.push(parent.start + i);
  };
  const own = segments[index]!;
  climb(own);
  for (let i = 0; i <= token; i++) seen.push(own.start + i);
  return seen;
}
