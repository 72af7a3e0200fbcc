import { defineOp } from "./op.ts";

const SETTINGS = ["beta1", "beta2", "eps", "weightDecay"] as const;
const STEP = ["learningRate", "gradientScale", "correction1", "correction2"] as const;

/** Sums of squares of blocks of elements. */
export const sumSquaresOp = defineOp({
  kind: "sum_squares",
  inputs: ["x"],
  outputs: ["sums"],
  dims: ["elements"],
});

/** AdamW on a weight and its moments. */
export const adamwUpdateOp = defineOp({
  kind: "adamw_update",
  inputs: ["gradient"],
  outputs: ["w", "m", "v"],
  dims: ["elements", ...SETTINGS, ...STEP],
});
