import { defineOp } from "./op.ts";

const STOPS = ["stop0", "stop1", "stop2", "stop3"] as const;

/** Ops that choose the next token. */
export const SAMPLING = {
  /** Tempered logits of each row; NEG_LARGE for tokens that a filter drops. */
  sampling_mask: defineOp({
    inputs: ["logits", "seen"],
    outputs: ["masked"],
    dims: ["rows", "cols", "inverseTemperature", "penalty", "topK", "topP", "minP"],
  }),
  /** Draws the next token of each living row and advances its state. */
  sample: defineOp({
    inputs: ["masked", "logits", "statistics"],
    outputs: ["ids", "positions", "queries", "status", "sampled"],
    dims: [
      "rows",
      "cols",
      "messageTokens",
      "inverseTemperature",
      "maskedScale",
      "greedy",
      ...STOPS,
    ],
  }),
};
