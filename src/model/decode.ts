import { createBuilder } from "./builder.ts";
import {
  declareWeights,
  decoderForward,
  headWeight,
  input,
  lastNorm,
  type ModelForm,
} from "./decoder.ts";
import { vocabularySpans } from "./ops/head.ts";
import { linear } from "./ops/linear.ts";
import { type Program, symbol, symbols } from "./plan.ts";

/** Which tokens may be drawn. 0 (or 1 for topP and temperature) switches a filter off; temperature 0 is greedy. */
export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/** Whether a filter cuts the distribution, so that the ratio of the update ignores something. */
export function truncates(sampling: Sampling): boolean {
  return sampling.topK > 0 || sampling.topP < 1 || sampling.minP > 0;
}

/** Columns of the `status` tensor (N,8), one row a sequence that is being decoded. */
export const STATUS = { alive: 0, produced: 1, limit: 2, key0: 3, key1: 4 } as const;

/** At most this many different tokens end a message. */
export const MAX_STOPS = 4;

/** Stop tokens as scalars of a run. */
export function stopDims(stops: ReadonlyArray<number>): Record<string, number> {
  if (stops.length > MAX_STOPS) {
    throw new Error(
      `Cannot decode as at most ${MAX_STOPS} tokens may end a message: current value is ${stops.length}`,
    );
  }
  const none = 0xffffffff;
  return Object.fromEntries(
    Array.from({ length: MAX_STOPS }, (_, i) => [`stop${i}`, stops[i] ?? none]),
  );
}

/**
 * One decoded token for each of N sequences: feeds `ids`, appends to the cache, samples, tests for a stop and
 * advances `ids`, `positions`, `queries` and `status` on the device, so that it repeats without the host.
 * `sampled` (N, 2 window) holds pairs of token id and the bits of its log-prob.
 */
export function decodeProgram(
  model: ModelForm,
  options: { readonly window: number; readonly masked: boolean },
): Program<"step"> {
  const b = createBuilder();
  const { architecture } = model;
  const weights = declareWeights(b, model);
  const rows = symbol("N");
  const { x } = decoderForward(b, model, weights, "decoding", rows);
  const weight = headWeight(architecture, weights);
  const vocabulary = architecture.vocabulary;
  const logits = linear(b, x, weight, { from: lastNorm(architecture, weights) });
  const ids = input(b, "ids", rows, 1, "u32");
  const inverseTemperature = symbol("inverseTemperature");
  const statistics = b.scratch("head_statistics", rows, 4);
  // The same tiles in the same order as the trainer's head, so that the log-probs have the same bits.
  for (const { first, count: features } of vocabularySpans(weight)) {
    const place = { stride: vocabulary, first, column: first, features };
    const tensors = { tile: logits, targets: ids, statistics };
    b.push("head_statistics", tensors, { rows, ...place, inverseTemperature });
  }
  const masked = options.masked ? b.scratch("masked_logits", rows, vocabulary) : logits;
  if (options.masked) {
    const seen = input(b, "seen", rows, Math.ceil(vocabulary / 32), "u32");
    b.push("sampling_mask", { logits, seen, masked }, {
      rows,
      cols: vocabulary,
      ...symbols("inverseTemperature", "penalty", "topK", "topP", "minP"),
    });
  }
  b.push("sample", {
    masked,
    logits,
    statistics,
    ids,
    positions: input(b, "positions", rows, 1, "u32"),
    queries: input(b, "queries", symbol("Q"), 4, "u32"),
    status: input(b, "status", rows, 8, "u32"),
    sampled: input(b, "sampled", rows, 2 * options.window, "u32"),
  }, {
    rows,
    cols: vocabulary,
    window: options.window,
    inverseTemperature,
    maskedScale: options.masked ? 1 : inverseTemperature,
    ...symbols("greedy", "stop0", "stop1", "stop2", "stop3"),
  });
  return { name: options.masked ? "decode_masked" : "decode", phases: { step: [...b.ops] } };
}
