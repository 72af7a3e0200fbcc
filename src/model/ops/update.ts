import { defineOp } from "./op.ts";

const SETTINGS = ["beta1", "beta2", "eps", "weightDecay"] as const;
const STEP = ["learningRate", "gradientScale", "correction1", "correction2"] as const;

/** Ops of the optimizer. */
export const UPDATE = {
  /** Sums of squares of blocks of elements. */
  sum_squares: defineOp({ inputs: ["x"], outputs: ["sums"], dims: ["elements"] }),
  /** AdamW on a weight and its moments. */
  adamw_update: defineOp(
    { inputs: ["gradient"], outputs: ["w", "m", "v"], dims: ["elements", ...SETTINGS, ...STEP] },
  ),
};
