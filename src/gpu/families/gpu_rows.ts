/** Kernels for GPUs in which a workgroup owns a row or some columns, or an invocation a number of a row. */
import columnBlockSum from "../../../shaders/column_block_sum_backward.wgsl" with { type: "text" };
import blockSums from "../../../shaders/lib/block_sums.wgsl" with { type: "text" };
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import normBlockWeight from "../../../shaders/rmsnorm_block_weight_backward.wgsl" with {
  type: "text",
};
import normRowBackward from "../../../shaders/rmsnorm_row_backward.wgsl" with { type: "text" };
import normRowForward from "../../../shaders/rmsnorm_row_forward.wgsl" with { type: "text" };
import ropeOutput from "../../../shaders/rope_output_forward.wgsl" with { type: "text" };
import { flat, folded, type Kernel, type Kernels } from "../launches.ts";

type Sizes = Readonly<Record<"rows" | "cols", number>>;

/** Columns of a workgroup; equals COLUMNS of block_sums.wgsl. */
const COLUMNS = 16;

function workgroupForRow(source: string): Kernel<Sizes, never> {
  return {
    code: `${source}\n${grid}`,
    launches: ({ rows }) => [{ grid: folded(rows) }],
  };
}

function workgroupForColumns(source: string): Kernel<Sizes, never> {
  return {
    code: `${source}\n${blockSums}`,
    launches: ({ cols }) => [{ grid: [Math.ceil(cols / COLUMNS), 1] }],
  };
}

/** Kernels of rows and columns for GPUs. */
export const GPU_ROWS = {
  rmsnorm_row_forward: workgroupForRow(normRowForward),
  rmsnorm_row_backward: workgroupForRow(normRowBackward),
  rmsnorm_block_weight_backward: workgroupForColumns(normBlockWeight),
  rope_output_forward: flat(
    ropeOutput,
    ({ rows, heads, keyValueHeads, headDim }) => rows * (heads + 2 * keyValueHeads) * headDim,
    { width: 64 },
  ),
  column_block_sum_backward: workgroupForColumns(columnBlockSum),
} satisfies Partial<Kernels>;
