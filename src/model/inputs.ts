import type { Builder } from "./builder.ts";
import type { Format } from "./formats.ts";
import { symbol, type Tensor } from "./plan.ts";

/** Rows (a symbol, see programs.ts), columns (null where the model decides) and format of an input. */
type InputShape = readonly [rows: string, cols: number | null, format: Format];

/** The inputs that the host writes before a run, of all programs. */
const INPUTS = {
  /** Token ids. */
  ids: ["N", 1, "u32"],
  positions: ["N", 1, "u32"],
  /** Which slots each token sees, and tiles of these tokens: made by `queryTable`. */
  queries: ["Q", 4, "u32"],
  tiles: ["queryTiles", 4, "u32"],
  /** Which tokens see each key: made by `keyTable`. */
  keys: ["K", 4, "u32"],
  key_parts: ["N", 4, "u32"],
  key_tiles: ["keyTiles", 4, "u32"],
  /** Rows that predict a token, the inverse index (2^32-1 where a row predicts none), and the predicted tokens. */
  row_index: ["R", 1, "u32"],
  row_inverse: ["N", 1, "u32"],
  targets: ["R", 1, "u32"],
  /** [dLoss/dLogProb, dLoss/dEntropy] of each prediction. */
  d_head: ["R", 2, "f32"],
  /** For each token id, [id, first, count, 0]: its part of `token_order`, the rows sorted by id, then by row. */
  occurrences: ["U", 4, "u32"],
  token_order: ["N", 1, "u32"],
  /** [from, to, 0, 0] of slots to copy. */
  pairs: ["C", 4, "u32"],
  /** A bit for each token of the vocabulary: 1 if the sequence of the row contains it. */
  seen: ["N", null, "u32"],
  /** See `STATUS`. */
  status: ["N", 8, "u32"],
  /** Pairs of a token and the bits of its log-prob. */
  sampled: ["N", null, "u32"],
} as const satisfies Readonly<Record<string, InputShape>>;

/** The name of an input. */
export type InputName = keyof typeof INPUTS;

/** An input of a program; it has `width` columns where INPUTS has null. */
export function input(b: Builder, name: InputName, width?: number): Tensor {
  const [rows, cols, format] = INPUTS[name];
  return b.tensor(name, symbol(rows), cols ?? width!, { role: "input", format });
}

/** What every pass over packed tokens reads. */
export const PASS_INPUTS = ["ids", "positions", "queries", "tiles"] as const;

/** What a pass that gives log-probs reads in addition. */
export const HEAD_INPUTS = ["row_index", "targets"] as const;
