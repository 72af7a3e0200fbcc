import type { OpKind } from "../model/plan.ts";
import { TILE } from "../model/segments.ts";
import adamwUpdate from "../../shaders/adamw_update.wgsl" with { type: "text" };
import attentionDelta from "../../shaders/attention_delta.wgsl" with { type: "text" };
import attentionForward from "../../shaders/attention_forward.wgsl" with { type: "text" };
import attentionKeyBackward from "../../shaders/attention_key_backward.wgsl" with { type: "text" };
import attentionTileForward from "../../shaders/attention_tile_forward.wgsl" with { type: "text" };
import attentionQueryBackward from "../../shaders/attention_query_backward.wgsl" with {
  type: "text",
};
import attentionTileKeyBackward from "../../shaders/attention_tile_key_backward.wgsl" with {
  type: "text",
};
import attentionTileQueryBackward from "../../shaders/attention_tile_query_backward.wgsl" with {
  type: "text",
};
import cacheCopy from "../../shaders/cache_copy.wgsl" with { type: "text" };
import columnSumBackward from "../../shaders/column_sum_backward.wgsl" with { type: "text" };
import embeddingBackward from "../../shaders/embedding_backward.wgsl" with { type: "text" };
import embeddingForward from "../../shaders/embedding_forward.wgsl" with { type: "text" };
import gatherRowsBackward from "../../shaders/gather_rows_backward.wgsl" with { type: "text" };
import gatherRowsForward from "../../shaders/gather_rows_forward.wgsl" with { type: "text" };
import headBackward from "../../shaders/head_backward.wgsl" with { type: "text" };
import headFinish from "../../shaders/head_finish.wgsl" with { type: "text" };
import headStatistics from "../../shaders/head_statistics.wgsl" with { type: "text" };
import linearForward from "../../shaders/linear_forward.wgsl" with { type: "text" };
import linearWeightBackward from "../../shaders/linear_weight_backward.wgsl" with { type: "text" };
import rmsnormBackward from "../../shaders/rmsnorm_backward.wgsl" with { type: "text" };
import rmsnormForward from "../../shaders/rmsnorm_forward.wgsl" with { type: "text" };
import rmsnormWeightBackward from "../../shaders/rmsnorm_weight_backward.wgsl" with {
  type: "text",
};
import ropeBackward from "../../shaders/rope_backward.wgsl" with { type: "text" };
import ropeForward from "../../shaders/rope_forward.wgsl" with { type: "text" };
import sample from "../../shaders/sample.wgsl" with { type: "text" };
import samplingMask from "../../shaders/sampling_mask.wgsl" with { type: "text" };
import sumSquares from "../../shaders/sum_squares.wgsl" with { type: "text" };
import swigluBackward from "../../shaders/swiglu_backward.wgsl" with { type: "text" };
import swigluForward from "../../shaders/swiglu_forward.wgsl" with { type: "text" };
import transposeForward from "../../shaders/transpose_forward.wgsl" with { type: "text" };
import grid from "../../shaders/lib/grid.wgsl" with { type: "text" };
import threefry from "../../shaders/lib/threefry.wgsl" with { type: "text" };
import weight from "../../shaders/lib/weight.wgsl" with { type: "text" };

/** What an adapter can do, as far as the choice of a kernel's form depends on it. */
export interface Traits {
  /** A driver that runs shaders on the CPU in SIMD lanes (llvmpipe): straight-line code wins. */
  readonly straightLine: boolean;
  readonly workgroupBytes: number;
  readonly maxInvocations: number;
}

/** One dispatch: constants and overrides choose the pipeline, `dims` are added to those of the op. */
export interface Launch {
  readonly constants: Readonly<Record<string, number>>;
  readonly overrides: Readonly<Record<string, number>>;
  readonly dims: Readonly<Record<string, number>>;
  /** Workgroups in x and y. */
  readonly grid: readonly [number, number];
}

/** Sizes and scalars of one run, and the dims of one op. */
export type Bound = Readonly<Record<string, number>>;

const rowsOf = (dims: Bound) => dims["rows"]!;

/** A kernel: its text, and how an op of given sizes is dispatched. */
export interface Kernel {
  readonly code: string;
  readonly launches: (dims: Bound, traits: Traits) => ReadonlyArray<Launch>;
  /** Loop iterations of one invocation, where they grow with the sizes. */
  readonly trips: (dims: Bound) => number;
  /** The input read through load_weight, if any: its format is the override FORMAT. */
  readonly weightInput: number | null;
  /** Inputs that straight-line adapters read again and again, lane by lane: better through textures. */
  readonly textures: (dims: Bound) => ReadonlyArray<number>;
}

