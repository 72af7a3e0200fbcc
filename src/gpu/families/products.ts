/** Kernels of matrix products and of the head, and how they are cut into tiles. */
import { STRIP } from "../../model/ops/head.ts";
import headBackward from "../../../shaders/head_backward.wgsl" with { type: "text" };
import headForward from "../../../shaders/head_forward.wgsl" with { type: "text" };
import linearForward from "../../../shaders/linear_forward.wgsl" with { type: "text" };
import linearRowForward from "../../../shaders/linear_row_forward.wgsl" with { type: "text" };
import logitsBackward from "../../../shaders/logits_backward.wgsl" with { type: "text" };
import subgroupWeight from "../../../shaders/linear_subgroup_weight_backward.wgsl" with {
  type: "text",
};
import weightBackward from "../../../shaders/linear_weight_backward.wgsl" with { type: "text" };
import rowLogits from "../../../shaders/lib/row_logits.wgsl" with { type: "text" };
import subgroupLogits from "../../../shaders/lib/subgroup_logits.wgsl" with { type: "text" };
import subgroupProducts from "../../../shaders/lib/subgroup_products.wgsl" with { type: "text" };
import { GPU_SLICE, gpuProductOf, storeMode } from "./gpu_products.ts";
import {
  type BoundOf,
  type Kernels,
  LANES,
  type Launch,
  suitsSubgroups,
  suitsTiles,
  type Traits,
} from "../launches.ts";

type Linear = BoundOf<"linear_forward">;
type LinearWeight = BoundOf<"linear_weight_backward">;

/** Width of equally wide workgroups, the fewest of at most `most` invocations that cover `features`. */
function widthFor(features: number, most: number): number {
  const groups = Math.ceil(features / most);
  return Math.min(most, Math.ceil(features / groups / LANES) * LANES);
}

/** Maximum inner features of a slice of a sum: a tile of them must fit workgroup memory. */
const INNER_MOST = 256;

/**
 * Rows that a workgroup computes at once: few for decoding, many for training, at most what its tile can hold. Straight
 * lines for more than 8 rows are no faster and take a second and more to compile.
 */
function rowsPerTile(rows: number, rowBytes: number, { family, workgroupBytes }: Traits): number {
  const fits = Math.floor(workgroupBytes / rowBytes);
  const wanted = family === "lines" || rows <= 8 ? 8 : rows <= 64 ? 16 : 32;
  return wanted <= fits ? wanted : fits >= 16 ? 16 : 8;
}

/** Length of the slices of sums over inner features: a slice of a few rows fits workgroup memory. */
function sliceOf(inner: number): number {
  const slices = Math.ceil(inner / INNER_MOST);
  return Math.ceil(inner / slices / 4) * 4;
}

/**
 * Features of a workgroup of `linear_forward`. On a CPU a workgroup fills its tile of x once for all its features, so
 * it gets as many as still leave each core a workgroup; more than 384 are no faster. On a GPU registers limit them.
 */
function linearWidth(features: number, { family, cores, maxInvocations }: Traits) {
  const most = family === "lines" ? Math.min(384, Math.max(64, Math.ceil(features / cores))) : 128;
  return widthFor(features, Math.min(most, maxInvocations));
}

/**
 * Sums over more inner features choose at run time whether to add to y, so that they share a pipeline: lavapipe keeps
 * 15 MB for each pipeline of so many straight lines. An unneeded read of y costs little beside the sum.
 */
const SHORT_SUM = 128;

/** y = x Wᵀ: one dispatch if a tile of x fits workgroup memory, else one for each part, which adds to those before. */
function linearLaunches(dims: Linear, traits: Traits): ReadonlyArray<Launch> {
  const { rows, features, inner, from: FROM } = dims;
  const slice = sliceOf(inner);
  const mode = storeMode(dims);
  const isNormed = FROM === 1;
  const TM = rowsPerTile(rows, 4 * slice + (isNormed ? 16 : 0), traits);
  const SCALES = isNormed ? TM : 0;
  const count = Math.ceil(inner / slice);
  const fits = Math.floor((traits.workgroupBytes - 16 * SCALES) / (4 * TM * slice));
  const parts = Math.ceil(count / fits);
  const SLICES = Math.ceil(count / parts);
  const KC = SLICES * slice;
  const isShared = traits.family === "lines" && KC > SHORT_SUM && mode === 0;
  const readsSums = parts > 1 || mode === 1 || isShared;
  const READS = (readsSums ? 1 : 0) + (mode === 2 ? 2 : 0);
  const WG = linearWidth(features, traits);
  const FILLS = Math.ceil(TM * KC / 4 / WG);
  const EXACT = features % WG === 0 ? 1 : 0;
  return Array.from({ length: parts }, (_, part) => ({
    constants: { TM, KC, SLICES, SLICE4: slice / 4, WG, FILLS, READS, FROM, SCALES, EXACT },
    dims: { start: part * KC, add: part > 0 ? 1 : mode },
    grid: [Math.ceil(features / WG), Math.ceil(rows / TM)] as const,
  }));
}

