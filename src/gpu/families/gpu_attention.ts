/** Kernels of attention for GPUs: the slots of a query are split into parts, which are joined in order. */
import headQueryBackward from "../../../shaders/attention_head_query_backward.wgsl" with {
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
import { byHeadDim } from "./attention.ts";
import { USUAL } from "../choices.ts";
import { type BoundOf, divided, flat, type Kernels, TILE_WIDTH } from "../launches.ts";

type Sizes = BoundOf<"attention_forward">;

/** Parts of the slots that a query sees. */
const SPLITS = 16;

/** Most vectors of four for the queries of a workgroup, and for the keys that it holds at a time. */
const [QUERY_VECTORS, KEY_VECTORS] = [256, 512];

const groupOf = ({ heads, keyValueHeads }: Sizes) => heads / keyValueHeads;

/** The kernels of attention on a GPU, or null where the heads that share keys do not fit a workgroup. */
export function gpuAttentionOf(dims: Sizes) {
  if (groupOf(dims) * dims.headDim / 4 > QUERY_VECTORS) return null;
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

const partBytes = ({ rows, heads, headDim }: Sizes) =>
  rows * heads * SPLITS * (headDim / 4 + 1) * 16;

/** Kernels of attention for GPUs. */
export const GPU_ATTENTION = {
  attention_query_forward: {
    code: `${attentionQuery}\n${attentionPart}\n${grid}`,
    unrolled: true,
    launches: (dims) =>
      divided(dims.rows * dims.keyValueHeads, dims)
        .map((part) => ({ ...part, constants: constantsOf(dims) })),
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
  attention_head_query_backward: {
    code: `${headQueryBackward}\n${grid}`,
    unrolled: true,
    launches: (dims, { choices: { flatWidth } = USUAL }) =>
      divided(dims.rows * dims.heads, dims, flatWidth)
        .map((part) => ({ ...part, constants: byHeadDim(dims), overrides: { WG: flatWidth } })),
  },
  attention_lane_key_backward: {
    code: `${laneKeyBackward}\n${grid}`,
    unrolled: true,
    launches: (dims) =>
      divided(dims.rows * dims.keyValueHeads, dims)
        .map((part) => ({ ...part, constants: byHeadDim(dims) })),
  },
} satisfies Partial<Kernels>;
