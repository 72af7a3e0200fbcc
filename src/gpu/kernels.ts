import type { OpKind } from "../model/plan.ts";
import adamwUpdate from "../../shaders/adamw_update.wgsl" with { type: "text" };
import attentionDelta from "../../shaders/attention_delta.wgsl" with { type: "text" };
import attentionForward from "../../shaders/attention_forward.wgsl" with { type: "text" };
import attentionKeyBackward from "../../shaders/attention_key_backward.wgsl" with { type: "text" };
import attentionKeySum from "../../shaders/attention_key_sum.wgsl" with { type: "text" };
import attentionQueryBackward from "../../shaders/attention_query_backward.wgsl" with {
  type: "text",
};
import attentionSubgroupForward from "../../shaders/attention_subgroup_forward.wgsl" with {
  type: "text",
};
import attentionSubgroupKeyBackward from "../../shaders/attention_subgroup_key_backward.wgsl" with {
  type: "text",
};
import attentionSubgroupQueryBackward from "../../shaders/attention_subgroup_query_backward.wgsl" with {
  type: "text",
};
import cacheCopy from "../../shaders/cache_copy.wgsl" with { type: "text" };
import columnSumBackward from "../../shaders/column_sum_backward.wgsl" with { type: "text" };
import embeddingBackward from "../../shaders/embedding_backward.wgsl" with { type: "text" };
import embeddingForward from "../../shaders/embedding_forward.wgsl" with { type: "text" };
import gatherRowsBackward from "../../shaders/gather_rows_backward.wgsl" with { type: "text" };
import gatherRowsForward from "../../shaders/gather_rows_forward.wgsl" with { type: "text" };
import headBackward from "../../shaders/head_backward.wgsl" with { type: "text" };
import headForward from "../../shaders/head_forward.wgsl" with { type: "text" };
import headFinish from "../../shaders/head_finish.wgsl" with { type: "text" };
import headStatistics from "../../shaders/head_statistics.wgsl" with { type: "text" };
import linearForward from "../../shaders/linear_forward.wgsl" with { type: "text" };
import linearRowForward from "../../shaders/linear_row_forward.wgsl" with { type: "text" };
import linearSubgroupWeightBackward from "../../shaders/linear_subgroup_weight_backward.wgsl" with {
  type: "text",
};
import linearTileForward from "../../shaders/linear_tile_forward.wgsl" with { type: "text" };
import linearWeightBackward from "../../shaders/linear_weight_backward.wgsl" with { type: "text" };
import logitsBackward from "../../shaders/logits_backward.wgsl" with { type: "text" };
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
import rowLogits from "../../shaders/lib/row_logits.wgsl" with { type: "text" };
import subgroupLogits from "../../shaders/lib/subgroup_logits.wgsl" with { type: "text" };
import subgroupProducts from "../../shaders/lib/subgroup_products.wgsl" with { type: "text" };
import threefry from "../../shaders/lib/threefry.wgsl" with { type: "text" };
import {
  BACKWARD_VECTORS,
  type Bound,
  byHeadDim,
  byHeadGroup,
  flat,
  FORWARD_VECTORS,
  halfHeads,
  heads,
  type Kernel,
  keyValueHeads,
  LANES,
  overRows,
  overSlots,
  perRow,
  perWorkgroup,
  quarter,
  reading,
  rowsOf,
  subgroupKeys,
  subgroupQueries,
  type Traits,
} from "./launches.ts";
import {
  headBackwardLaunches,
  headLaunches,
  INNER_MOST,
  linearLaunches,
  linearRowLaunches,
  linearTileLaunches,
  logitsLaunches,
  subgroupWeightLaunches,
  suitsRows,
  suitsSubgroups,
  weightBackwardLaunches,
} from "./products.ts";

/** By subgroups, by op: the forms of the family `lines` where there are subgroups. */
const BY_SUBGROUPS = {
  attention_forward: "attention_subgroup_forward",
  attention_query_backward: "attention_subgroup_query_backward",
  attention_key_backward: "attention_subgroup_key_backward",
  linear_weight_backward: "linear_subgroup_weight_backward",
} as const;

type LinearName = "linear_forward" | "linear_row_forward" | "linear_tile_forward";

/** The name of a kernel: that of its op, or of a form of it for some adapters. */
export type KernelName =
  | OpKind
  | LinearName
  | (typeof BY_SUBGROUPS)[keyof typeof BY_SUBGROUPS];

function hasSubgroupForm(kind: OpKind): kind is keyof typeof BY_SUBGROUPS {
  return kind in BY_SUBGROUPS;
}

/** Rows from which a product is worth tiles of registers. */
const MANY_ROWS = 32;

function linearKernelOf(dims: Bound, traits: Traits): LinearName {
  const { family, maxInvocations } = traits;
  const isTiled = family === "tiles" && dims["rows"]! >= MANY_ROWS && dims["from"] === 0;
  if (isTiled && maxInvocations >= 128) return "linear_tile_forward";
  return suitsRows(dims, traits) ? "linear_row_forward" : "linear_forward";
}