/**
 * Rows whose products are summed before the sum is added to a weight's gradient. Adding to memory costs as much as some
 * hundred products, so blocks are long if there are enough rows.
 */
function rowsOfBlock({ rows, wholeRows = rows }: LinearWeight): number {
  return wholeRows >= 1024 ? 256 : wholeRows > 64 ? 128 : 64;
}

/** dW = dyᵀ x: a dispatch for each block of rows. */
function weightBackwardLaunches(dims: LinearWeight, traits: Traits): ReadonlyArray<Launch> {
  const { rows, features, inner } = dims;
  const TB = rowsOfBlock(dims);
  const TK = 16;
  const owners = Math.ceil(features / 4);
  // lavapipe keeps 30 MB for each pipeline of so many straight lines; narrow workgroups let one serve all features.
  const WG = widthFor(
    owners,
    Math.min(traits.family === "lines" ? 32 : 64, traits.maxInvocations),
  );
  const FILLS = Math.ceil(TB * TK / 4 / WG);
  const EXACT = features % (4 * WG) === 0 && inner % TK === 0 ? 1 : 0;
  return Array.from({ length: Math.ceil(rows / TB) }, (_, block) => ({
    constants: { TB, TK, WG, FILLS, EXACT },
    dims: { start: block * TB },
    grid: [Math.ceil(owners / WG), Math.ceil(inner / TK)] as const,
  }));
}

/** Rows that an invocation owns in subgroup kernels: with 64 features, at most four rows fit its registers. */
const SUBGROUP_ROWS = 4;

/** Features that an invocation owns; the lanes of its subgroup divide the reads of their weights. */
function subgroupFeatures(features: number): number {
  return features % STRIP === 0 ? STRIP : STRIP / 2;
}

/** Whether `linear_row_forward` suits a product: workgroups must be full, and a lane stores four features at a time. */
function suitsRows(
  { rows, features, outCols, outColumn, from }: Linear,
  traits: Traits,
): boolean {
  if (!suitsSubgroups(traits)) return false;
  // Lanes past the last row waste work, but 7/8 full is enough: tiles for so many rows would compile for seconds.
  const isFull = rows > 7 / 8 * SUBGROUP_ROWS * traits.subgroup;
  return from === 0 && isFull && features % (STRIP / 2) === 0 && outCols % 4 === 0 &&
    outColumn % 4 === 0;
}

/** The kernel of a product. */
export function linearKernelOf(dims: Linear, traits: Traits) {
  if (suitsTiles(traits)) return gpuProductOf(dims, traits);
  return suitsRows(dims, traits) ? "linear_row_forward" : "linear_forward";
}

/**
 * Constants of the head if its weight goes through workgroup memory. Sums are cut where `linearLaunches` cuts them, so
 * that they have the same bits.
 */
function byRows(rows: number, inner: number, traits: Traits) {
  const FEATURES = STRIP / 2;
  const WG = Math.min(rows >= 64 ? 64 : LANES, traits.maxInvocations);
  const [KC, CHUNKS, SLICE] = traits.family === "tiles"
    ? [GPU_SLICE, Math.ceil(inner / GPU_SLICE), 1]
    : chunksOf(inner, Math.floor(traits.workgroupBytes / (4 * FEATURES)), traits);
  const FILLS = Math.ceil(FEATURES * KC / 4 / WG);
  return { FEATURES, ROWS: 1, SUMS: FEATURES, KC, CHUNKS, SLICE, WG, FILLS };
}

/** Length and number of the chunks in which a weight goes through workgroup memory, and how many make a slice. */
function chunksOf(inner: number, fits: number, { family }: Traits) {
  const sliced = sliceOf(inner);
  const most = Math.min(family === "lines" ? INNER_MOST : 64, fits);
  // All chunks of a slice are equally long.
  const groups = sliced / 4;
  let perSlice = Math.ceil(sliced / most);
  while (groups % perSlice !== 0) perSlice += 1;
  return [sliced / perSlice, Math.ceil(inner / INNER_MOST) * perSlice, perSlice] as const;
}

/** The same if the weight goes through registers of a subgroup. */
function bySubgroups(rows: number, inner: number, { subgroup }: Traits) {
  const FEATURES = STRIP;
  const ROWS = rows > 2 * subgroup ? SUBGROUP_ROWS : 1;
  const WG = subgroup;
  const [SUMS, KC, PARTS] = [ROWS * FEATURES, sliceOf(inner), FEATURES / WG];
  return { FEATURES, ROWS, SUMS, KC, WG, LANES: WG, PARTS };
}

