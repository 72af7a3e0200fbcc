/** Kernels for GPUs that draw a token: from stretches of the vocabulary, then from the tokens of one. */
import samplePart from "../../../shaders/sample_parts.wgsl" with { type: "text" };
import sampleJoin from "../../../shaders/sample_join.wgsl" with { type: "text" };
import grid from "../../../shaders/lib/grid.wgsl" with { type: "text" };
import nextToken from "../../../shaders/lib/next_token.wgsl" with { type: "text" };
import tokenWeight from "../../../shaders/lib/token_weight.wgsl" with { type: "text" };
import threefry from "../../../shaders/lib/threefry.wgsl" with { type: "text" };
import { folded, type Kernels } from "../launches.ts";

/** Tokens of a stretch; equals STRETCH of the kernels. */
const STRETCH = 2048;

const stretchesOf = (cols: number) => Math.ceil(cols / STRETCH);

const partBytes = ({ rows, cols }: Readonly<Record<"rows" | "cols", number>>) =>
  rows * stretchesOf(cols) * 16;

/** Kernels of sampling for GPUs. */
export const GPU_SAMPLING = {
  sample_parts: {
    code: `${samplePart}\n${tokenWeight}`,
    partBytes,
    launches: ({ rows, cols }) => {
      const stretches = stretchesOf(cols);
      return [{ dims: { stretches }, grid: [stretches, rows] }];
    },
  },
  sample_join: {
    code: `${sampleJoin}\n${tokenWeight}\n${nextToken}\n${threefry}\n${grid}`,
    partBytes,
    launches: ({ rows, cols }) => [{
      dims: { stretches: stretchesOf(cols) },
      grid: folded(rows),
    }],
  },
} satisfies Partial<Kernels>;