/** The kernel of an op of these sizes in the family of an adapter. */
export function kernelOf(kind: OpKind, dims: Bound, traits: Traits): KernelName {
  if (kind === "linear_forward") return linearKernelOf(dims, traits);
  // Attention goes by subgroups where the run has tiles.
  const isCut = kind === "linear_weight_backward" || dims["tileRows"] !== undefined;
  return hasSubgroupForm(kind) && isCut && suitsSubgroups(traits) ? BY_SUBGROUPS[kind] : kind;
}

/** A few rows are not worth a copy; weights are copied once an update. */
const rowsAndWeight = (dims: Bound) => dims["rows"]! >= 128 ? [0, 1] : [1];

function headKernel(code: string, launches: Kernel["launches"]): Kernel {
  return reading({
    code: `${code}\n${rowLogits}`,
    subgroupCode: `${code}\n${subgroupLogits}\n${subgroupProducts}`,
    launches,
    trips: (dims) => dims["inner"]! / 4 * 33,
    textures: rowsAndWeight,
  }, 1);
}

/** The kernel of every op, and those in tiles. */
export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  embedding_forward: reading(flat(embeddingForward, quarter, { width: 64 }), 1),
  embedding_backward: flat(embeddingBackward, (d) => d["unique"]! * d["cols"]! / 4),
  rmsnorm_forward: flat(rmsnormForward, rowsOf, {
    trips: (d) => d["cols"]! / 2,
    textures: [1],
  }),
  rmsnorm_backward: flat(rmsnormBackward, rowsOf, {
    trips: (d) => d["cols"]! / 2,
    textures: [1],
  }),
  rmsnorm_weight_backward: flat(rmsnormWeightBackward, (d) => d["cols"]!, {
    trips: overRows,
    textures: [0, 1, 2],
  }),
  linear_forward: reading({
    code: linearForward,
    launches: linearLaunches,
    trips: (d) => Math.min(d["inner"]!, INNER_MOST) * 16,
    textures: rowsAndWeight,
  }, 1),
  linear_row_forward: reading({
    code: `${linearRowForward}\n${subgroupProducts}`,
    launches: linearRowLaunches,
    trips: (dims) => dims["inner"]! / 4 + dims["inner"]! / INNER_MOST,
    textures: (dims) => dims["hasResidual"] === 1 ? [0, 1, 3] : [0, 1],
  }, 1),
  linear_tile_forward: reading({
    code: linearTileForward,
    unrolled: true,
    launches: linearTileLaunches,
    trips: (d) => d["inner"]! / 4,
    textures: () => [],
  }, 1),
  linear_weight_backward: {
    code: linearWeightBackward,
    launches: weightBackwardLaunches,
    trips: () => 64 * 16,
    weightInput: null,
    textures: () => [0, 1],
  },
  linear_subgroup_weight_backward: {
    code: linearSubgroupWeightBackward,
    launches: subgroupWeightLaunches,
    trips: (d) => Math.ceil(d["rows"]! / 4) + Math.ceil(d["rows"]! / 64),
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
  }),
  rope_backward: flat(ropeBackward, halfHeads, {
    trips: (d) => d["cols"]! / d["headDim"]!,
  }),
  cache_copy: flat(cacheCopy, quarter, { width: 64 }),
  attention_forward: flat(attentionForward, keyValueHeads, {
    cpuWidth: LANES,
    trips: overSlots,
    constants: byHeadGroup,
    textures: [1],
  }),
  attention_subgroup_forward: subgroupQueries(attentionSubgroupForward, FORWARD_VECTORS, [0, 1]),
  attention_subgroup_query_backward: subgroupQueries(
    attentionSubgroupQueryBackward,
    BACKWARD_VECTORS,
    [0, 1, 3],
  ),
  attention_key_sum: flat(attentionKeySum, quarter, { width: 64 }),
  attention_subgroup_key_backward: subgroupKeys(
    attentionSubgroupKeyBackward,
    [0, 1, 2, 3],
  ),
  attention_delta: flat(attentionDelta, heads, { textures: [0, 1] }),
  attention_query_backward: flat(attentionQueryBackward, keyValueHeads, {
    cpuWidth: LANES,
    trips: overSlots,
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
  head_forward: headKernel(headForward, headLaunches),
  head_backward: headKernel(headBackward, headBackwardLaunches),
  logits_backward: {
    code: logitsBackward,
    launches: logitsLaunches,
    trips: () => 8,
    weightInput: null,
    textures: () => [0, 2],
  },
  sampling_mask: perRow(samplingMask, 70, 256),
  sample: perRow(`${sample}\n${threefry}`, 4, 64),
  sum_squares: perWorkgroup(sumSquares, (d) => Math.ceil(d["elements"]! / 4096)),
  adamw_update: flat(adamwUpdate, (d) => d["elements"]!, { width: 64 }),
};
