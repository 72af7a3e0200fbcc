/** Kernels of matrix products that only GPUs get, and how they are cut into workgroups. */
import linearAdaptedForward from "../../../shaders/linear_adapted_forward.wgsl" with {
  type: "text",
};
import linearInputBackward from "../../../shaders/linear_input_backward.wgsl" with { type: "text" };
import linearSliceForward from "../../../shaders/linear_slice_forward.wgsl" with { type: "text" };
import linearTileWeightBackward from "../../../shaders/linear_tile_weight_backward.wgsl" with {
  type: "text",
};
import adapterParts from "../../../shaders/lib/adapter_parts.wgsl" with { type: "text" };
import sliceSums from "../../../shaders/lib/slice_sums.wgsl" with { type: "text" };
import linearTileForward from "../../../shaders/linear_tile_forward.wgsl" with { type: "text" };
import { USUAL } from "../choices.ts";
import { type BoundOf, type Kernels, type Launch, TILE_WIDTH, type Traits } from "../launches.ts";

type Linear = BoundOf<"linear_forward">;
type Adapted = BoundOf<"linear_adapted_forward">;

/** Inner features of a slice of a sum: short ones give few rows enough threads. 4 SLICE4 of linear_slice_forward. */
export const GPU_SLICE = 64;

/** Invocations that share the sum of a row's squares; equals SQUARES of the kernels. */
const SQUARES = 64;

/** Rows and features of a tile of `linear_tile_weight_backward`; equals 4 SIDE4 of the kernel. */
const SIDE = 64;

/** The kernel of a product on a GPU. */
export function gpuProductOf({ rows, from }: Linear, { choices: { tileRows } = USUAL }: Traits) {
  return rows >= tileRows && from === 0 ? "linear_tile_forward" : "linear_slice_forward";
}

/** Groups of four inner features of both operands that lie in workgroup memory at a time. */
const KC4 = 4;

/** Constants of the kernels of products in tiles of registers: of SIDE x SIDE numbers, ROWS x FEATURES an invocation. */
export function tileConstants(
  { choices: { tileSide: SIDE, tileOutputs: OUTPUTS } = USUAL }: Traits,
) {
  const FEATURES = OUTPUTS > 32 ? 8 : 4;
  const WG = SIDE * SIDE / OUTPUTS;
  return {
    ...{ SIDE, OUTPUTS, FEATURES, WG },
    ROWS: OUTPUTS / FEATURES,
    LANES: SIDE / FEATURES,
    FILLS: SIDE * KC4 / WG,
  };
}

/** 0 to overwrite, 1 to add to what is there, 2 to add the residual. */
export function storeMode({ accumulate, hasResidual }: Linear): number {
  return accumulate === 1 ? 1 : hasResidual === 1 ? 2 : 0;
}

/** y = x Wᵀ in tiles of registers: one dispatch. */
function tileLaunches(dims: Linear, traits: Traits): ReadonlyArray<Launch> {
  const constants = tileConstants(traits);
  const { SIDE } = constants;
  return [{
    constants,
    dims: { slice: GPU_SLICE, add: storeMode(dims) },
    grid: [Math.ceil(dims.features / SIDE), Math.ceil(dims.rows / SIDE)],
  }];
}

/** Outputs of a thread where few slices make a sum: some compilers take minutes over 16. */
const MOST_OWNED = 4;

/** Rows of x that so many workgroups may read: more would take longer than the weights. */
const FEW_ROWS = 4;
/** Invocations of a workgroup that sums slices, at least or nearly. */
const LEAST_WIDTH = 32;

/**
 * Constants of kernels that sum slices: of up to `most` rows a workgroup, a power of two, and of few rows in `groups`
 * workgroups where there are the features.
 */
function sliceConstants(
  { rows, inner, features, from: FROM }: Readonly<
    Record<"rows" | "inner" | "features" | "from", number>
  >,
  most: number,
  groups: number = 1,
) {
  const LANES = Math.min(16, Math.ceil(inner / GPU_SLICE));
  const room = MOST_OWNED * 2 ** Math.floor(Math.log2(LANES));
  const ROWS = Math.min(most, room, 2 ** Math.ceil(Math.log2(Math.max(1, rows))));
  const widest = TILE_WIDTH / 2 ** Math.ceil(Math.log2(LANES));
  const narrowest = 2 ** Math.floor(Math.log2(LEAST_WIDTH / LANES));
  const wanted = ROWS > FEW_ROWS ? widest : 2 ** Math.floor(Math.log2(features / groups));
  const FEATURES = Math.min(widest, Math.max(narrowest, wanted));
  const WG = FEATURES * LANES;
  const KC4 = ROWS > 4 ? 2 : 4;
  const OWNED = Math.ceil(ROWS * FEATURES / WG);
  const TILE = Math.max((ROWS * LANES + WG) * KC4, Math.ceil(ROWS / 4) * WG);
  const SQUARED_ROWS = Math.min(ROWS, Math.floor(TILE / SQUARES));
  return { ROWS, FEATURES, LANES, WG, KC4, FROM, OWNED, TILE, SQUARED_ROWS };
}