const none = () => [];

/** Workgroups per row of a folded grid; equals GRID_X of shaders/lib/grid.wgsl. */
const GRID_X = 32768;

function folded(workgroups: number): readonly [number, number] {
  return [Math.min(workgroups, GRID_X), Math.ceil(workgroups / GRID_X)];
}

interface FlatOptions {
  readonly trips?: (dims: Bound) => number;
  readonly constants?: (dims: Bound) => Bound;
  readonly width?: number;
  /** Width on CPU adapters, where each register of lanes is a unit of work for a core. @default {width} */
  readonly cpuWidth?: number;
  readonly textures?: ReadonlyArray<number>;
}

/** One invocation for each item, `width` to a workgroup. */
function flat(
  source: string,
  items: (dims: Bound) => number,
  options: FlatOptions = {},
): Kernel {
  return {
    code: `${source}\n${grid}`,
    launches: (dims, { straightLine }) => {
      const width = (straightLine ? options.cpuWidth : undefined) ?? options.width ?? 32;
      return [{
        constants: options.constants?.(dims) ?? {},
        overrides: { WG: width },
        dims: {},
        grid: folded(Math.ceil(items(dims) / width)),
      }];
    },
    trips: options.trips ?? (() => 0),
    weightInput: null,
    // A copy ends the compute pass, which a few rows are not worth.
    textures: (dims) =>
      (dims["elements"] ?? dims["rows"]! * 64) >= 8192 ? options.textures ?? [] : [],
  };
}

/** A kernel whose input `weightInput` is read through load_weight. */
function reading(kernel: Kernel, weightInput: number): Kernel {
  return { ...kernel, code: `${kernel.code}\n${weight}`, weightInput };
}

/** One workgroup for each item. */
function perWorkgroup(source: string, items: (dims: Bound) => number): Kernel {
  return {
    code: `${source}\n${grid}`,
    launches: (dims) => [{ constants: {}, overrides: {}, dims: {}, grid: folded(items(dims)) }],
    trips: () => 0,
    weightInput: null,
    textures: none,
  };
}

/**
 * A kernel that owns a row of the vocabulary: one SIMD register of invocations on CPU adapters where the row is short,
 * since what invocations share is dear there. `passes` is how often an invocation goes over its part of the row.
 */
function perRow(source: string, passes: number, widest: number): Kernel {
  const isShort = (dims: Bound) => dims["cols"]! <= 4096;
  return {
    ...perWorkgroup(source, rowsOf),
    launches: (dims, { straightLine }) => [{
      constants: { WG: straightLine && isShort(dims) ? 8 : widest },
      overrides: {},
      dims: {},
      grid: folded(rowsOf(dims)),
    }],
    trips: (dims) => passes * (Math.ceil(dims["cols"]! / (isShort(dims) ? 8 : widest)) + widest),
  };
}

/** Lanes of the widest SIMD register that a CPU adapter computes in. */
const LANES = 16;

/** Width of the fewest workgroups of at most `most` invocations that cover `features`, equally wide. */
function widthFor(features: number, most: number): number {
  const groups = Math.ceil(features / most);
  return Math.min(most, Math.ceil(features / groups / LANES) * LANES);
}

const INNER_MOST = 256;

/** Rows a workgroup computes at once: few for decoding, many for training, as many as the tile may hold. */
function rowsPerTile(rows: number, inner: number, traits: Traits): number {
  const fits = Math.floor(traits.workgroupBytes / (4 * inner));
  const wanted = rows <= 8 ? 8 : rows <= 64 ? 16 : 32;
  return wanted <= fits ? wanted : fits >= 16 ? 16 : 8;
}

/** Tiles of rows that keep all cores busy, so that a workgroup may be as wide as the features. */
const MANY_TILES = 8;

function linearLaunches(dims: Bound, traits: Traits): ReadonlyArray<Launch> {
  const inner = dims["inner"]!;
  const slices = Math.ceil(inner / INNER_MOST);
  const KC = Math.ceil(inner / slices / 4) * 4;
  const TM = rowsPerTile(dims["rows"]!, KC, traits);
  // On a CPU the tile is filled once for all features of a workgroup; a GPU needs its registers.
  const wide = traits.straightLine && dims["rows"]! >= MANY_TILES * TM;
  const WG = widthFor(dims["features"]!, Math.min(wide ? 768 : 128, traits.maxInvocations));
  return Array.from({ length: slices }, (_, slice) => ({
    constants: {
      ...{ TM, KC, WG, FILLS: Math.ceil(TM * KC / 4 / WG) },
      ADD: slice > 0 || dims["accumulate"] === 1 ? 1 : dims["hasResidual"] === 1 ? 2 : 0,
      EXACT: dims["features"]! % WG === 0 ? 1 : 0,
    },
    overrides: {},
    dims: { start: slice * KC },
    grid: [Math.ceil(dims["features"]! / WG), Math.ceil(dims["rows"]! / TM)] as const,
  }));
}

