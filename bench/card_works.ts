/** What a card is timed on, after section 7 of the goals: products, the head, attention, training and decoding. */
import type { Device } from "../src/gpu/device.ts";
import { BUILT_IN, formOf } from "../tests/support/dispatch_counts.ts";
import * as ours from "./ours.ts";
import * as stages from "./our_stages.ts";
import { SHAPE_NAMES, type ShapeName } from "./random_model.ts";

/** Layers, d, heads, key/value heads, feed-forward and vocabulary of a model. */
export type ShapeNumbers = readonly [number, number, number, number, number, number];

/** A model that a card is timed on; `built-in` is one that adapters computing by software can take. */
export type CardModel = ShapeName | typeof BUILT_IN;

/** All of them. */
export const CARD_MODELS: ReadonlyArray<CardModel> = [...SHAPE_NAMES, BUILT_IN];

/** The numbers of a model. */
export function shapeNumbers(name: string): ShapeNumbers {
  const model = CARD_MODELS.find((one) => one === name)!;
  const { layers, hidden, heads, keyValueHeads, feedForward, vocabulary } =
    formOf(model, "full").architecture;
  return [layers, hidden, heads, keyValueHeads, feedForward, vocabulary];
}

/** A work, and the share of PyTorch's speed in float32 that it is to reach. */
export interface CardWork {
  readonly name: string;
  /** What the rival calls it. */
  readonly asked: string;
  readonly goal: number;
  readonly shapeOf: (model: ShapeNumbers) => ReadonlyArray<number>;
  readonly prepare: (
    device: Device,
    shape: ReadonlyArray<number>,
  ) => Promise<ours.Prepared & { readonly bytes?: number }>;
  /** Tokens of one run, null where it has none. */
  readonly tokensOf: (shape: ReadonlyArray<number>) => number | null;
  readonly sameValues: boolean;
  readonly theirRuns?: number;
}

/** What was measured. Times are of one run, milliseconds; a ratio is theirs / ours. */
export interface WorkResult {
  readonly adapter: string;
  readonly ours: number;
  readonly tokens: number | null;
  /** What our plan of memory takes, and what PyTorch took at most. */
  readonly bytes: number | null;
  readonly theirs: {
    readonly millis: number;
    readonly ratio: number;
    readonly bytes: number | null;
  } | null;
  /** Why there is nothing of PyTorch. */
  readonly note: string;
}

const TOKENS = 2048;
/** Tokens that a decoded one sees. */
const SEEN = 1024;
const none = () => null;

/** A square product: as large as a card wants it, or as one that computes by software can take it. */
const sideOf = ([layers]: ShapeNumbers) => layers < 10 ? 512 : 4096;

const decodeOf = (rows: number): CardWork => ({
  name: `decoding, ${rows} ${rows === 1 ? "row" : "rows"}`,
  asked: "decode",
  goal: 0.7,
  shapeOf: (model) => [rows, SEEN, ...model],
  prepare: stages.decode,
  tokensOf: () => rows * stages.DECODED,
  sameValues: false,
  theirRuns: stages.DECODED,
});

/** All works. */
export const CARD_WORKS: ReadonlyArray<CardWork> = [
  {
    ...{ name: "matrix product", asked: "matmul", goal: 0.5, sameValues: true },
    shapeOf: (model) => Array.from({ length: 3 }, () => sideOf(model)),
    prepare: ours.matmul,
    tokensOf: none,
  },
  {
    ...{ name: "head, log-prob and entropy", asked: "head", goal: 0.8, sameValues: true },
    shapeOf: ([, d, , , , vocabulary]) => [TOKENS, vocabulary, d],
    prepare: ours.head,
    tokensOf: none,
  },
  {
    ...{ name: "attention", asked: "attention", goal: 0.5, sameValues: true },
    shapeOf: ([, d, heads]) => [4 * heads, TOKENS / 4, d / heads],
    prepare: ours.attentionForward,
    tokensOf: none,
  },
  {
    ...{ name: "training step", asked: "step", goal: 0.35, sameValues: false },
    shapeOf: (model) => [4, TOKENS / 4, ...model],
    prepare: stages.step,
    tokensOf: () => TOKENS,
  },
  decodeOf(1),
  decodeOf(16),
];
