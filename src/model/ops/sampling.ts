import { defineOp } from "./op.ts";

const STOPS = ["stop0", "stop1", "stop2", "stop3"] as const;

/** Tempered logits of each row, NEG_LARGE where a filter drops a token. */
export const samplingMaskOp = defineOp({
  kind: "sampling_mask",
  inputs: ["logits", "seen"],
  outputs: ["masked"],
  dims: ["rows", "cols", "inverseTemperature", "penalty", "topK", "topP", "minP"],
});

/** Draws the next token of each living row and advances its state. */
export const sampleOp = defineOp({
  kind: "sample",
  inputs: ["masked", "logits", "statistics"],
  outputs: ["ids", "positions", "queries", "status", "sampled"],
  dims: ["rows", "cols", "window", "inverseTemperature", "maskedScale", "greedy", ...STOPS],
});