function weightBackwardLaunches(dims: Bound, traits: Traits): ReadonlyArray<Launch> {
  const [features, inner] = [dims["features"]!, dims["inner"]!];
  // Adding to memory costs as much as some hundred products, so blocks are long where there are rows to fill them.
  const TB = dims["rows"]! > 64 ? 128 : 64;
  const TK = 16;
  const owners = Math.ceil(features / 4);
  const WG = widthFor(owners, Math.min(traits.straightLine ? 128 : 64, traits.maxInvocations));
  const FILLS = Math.ceil(TB * TK / 4 / WG);
  const EXACT = features % (4 * WG) === 0 && inner % TK === 0 ? 1 : 0;
  return Array.from({ length: Math.ceil(dims["rows"]! / TB) }, (_, block) => ({
    constants: { TB, TK, WG, FILLS, EXACT },
    overrides: {},
    dims: { start: block * TB },
    grid: [Math.ceil(owners / WG), Math.ceil(inner / TK)] as const,
  }));
}

const quarter = (dims: Bound) => dims["rows"]! * dims["cols"]! / 4;
const heads = (dims: Bound) => dims["rows"]! * dims["heads"]!;
const keyValueHeads = (dims: Bound) => dims["rows"]! * dims["keyValueHeads"]!;
const halfHeads = (dims: Bound) => dims["rows"]! * dims["headDim"]! / 2;
const byHeadDim = (dims: Bound) => ({ D4: dims["headDim"]! / 4 });
const byHeadGroup = (dims: Bound) => ({
  D4: dims["headDim"]! / 4,
  GROUP: dims["heads"]! / dims["keyValueHeads"]!,
});
const overRows = (dims: Bound) => dims["rows"]! * 1.01;

/**
 * Attention in tiles: a dispatch for each round, in which each tile of queries meets one tile of slots, or each tile of
 * keys one of queries. In a round stands a barrier and no branch; what was found so far stays in memory.
 */
function tiled(
  source: string,
  { tile, ...options }: {
    /** Whether lanes are heads of queries, or keys. */
    readonly tile: "queries" | "keys";
    readonly textures: ReadonlyArray<number>;
  },
): Kernel {
  return {
    code: source,
    launches: (dims) => {
      const { D4, GROUP } = byHeadGroup(dims);
      const ofKeys = tile === "keys";
      const WG = Math.ceil(TILE * (ofKeys ? 1 : GROUP) / LANES) * LANES;
      const FILLS = Math.ceil(TILE * D4 / WG);
      const sizes = ofKeys ? { QUERIES: TILE } : { KEYS: TILE };
      const name = ofKeys ? "keyTiles" : "tiles";
      // A key meets the heads that share it one after the other.
      const passes = ofKeys ? GROUP : 1;
      return Array.from({ length: dims[`${name}Rounds`]! * passes }, (_, round) => ({
        constants: { D4, GROUP, ...sizes, WG, FILLS },
        overrides: {},
        dims: { round },
        grid: [dims[`${name}${Math.floor(round / passes)}`]!, dims["keyValueHeads"]!] as const,
      }));
    },
    trips: () => 0,
    weightInput: null,
    textures: (dims) => dims["rows"]! >= 128 ? options.textures : [],
  };
}

/** The kernels that compute the same as the one of an op's name, in tiles. */
const TILE_KERNELS = {
  attention_forward: "attention_tile_forward",
  attention_query_backward: "attention_tile_query_backward",
  attention_key_backward: "attention_tile_key_backward",
} as const;

type TiledOp = keyof typeof TILE_KERNELS;

/** The name of a kernel: that of its op, or of its op in tiles. */
export type KernelName = OpKind | (typeof TILE_KERNELS)[TiledOp];

function isTiled(kind: OpKind): kind is TiledOp {
  return kind in TILE_KERNELS;
}

