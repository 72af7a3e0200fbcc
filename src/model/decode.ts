import { type Builder, createBuilder } from "./builder.ts";
import { declareWeights, decoderForward, headWeight, lastNorm, type ModelForm } from "./decoder.ts";
import { input } from "./inputs.ts";
import { linear } from "./ops/linear.ts";
import { type Program, programOf, spansOf, symbol, symbols, type Tensor } from "./plan.ts";

/** Which tokens may be drawn. 0 (or 1 for topP and temperature) switches a filter off; temperature 0 is greedy. */
export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/** Whether a filter truncates the distribution. The ratio in the update ignores the truncation. */
export function truncates(sampling: Sampling): boolean {
  return sampling.topK > 0 || sampling.topP < 1 || sampling.minP > 0;
}

/** Columns of the `status` tensor (N,8), one row for each sequence that is being decoded. */
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

const DECODE_INPUTS = ["ids", "positions", "queries", "status", "sampled", "seen"] as const;

/** An input that the host writes before it decodes. */
export type DecodeInput = typeof DECODE_INPUTS[number];

/**
 * One decoding step for each of N sequences. It feeds `ids`, appends to the cache, samples, tests for a stop and
 * advances `ids`, `positions`, `queries` and `status` on the device, so that steps repeat without the host. `sampled`
 * (N, 2 messageTokens) holds pairs of token id and the bits of its log-prob.
 */
export function decodeProgram(
  model: ModelForm,
  { messageTokens, masked }: { readonly messageTokens: number; readonly masked: boolean },
): Program<"step", DecodeInput> {
  const b = createBuilder();
  const { architecture } = model;
  const weights = declareWeights(b, model);
  const rows = symbol("N");
  const { x } = decoderForward(b, model, weights, "decoding", rows);
  const weight = headWeight(architecture, weights);
  const logits = linear(b, x, weight, { from: lastNorm(architecture, weights) });
  const ids = input(b, "ids");
  const drawn = masked ? filtered(b, logits) : logits;
  const inverseTemperature = symbol("inverseTemperature");
  b.push("sample", {
    masked: drawn,
    logits,
    statistics: statisticsOf(b, logits, weight),
    ids,
    positions: input(b, "positions"),
    queries: input(b, "queries"),
    status: input(b, "status"),
    sampled: input(b, "sampled", 2 * messageTokens),
  }, {
    rows,
    cols: architecture.vocabulary,
    messageTokens,
    inverseTemperature,
    maskedScale: masked ? 1 : inverseTemperature,
    ...symbols("greedy", "stop0", "stop1", "stop2", "stop3"),
  });
  return programOf(masked ? "decode_masked" : "decode", { step: b.ops }, DECODE_INPUTS);
}

/** (N,4) softmax statistics for log-probs, in the stretches and order of the trainer, so that they have its bits. */
function statisticsOf(b: Builder, logits: Tensor, weight: Tensor): Tensor {
  const statistics = b.scratch("head_statistics", logits.rows, 4);
  for (const { first, count: features } of spansOf(weight)) {
    const place = { stride: logits.cols, first, column: first, features };
    b.push("head_statistics", { tile: logits, targets: input(b, "ids"), statistics }, {
      rows: logits.rows,
      ...place,
      inverseTemperature: symbol("inverseTemperature"),
    });
  }
  return statistics;
}

/** Logits divided by the temperature; NEG_LARGE for tokens that a filter drops. */
function filtered(b: Builder, logits: Tensor): Tensor {
  const { rows, cols } = logits;
  const masked = b.scratch("masked_logits", rows, cols);
  const seen = input(b, "seen", Math.ceil(cols / 32));
  const settings = symbols("inverseTemperature", "penalty", "topK", "topP", "minP");
  b.push("sampling_mask", { logits, seen, masked }, { rows, cols, ...settings });
  return masked;
}
