/** Kernels of matrix products that only GPUs get, and how they are cut into workgroups. */
import linearSliceForward from "../../../shaders/linear_slice_forward.wgsl" with { type: "text" };
import linearTileWeightBackward from "../../../shaders/linear_tile_weight_backward.wgsl" with {
  type: "text",
};
import linearTileForward from "../../../shaders/linear_tile_forward.wgsl" with { type: "text" };
import { type BoundOf, type Kernels, type Launch, TILE_WIDTH } from "../launches.ts";

type Linear = BoundOf<"linear_forward">;

/** Inner features of a slice of a sum: short ones give few rows enough threads. 4 SLICE4 of linear_slice_forward. */
export const GPU_SLICE = 64;

/** Rows and features of a tile; equals SIDE of the kernels. */
const SIDE = 64;

/** Minimum rows of a product for which tiles of registers pay. */
const MANY_ROWS = 32;

/** The kernel of a product on a GPU. */
export function gpuProductOf({ rows, from }: Linear) {
  return rows >= MANY_ROWS && from === 0 ? "linear_tile_forward" : "linear_slice_forward";
}

/** 0 to overwrite, 1 to add to what is there, 2 to add the residual. */
export function storeMode({ accumulate, hasResidual }: Linear): number {
  return accumulate === 1 ? 1 : hasResidual === 1 ? 2 : 0;
}

/** y = x Wᵀ in tiles of registers: one dispatch. */
function tileLaunches(dims: Linear): ReadonlyArray<Launch> {
  return [{
    dims: { slice: GPU_SLICE, add: storeMode(dims) },
    grid: [Math.ceil(dims.features / SIDE), Math.ceil(dims.rows / SIDE)],
  }];
}

/** y = x Wᵀ with an invocation for each slice of a sum: one dispatch. */
function sliceLaunches(dims: Linear): ReadonlyArray<Launch> {
  const { rows, inner, features, from: FROM } = dims;
  const ROWS = [1, 2, 4, 8].find((count) => rows <= count) ?? 16;
  const LANES = Math.min(16, Math.ceil(inner / GPU_SLICE));
  const FEATURES = TILE_WIDTH / 2 ** Math.ceil(Math.log2(LANES));
  const WG = FEATURES * LANES;
  const KC4 = ROWS > 4 ? 2 : 4;
  const OWNED = Math.ceil(ROWS * FEATURES / WG);
  const TILE = Math.max(
    (ROWS * LANES + WG) * KC4,
    Math.ceil(ROWS / 4) * WG,
    FROM === 1 ? 16 * ROWS : 0,
  );
  return [{
    constants: { ROWS, FEATURES, LANES, WG, KC4, FROM, OWNED, TILE },
    dims: { add: storeMode(dims) },
    grid: [Math.ceil(features / FEATURES), Math.ceil(rows / ROWS)],
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
    code: linearSliceForward,
    unrolled: true,
    launches: sliceLaunches,
    trips: ({ inner }) => inner,
  },
  linear_tile_weight_backward: {
    code: linearTileWeightBackward,
    unrolled: true,
    launches: weightLaunches,
    trips: ({ rows }) => rows,
  },
} satisfies Partial<Kernels>;