/** The kernel of an op: in tiles where the run has tiles, the adapter prefers straight lines, and memory holds a tile. */
export function kernelOf(kind: OpKind, dims: Bound, traits: Traits): KernelName {
  if (!isTiled(kind) || !traits.straightLine || dims["tilesRounds"] === undefined) return kind;
  const { D4, GROUP } = byHeadGroup(dims);
  const bytes = TILE * (32 * D4 + 8);
  const lanes = kind === "attention_key_backward" ? TILE : TILE * GROUP;
  return bytes <= traits.workgroupBytes && lanes <= traits.maxInvocations
    ? TILE_KERNELS[kind]
    : kind;
}

/** The kernel of every op, and those in tiles. */
export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  embedding_forward: reading(flat(embeddingForward, quarter, { width: 64 }), 1),
  embedding_backward: flat(embeddingBackward, (d) => d["unique"]! * d["cols"]! / 4),
  rmsnorm_forward: flat(rmsnormForward, rowsOf, {
    trips: (d) => d["cols"]! / 2,
    textures: [0, 1],
  }),
  rmsnorm_backward: flat(rmsnormBackward, rowsOf, {
    trips: (d) => d["cols"]! / 2,
    textures: [0, 1, 3],
  }),
  rmsnorm_weight_backward: flat(rmsnormWeightBackward, (d) => d["cols"]!, {
    trips: overRows,
    textures: [0, 1, 2],
  }),
  linear_forward: {
    code: `${linearForward}\n${weight}`,
    launches: linearLaunches,
    trips: (d) => Math.min(d["inner"]!, INNER_MOST) * 16,
    weightInput: 1,
    // A few rows are not worth a copy; weights are copied once an update.
    textures: (d) => d["rows"]! >= 128 ? [0, 1] : [1],
  },
  linear_weight_backward: {
    code: linearWeightBackward,
    launches: weightBackwardLaunches,
    trips: () => 64 * 16,
    weightInput: null,
    textures: () => [0, 1],
  },
  column_sum_backward: flat(columnSumBackward, (d) => d["cols"]!, {
    trips: overRows,
    textures: [0],
  }),
  transpose_forward: reading(
    flat(transposeForward, (d) => d["outCols"]! * d["cols"]! / 4, { width: 64 }),
    0,
  ),
  rope_forward: flat(ropeForward, halfHeads, {
    cpuWidth: LANES,
    trips: (d) => d["heads"]! + d["keyValueHeads"]!,
    textures: [0, 1, 2],
  }),
  rope_backward: flat(ropeBackward, halfHeads, {
    trips: (d) => d["cols"]! / d["headDim"]!,
    textures: [0],
  }),
  cache_copy: flat(cacheCopy, quarter, { width: 64 }),
  attention_forward: flat(attentionForward, keyValueHeads, {
    cpuWidth: LANES,
    constants: byHeadGroup,
    textures: [1],
  }),
  attention_tile_forward: tiled(attentionTileForward, { tile: "queries", textures: [0, 1] }),
  attention_tile_query_backward: tiled(attentionTileQueryBackward, {
    tile: "queries",
    textures: [0, 1, 3],
  }),
  attention_tile_key_backward: tiled(attentionTileKeyBackward, {
    tile: "keys",
    textures: [0, 1, 3],
  }),
  attention_delta: flat(attentionDelta, heads, { textures: [0, 1] }),
  attention_query_backward: flat(attentionQueryBackward, keyValueHeads, {
    cpuWidth: LANES,
    constants: byHeadGroup,
    textures: [1],
  }),
  attention_key_backward: flat(attentionKeyBackward, keyValueHeads, {
    cpuWidth: LANES,
    trips: (d) => d["seeing"]! * d["heads"]! / d["keyValueHeads"]!,
    constants: byHeadDim,
    textures: [0, 2, 3],
  }),
  swiglu_forward: flat(swigluForward, quarter, { width: 64, textures: [0] }),
  swiglu_backward: flat(swigluBackward, quarter, { width: 64, textures: [0, 1] }),
  gather_rows_forward: flat(gatherRowsForward, quarter, { width: 64 }),
  gather_rows_backward: flat(gatherRowsBackward, quarter, { width: 64 }),
  head_statistics: flat(headStatistics, rowsOf, {
    trips: (d) => 2 * d["features"]!,
    textures: [0],
  }),
  head_finish: flat(headFinish, rowsOf),
  head_backward: flat(headBackward, (d) => d["rows"]! * d["stride"]!, { width: 64 }),
  sampling_mask: perRow(samplingMask, 70, 256),
  sample: perRow(`${sample}\n${threefry}`, 4, 64),
  sum_squares: perWorkgroup(sumSquares, (d) => Math.ceil(d["elements"]! / 4096)),
  adamw_update: flat(adamwUpdate, (d) => d["elements"]!, { width: 64 }),
};