/** y = x Wᵀ with rows as lanes, in strips of the features: one dispatch. */
function linearRowLaunches(dims: Linear, { subgroup }: Traits): ReadonlyArray<Launch> {
  const { rows, inner, features } = dims;
  const [FEATURES, ROWS] = [subgroupFeatures(features), SUBGROUP_ROWS];
  const SUMS = ROWS * FEATURES;
  return [{
    constants: {
      FEATURES,
      ROWS,
      LANES: subgroup,
      PARTS: FEATURES / subgroup,
      SUMS,
      TOTALS: SUMS / 4,
      READS: storeMode(dims),
      SLICED: inner > INNER_MOST ? 1 : 0,
    },
    dims: { slice: sliceOf(inner) },
    grid: [features / FEATURES, Math.ceil(rows / (ROWS * subgroup))],
  }];
}

/** dW = dyᵀ x by subgroups: one dispatch. */
function subgroupWeightLaunches(dims: LinearWeight, { subgroup }: Traits): ReadonlyArray<Launch> {
  const { features, inner } = dims;
  const TK = [64, 32].find((width) => inner % width === 0) ?? 16;
  const EXACT = features % (4 * subgroup) === 0 && inner % TK === 0 ? 1 : 0;
  return [{
    constants: { TK, LANES: subgroup, PARTS: TK / subgroup, EXACT },
    dims: { block: rowsOfBlock(dims) },
    grid: [Math.ceil(features / 4 / subgroup), Math.ceil(inner / TK)],
  }];
}

function headConstants({ rows, inner }: BoundOf<"head_backward">, traits: Traits) {
  return suitsSubgroups(traits) ? bySubgroups(rows, inner, traits) : byRows(rows, inner, traits);
}

/** The head in strips of the vocabulary: one dispatch for each strip. */
function headLaunches(dims: BoundOf<"head_forward">, traits: Traits): ReadonlyArray<Launch> {
  const constants = headConstants(dims, traits);
  const { FEATURES, ROWS, WG } = constants;
  // Kept logits fill whole rows of `stride` columns.
  const tokens = dims.keep === 1 ? dims.stride : dims.tokens;
  return Array.from({ length: Math.ceil(tokens / FEATURES) }, (_, strip) => ({
    constants: { ...constants, KEEP: dims.keep },
    dims: { column: strip * FEATURES },
    grid: [Math.ceil(dims.rows / (ROWS * WG)), 1] as const,
  }));
}

/** Gradients of logits that are computed again, in strips of the vocabulary: one dispatch. */
function headBackwardLaunches(
  dims: BoundOf<"head_backward">,
  traits: Traits,
): ReadonlyArray<Launch> {
  const constants = headConstants(dims, traits);
  const { FEATURES, ROWS, WG } = constants;
  const TOUCH = suitsSubgroups(traits) ? 1 : 0;
  return [{
    constants: { ...constants, TOUCH },
    grid: [dims.stride / FEATURES, Math.ceil(dims.rows / (ROWS * WG))],
  }];
}

/** Gradients of logits in strips of the vocabulary: one dispatch. */
function logitsLaunches({ rows, stride }: BoundOf<"logits_backward">): ReadonlyArray<Launch> {
  const [FEATURES, WG] = [STRIP / 2, 64];
  return [{ constants: { FEATURES, WG }, grid: [stride / FEATURES, Math.ceil(rows / WG)] }];
}

/** Few rows of x do not pay for a copy; weights are copied only once an update. */
const rowsAndWeight = ({ rows }: { readonly rows: number }) =>
  rows >= 128 ? ["x", "w"] as const : ["w"] as const;

/** What the two kernels that make logits have in common. */
function headKernel(code: string) {
  return {
    code: `${code}\n${rowLogits}`,
    subgroupCode: `${code}\n${subgroupLogits}\n${subgroupProducts}`,
    trips: ({ inner }: { readonly inner: number }) => inner / 4 * 33,
    textures: rowsAndWeight,
  };
}

/** Kernels of products and of the head. */
export const PRODUCTS = {
  linear_forward: {
    code: linearForward,
    launches: linearLaunches,
    trips: ({ inner }) => Math.min(inner, INNER_MOST) * 16,
    textures: rowsAndWeight,
  },
  linear_row_forward: {
    code: `${linearRowForward}\n${subgroupProducts}`,
    launches: linearRowLaunches,
    trips: ({ inner }) => inner / 4 + inner / INNER_MOST,
    textures: ({ hasResidual }) => hasResidual === 1 ? ["x", "w", "residual"] : ["x", "w"],
  },
  linear_weight_backward: {
    code: weightBackward,
    launches: weightBackwardLaunches,
    trips: () => 64 * 16,
    textures: () => ["x", "dy"],
  },
  linear_subgroup_weight_backward: {
    code: subgroupWeight,
    launches: subgroupWeightLaunches,
    trips: ({ rows }) => Math.ceil(rows / 4) + Math.ceil(rows / 64),
    textures: () => ["x", "dy"],
  },
  head_forward: { ...headKernel(headForward), launches: headLaunches },
  head_backward: { ...headKernel(headBackward), launches: headBackwardLaunches },
  logits_backward: {
    code: logitsBackward,
    launches: logitsLaunches,
    trips: () => 8,
    textures: () => ["logits", "result"],
  },
} satisfies Partial<Kernels>;