/** y = x Wᵀ with an invocation for each slice of a sum: one dispatch. */
function sliceLaunches(
  dims: Linear,
  { choices: { sliceRows, sliceGroups } = USUAL }: Traits,
): ReadonlyArray<Launch> {
  const constants = sliceConstants(dims, sliceRows, sliceGroups);
  const { FEATURES, ROWS } = constants;
  return [{
    constants,
    dims: { add: storeMode(dims) },
    grid: [Math.ceil(dims.features / FEATURES), Math.ceil(dims.rows / ROWS)],
  }];
}

/** The same with the adapters of its parts. */
function adaptedLaunches(
  dims: Adapted,
  { workgroupBytes, choices: { sliceRows, adaptedGroups } = USUAL }: Traits,
): ReadonlyArray<Launch> {
  const parts = [dims.features0, dims.features1, dims.features2];
  const RANK = Math.max(4, dims.rank0, dims.rank1, dims.rank2);
  const bytesOf = ({ TILE, ROWS }: ReturnType<typeof sliceConstants>) =>
    16 * TILE + 4 * ROWS * (1 + RANK);
  const wide = sliceConstants(dims, sliceRows);
  const constants = bytesOf(wide) <= workgroupBytes ? wide : sliceConstants(dims, 8);
  const { FEATURES, ROWS } = constants;
  const BLOCKS = Math.max(1, Math.floor(dims.features / FEATURES / adaptedGroups));
  const groups = parts.reduce((sum, count) => sum + Math.ceil(count / (BLOCKS * FEATURES)), 0);
  return [{
    constants: { ...constants, RANK, BLOCKS },
    dims: { add: dims.hasResidual },
    grid: [groups, Math.ceil(dims.rows / ROWS)],
  }];
}

/** dx = dy W in tiles of registers: one dispatch. */
function inputLaunches(
  { rows, inner }: BoundOf<"linear_input_backward">,
  traits: Traits,
): ReadonlyArray<Launch> {
  const { SIDE, WG, FILLS } = tileConstants(traits);
  const SIDE4 = SIDE / 4;
  return [{
    constants: { SIDE, SIDE4, WG, FILLS, OWN: SIDE * SIDE4 / WG },
    grid: [Math.ceil(inner / SIDE), Math.ceil(rows / SIDE)],
  }];
}

/** Rows whose products are summed before the sum is added to a weight's gradient. */
const BLOCK_ROWS = 256;

/** dW = dyᵀ x in tiles of registers: one dispatch. */
function weightLaunches({ features, inner }: BoundOf<"linear_weight_backward">) {
  const grid = [Math.ceil(features / SIDE), Math.ceil(inner / SIDE)] as const;
  return [{ dims: { block: BLOCK_ROWS }, grid }];
}

/** Kernels of matrix products for GPUs. */
export const GPU_PRODUCTS = {
  linear_tile_forward: {
    code: linearTileForward,
    unrolled: true,
    launches: tileLaunches,
    trips: ({ inner }) => inner / 4,
  },
  linear_slice_forward: {
    code: `${linearSliceForward}\n${sliceSums}`,
    unrolled: true,
    launches: sliceLaunches,
    trips: ({ inner }) => inner,
  },
  linear_adapted_forward: {
    code: `${linearAdaptedForward}\n${adapterParts}\n${sliceSums}`,
    unrolled: true,
    launches: adaptedLaunches,
    trips: ({ inner }) => inner,
  },
  linear_input_backward: {
    code: linearInputBackward,
    unrolled: true,
    launches: inputLaunches,
    trips: ({ features, rank }) => features + rank,
  },
  linear_tile_weight_backward: {
    code: linearTileWeightBackward,
    unrolled: true,
    launches: weightLaunches,
    trips: ({ rows }) => rows,
  },
} satisfies Partial<Kernels>;
