/** Kernels of attention for GPUs: the slots of a query are split into parts, which are joined in order. */
import blockQueryBackward from "../../../shaders/attention_block_query_backward.wgsl" with {
  type: "text",
};
import attentionJoin from "../../../shaders/attention_join.wgsl" with { type: "text" };
import laneKeyBackward from "../../../shaders/attention_lane_key_backward.wgsl" with {
  type: "text",
};
import attentionQuery from "../../../shaders/attention_query_forward.wgsl" with { type: "text" };
import attentionPart from "../../../shaders/lib/attention_part.wgsl" with { type: "text" };
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import attentionSplit from "../../../shaders/attention_split_forward.wgsl" with { type: "text" };
import {
  type BoundOf,
  flat,
  folded,
  type Kernels,
  type Launch,
  TILE_WIDTH,
  type Traits,
} from "../launches.ts";

type Sizes = BoundOf<"attention_forward">;

/** Parts of the slots that a query sees. */
const SPLITS = 16;

/** Most vectors of four for the queries of a workgroup, and for the keys that it holds at a time. */
const [QUERY_VECTORS, KEY_VECTORS] = [256, 512];

const groupOf = ({ heads, keyValueHeads }: Sizes) => heads / keyValueHeads;

/** Whether a workgroup holds the queries of the heads that share keys. */
export function fitsWorkgroup(dims: Sizes): boolean {
  return groupOf(dims) * dims.headDim / 4 <= QUERY_VECTORS;
}

/** The kernels of attention on a GPU, or null where the heads that share keys do not fit a workgroup. */
export function gpuAttentionOf(dims: Sizes) {
  if (!fitsWorkgroup(dims)) return null;
  // Without tiles, each row is of another sequence: that is decoding, whose rows are few.
  return dims.tileRows === undefined
    ? ["attention_split_forward", "attention_join"] as const
    : ["attention_query_forward"] as const;
}

function constantsOf(dims: Sizes) {
  const [D4, GROUP] = [dims.headDim / 4, groupOf(dims)];
  const BLOCK = Math.max(1, Math.min(32, Math.floor(KEY_VECTORS / D4)));
  return { D4, GROUP, BLOCK, SPLITS, OWNED: Math.ceil(GROUP * D4 / TILE_WIDTH) };
}

/**
 * Gradients of a block, and vectors of four of its keys or values: 2 and 6 KiB of the 16 of workgroup memory that every
 * adapter has. Queries and gradients of outputs take 8 at most.
 */
const [BLOCK_NUMBERS, BLOCK_VECTORS] = [512, 384];

function blockConstants(dims: Sizes) {
  const { D4, GROUP, OWNED } = constantsOf(dims);
  const fitting = Math.min(Math.floor(BLOCK_VECTORS / D4), Math.floor(BLOCK_NUMBERS / GROUP));
  return { D4, GROUP, OWNED, BLOCK: Math.max(1, Math.min(32, fitting)) };
}

/** Most vectors of four that an invocation sums of a key, and as many of its value. */
const LANE_VECTORS = 16;
const LANES = 32;

function laneConstants({ headDim }: Sizes, { maxInvocations }: Traits) {
  const D4 = headDim / 4;
  const SHARERS = Math.min(Math.ceil(D4 / LANE_VECTORS), Math.floor(maxInvocations / LANES));
  return { D4, LANES, SHARERS, VECTORS: Math.ceil(D4 / SHARERS), WG: LANES * SHARERS };
}

/** Launches of a workgroup for each key/value head of each row, in as many grids as it is to be divided into. */
function divided(dims: Sizes, constants: Readonly<Record<string, number>>): ReadonlyArray<Launch> {
  const all = dims.rows * dims.keyValueHeads;
  const size = Math.max(1, Math.ceil(all / (dims.divisions ?? 1)));
  return Array.from({ length: Math.ceil(all / size) }, (_, part) => ({
    constants,
    dims: { first: part * size, end: Math.min(all, (part + 1) * size) },
    grid: folded(Math.min(size, all - part * size)),
  }));
}

const partBytes = ({ rows, heads, headDim }: Sizes) =>
  rows * heads * SPLITS * (headDim / 4 + 1) * 16;

/** Kernels of attention for GPUs. */
export const GPU_ATTENTION = {
  attention_query_forward: {
    code: `${attentionQuery}\n${attentionPart}\n${grid}`,
    unrolled: true,
    launches: (dims) => divided(dims, constantsOf(dims)),
  },
  attention_split_forward: {
    code: `${attentionSplit}\n${attentionPart}`,
    unrolled: true,
    partBytes,
    launches: (dims) => [{
      constants: constantsOf(dims),
      grid: [SPLITS, dims.rows * dims.keyValueHeads],
    }],
  },
  attention_join: {
    ...flat(attentionJoin, ({ rows, heads, headDim }: Sizes) => rows * heads * headDim, {
      constants: () => ({ SPLITS }),
      width: 64,
    }),
    partBytes,
  },
  attention_block_query_backward: {
    code: `${blockQueryBackward}\n${grid}`,
    unrolled: true,
    launches: (dims) => divided(dims, blockConstants(dims)),
  },
  attention_lane_key_backward: {
    code: `${laneKeyBackward}\n${grid}`,
    unrolled: true,
    launches: (dims, traits) => divided(dims, laneConstants(dims, traits)),
  },
} satisfies Partial<Kernels>;
