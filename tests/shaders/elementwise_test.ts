import {
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
} from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";

const SHAPES = [[1, 4], [31, 4], [13, 20], [263, 4]] as const;
const HOSTILE = Float32Array.of(80, -80, 0, -0, 1e-30, -1e-30, 100, -100, 20, -20, 1, -1);

/** SwiGLU on random gates and ups of each shape, and on hostile gates; `d` stands for the gradient, if any. */
function cases(kind: "swiglu_forward" | "swiglu_backward"): OpCase[] {
  const make = (label: string, cols: number, gate: Float32Array): OpCase => {
    const rows = gate.length / cols;
    const up = randomValues(1, rows * cols, 4);
    const x = Float32Array.from({ length: 2 * rows * cols }, (_, i) => {
      const [n, f] = [Math.floor(i / (2 * cols)), i % (2 * cols)];
      return f < cols ? gate[n * cols + f]! : up[n * cols + f - cols]!;
    });
    const isForward = kind === "swiglu_forward";
    return {
      label,
      kind,
      dims: { rows, cols },
      inputs: [
        floats(2 * cols, x),
        ...(isForward ? [] : [floats(cols, randomValues(2, rows * cols, 4))]),
      ],
      outputs: [overwritten(rows, isForward ? cols : 2 * cols)],
    };
  };
  return [
    ...SHAPES.map(([rows, cols]) => make(`${rows}x${cols}`, cols, randomValues(0, rows * cols, 4))),
    make("hostile", 4, HOSTILE),
  ];
}

// WGSL's exp has an error of up to 3 + 2 |x| units in the last place, |x| <= 80 here, in a quotient and a product.
// Below -80 the kernel takes exp(80) for exp(-x), which changes results that are below 100 exp(-80) in size.
const SILU = { atol: 1e-32, rtol: 200 * F32_EPSILON };

kernelMatches("swiglu_forward is the plain loop", cases("swiglu_forward"), () => SILU);

// 1 + g (1 - s) cancels near g = -1.28, which leaves the absolute error of its terms, |g| <= 100, times |dy up| <= 16.
kernelMatches(
  "swiglu_backward is the plain loop",
  cases("swiglu_backward"),
  () => ({ atol: 16 * 16 * F32_EPSILON, rtol: SILU.rtol }),
);
