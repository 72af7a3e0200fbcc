/** Kernels of the head for GPUs. The vocabulary is cut into stretches whose states (m, s, t, z) are joined at the end. */
import headJoin from "../../../shaders/head_join.wgsl" with { type: "text" };
import headPartStatistics from "../../../shaders/head_part_statistics.wgsl" with { type: "text" };
import headTileForward from "../../../shaders/head_tile_forward.wgsl" with { type: "text" };
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import onlineSums from "../../../shaders/lib/online_sums.wgsl" with { type: "text" };
import { type BoundOf, folded, type Kernels } from "../launches.ts";

/** Rows and tokens of a tile; equals SIDE of the kernels. */
const SIDE = 64;

/** Maximum stretches of the vocabulary: those of a single row have thousands of threads. */
const MOST_STRETCHES = 512;

/** Bytes of a state. */
const STATE_BYTES = 16;

/** Tiles of a stretch, and the number of stretches. They depend on the tokens alone, and so does the order of sums. */
function stretchesOf(tokens: number) {
  const all = Math.ceil(tokens / SIDE);
  const tiles = Math.ceil(all / MOST_STRETCHES);
  return { tiles, stretches: Math.ceil(all / tiles) };
}

const partBytes = (rows: number, tokens: number) =>
  rows * stretchesOf(tokens).stretches * STATE_BYTES;

/** The tokens of `head_forward`, or of `head_statistics`, which calls them features. */
const tokensOf = (
  dims: Partial<BoundOf<"head_forward"> & BoundOf<"head_statistics">>,
) => dims.tokens ?? dims.features ?? 0;

/** Kernels of the head for GPUs. */
export const GPU_HEAD = {
  head_tile_forward: {
    code: `${headTileForward}\n${onlineSums}`,
    unrolled: true,
    partBytes: ({ rows, tokens }) => partBytes(rows, tokens),
    launches: ({ rows, tokens, keep: KEEP }) => {
      const dims = stretchesOf(tokens);
      const grid = [dims.stretches, Math.ceil(rows / SIDE)] as const;
      return [{ constants: { KEEP }, dims, grid }];
    },
  },
  head_part_statistics: {
    code: `${headPartStatistics}\n${onlineSums}`,
    partBytes: ({ rows, features }) => partBytes(rows, features),
    launches: ({ rows, features }) => {
      const dims = stretchesOf(features);
      return [{ dims, grid: [Math.ceil(dims.stretches / 4), rows] }];
    },
  },
  head_join: {
    code: `${headJoin}\n${onlineSums}\n${grid}`,
    partBytes: (dims) => partBytes(dims.rows, tokensOf(dims)),
    launches: (dims) => {
      const { stretches } = stretchesOf(tokensOf(dims));
      return [{ dims: { stretches }, grid: folded(dims.rows) }];
    },
  },
} satisfies Partial<Kernels>;
