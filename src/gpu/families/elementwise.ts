/** Kernels in which each invocation or workgroup owns one item: an element, a row or a head. */
import adamwUpdate from "../../../shaders/adamw_update.wgsl" with { type: "text" };
import cacheCopy from "../../../shaders/cache_copy.wgsl" with { type: "text" };
import columnSumBackward from "../../../shaders/column_sum_backward.wgsl" with { type: "text" };
import embeddingBackward from "../../../shaders/embedding_backward.wgsl" with { type: "text" };
import embeddingForward from "../../../shaders/embedding_forward.wgsl" with { type: "text" };
import gatherBackward from "../../../shaders/gather_rows_backward.wgsl" with { type: "text" };
import gatherForward from "../../../shaders/gather_rows_forward.wgsl" with { type: "text" };
import headFinish from "../../../shaders/head_finish.wgsl" with { type: "text" };
import headStatistics from "../../../shaders/head_statistics.wgsl" with { type: "text" };
import normBackward from "../../../shaders/rmsnorm_backward.wgsl" with { type: "text" };
import normForward from "../../../shaders/rmsnorm_forward.wgsl" with { type: "text" };
import normWeight from "../../../shaders/rmsnorm_weight_backward.wgsl" with { type: "text" };
import ropeBackward from "../../../shaders/rope_backward.wgsl" with { type: "text" };
import ropeForward from "../../../shaders/rope_forward.wgsl" with { type: "text" };
import sample from "../../../shaders/sample.wgsl" with { type: "text" };
import samplingMask from "../../../shaders/sampling_mask.wgsl" with { type: "text" };
import sumSquares from "../../../shaders/sum_squares.wgsl" with { type: "text" };
import swigluBackward from "../../../shaders/swiglu_backward.wgsl" with { type: "text" };
import swigluForward from "../../../shaders/swiglu_forward.wgsl" with { type: "text" };
import transposeForward from "../../../shaders/transpose_forward.wgsl" with { type: "text" };
import nextToken from "../../../shaders/lib/next_token.wgsl" with { type: "text" };
import tokenWeight from "../../../shaders/lib/token_weight.wgsl" with { type: "text" };
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import threefry from "../../../shaders/lib/threefry.wgsl" with { type: "text" };
import { vocabularyTile } from "../../model/ops/head.ts";
import {
  type BoundOf,
  flat,
  folded,
  type Kernel,
  type Kernels,
  LANES,
  type Launch,
  ofManyRows,
  rowsOf,
} from "../launches.ts";

type Matrix = Readonly<Record<"rows" | "cols", number>>;

/** Groups of four elements of a matrix. */
export const quarter = ({ rows, cols }: Matrix) => rows * cols / 4;
const colsOf = ({ cols }: { readonly cols: number }) => cols;
/** Number of rotated pairs of one head over all rows. */
const halfHeads = (d: Readonly<Record<"rows" | "headDim", number>>) => d.rows * d.headDim / 2;
/** Trips of a loop over all rows in blocks. */
const overRows = ({ rows }: { readonly rows: number }) => rows + Math.ceil(rows / 256);
const ofNorm = { trips: ({ cols }: Matrix) => cols / 2, textures: ofManyRows("weight") };

/**
 * A kernel in which a workgroup owns one row of the vocabulary. For short rows on CPU adapters, a workgroup is one SIMD
 * register of invocations, since sharing between invocations is slow there. `passes` is how often an invocation reads
 * its part of the row.
 */
function perRow(source: string, passes: number, widest: number): Kernel<Matrix, never> {
  const isShort = ({ cols }: Matrix) => cols <= 4096;
  return {
    code: `${source}\n${grid}`,
    launches: (dims, { family }) => [{
      constants: { WG: family === "lines" && isShort(dims) ? 8 : widest },
      grid: folded(dims.rows),
    }],
    trips: (dims) => passes * (Math.ceil(dims.cols / (isShort(dims) ? 8 : widest)) + widest),
  };
}

type Statistics = BoundOf<"head_statistics">;

/** A dispatch for each tile of the vocabulary: an invocation walks all tokens of a row, and loops have a limit. */
function statisticsLaunches(dims: Statistics): ReadonlyArray<Launch> {
  const { rows, column, first, features } = dims;
  const tile = vocabularyTile(features);
  const WG = 32;
  return Array.from({ length: Math.ceil(features / tile) }, (_, i) => ({
    overrides: { WG },
    dims: {
      column: column + i * tile,
      first: first + i * tile,
      features: Math.min(tile, features - i * tile),
    },
    grid: folded(Math.ceil(rows / WG)),
  }));
}

/** Kernels of one invocation or workgroup for each item. */
export const ELEMENTWISE = {
  embedding_forward: flat(embeddingForward, quarter, { width: 64 }),
  embedding_backward: flat(embeddingBackward, ({ unique, cols }) => unique * cols / 4),
  rmsnorm_forward: flat(normForward, rowsOf, ofNorm),
  rmsnorm_backward: flat(normBackward, rowsOf, ofNorm),
  rmsnorm_weight_backward: flat(normWeight, colsOf, {
    trips: overRows,
    textures: ofManyRows("x", "scale", "dy"),
  }),
  column_sum_backward: flat(columnSumBackward, colsOf, {
    trips: overRows,
    textures: ofManyRows("dy"),
  }),
  transpose_forward: flat(transposeForward, ({ outCols, cols }) => outCols * cols / 4, {
    width: 64,
  }),
  rope_forward: flat(ropeForward, halfHeads, {
    cpuWidth: LANES,
    trips: ({ heads, keyValueHeads }) => heads + keyValueHeads,
  }),
  rope_backward: flat(ropeBackward, halfHeads, { trips: ({ cols, headDim }) => cols / headDim }),
  cache_copy: flat(cacheCopy, quarter, { width: 64 }),
  swiglu_forward: flat(swigluForward, quarter, { width: 64, textures: ofManyRows("x") }),
  swiglu_backward: flat(swigluBackward, quarter, { width: 64, textures: ofManyRows("x", "dy") }),
  gather_rows_forward: flat(gatherForward, quarter, { width: 64 }),
  gather_rows_backward: flat(gatherBackward, quarter, { width: 64 }),
  head_statistics: {
    ...flat<Statistics, "tile">(headStatistics, rowsOf, {
      trips: ({ features }) => 2 * vocabularyTile(features),
      textures: ofManyRows("tile"),
    }),
    launches: statisticsLaunches,
  },
  head_finish: flat(headFinish, rowsOf),
  sampling_mask: perRow(samplingMask, 70, 256),
  sample: perRow(`${sample}\n${tokenWeight}\n${nextToken}\n${threefry}`, 4, 64),
  sum_squares: {
    code: `${sumSquares}\n${grid}`,
    launches: ({ elements }) => [{ grid: folded(Math.ceil(elements / 4096)) }],
  },
  adamw_update: flat(adamwUpdate, ({ elements }) => elements, { width: 64 }),
} satisfies Partial<Kernels>;
