/** Kernels of products with adapters, and of their gradients, that only GPUs get. */
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import adapterParts from "../../../shaders/lib/adapter_parts.wgsl" with { type: "text" };
import linearLowRankForward from "../../../shaders/linear_low_rank_forward.wgsl" with {
  type: "text",
};
import lowRankInputBackward from "../../../shaders/low_rank_input_backward.wgsl" with {
  type: "text",
};
import lowRankWeightBackward from "../../../shaders/low_rank_weight_backward.wgsl" with {
  type: "text",
};
import { folded, type Kernels } from "../launches.ts";
import { GPU_SLICE, tileConstants } from "./gpu_products.ts";

type Parts = Readonly<
  Record<"features0" | "features1" | "features2" | "rank0" | "rank1" | "rank2", number>
>;

const featuresOf = (d: Parts) => [d.features0, d.features1, d.features2];
const ranksOf = (d: Parts) => [d.rank0, d.rank1, d.rank2];

/** Workgroups of all parts if each has one for every `width` of its extent. */
function groupsOf(extents: ReadonlyArray<number>, width: number): number {
  return extents.reduce((sum, extent) => sum + Math.ceil(extent / width), 0);
}

/** Rows and ranks of a tile of `low_rank_input_backward`; equals ROWS and RANKS of the kernel. */
const [LOW_ROWS, LOW_RANKS] = [32, 16];

/** Cells of a workgroup of `low_rank_weight_backward`, and stretches of its rows; equals CELLS and SPLITS. */
const [CELLS, SPLITS] = [8, 16];

/** Cells of 4 x 4 numbers of the gradients of A and of every B. */
function cellsOf(dims: Parts & { readonly inner: number }): number {
  const ranks = ranksOf(dims);
  const seconds = featuresOf(dims).map((count, part) => count * ranks[part]!);
  const numbers = seconds.reduce(
    (sum, count) => sum + count,
    ranks.reduce((sum, rank) => sum + rank, 0) * dims.inner,
  );
  return numbers / 16;
}

/** Kernels of products with adapters for GPUs. */
export const GPU_LOW_RANK = {
  linear_low_rank_forward: {
    code: `${linearLowRankForward}\n${adapterParts}`,
    unrolled: true,
    launches: (dims, traits) => {
      const constants = tileConstants(traits);
      const { SIDE } = constants;
      return [{
        constants,
        dims: { slice: GPU_SLICE, add: dims.hasResidual },
        grid: [groupsOf(featuresOf(dims), SIDE), Math.ceil(dims.rows / SIDE)],
      }];
    },
    trips: ({ inner, rank0 }) => (inner + rank0) / 4,
  },
  low_rank_input_backward: {
    code: `${lowRankInputBackward}\n${adapterParts}`,
    unrolled: true,
    launches: (dims) => [{
      grid: [groupsOf(ranksOf(dims), LOW_RANKS), Math.ceil(dims.rows / LOW_ROWS)],
    }],
    trips: ({ features }) => features / 16,
  },
  low_rank_weight_backward: {
    code: `${lowRankWeightBackward}\n${grid}`,
    launches: (dims) => [{ grid: folded(Math.ceil(cellsOf(dims) / CELLS)) }],
    trips: ({ rows }) => rows / SPLITS,
  },
} satisfies Partial<Kernels>;
