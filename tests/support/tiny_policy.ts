import type { WeightFormat } from "../../src/domain/recipe.ts";
import { weightsInMemory } from "../../src/model/weight_source.ts";
import { Effect, Result } from "effect";
import type { RandomKey } from "../../src/math/threefry.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Sampling } from "../../src/model/decode.ts";
import type { Engine } from "../../src/model/engine.ts";
import type { Lora } from "../../src/model/lora.ts";
import type { AdamW } from "../../src/model/programs.ts";
import { createLearner } from "../../src/policy/learner.ts";
import { makePolicy } from "../../src/policy/make_policy.ts";
import type { GenerateRequest, Generation, NonFinite } from "../../src/policy/policy.ts";
import { type Capacity, createRuntime } from "../../src/policy/runtime.ts";
import { randomIds } from "./random_values.ts";
import { TINY, tinyWeights } from "./tiny_models.ts";

export const ADAMW: AdamW = {
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-8,
  weightDecay: 0.01,
  decayed: "matrices",
};

export const ROOMY: Capacity = {
  rows: 20,
  contextTokens: 48,
  passTokens: 256,
  messageTokens: 12,
};

/** A tiny model on an engine as Policy and Learner. */
export const openTiny = Effect.fnUntraced(function* (
  engine: Engine,
  options: {
    readonly capacity?: Partial<Capacity>;
    readonly architecture?: Architecture;
    readonly weights?: ReadonlyMap<string, Float32Array>;
    readonly lora?: Lora;
    readonly format?: WeightFormat;
    readonly adamw?: AdamW;
  } = {},
) {
  const architecture = options.architecture ?? TINY.qwen3;
  const { lora = null, format = "f32" } = options;
  const weights = options.weights ?? tinyWeights(architecture);
  const capacity = { ...ROOMY, ...options.capacity };
  const runtime = yield* createRuntime(
    engine,
    { architecture, weights: weightsInMemory(weights), lora, format },
    capacity,
  );
  const learner = yield* createLearner(runtime, options.adamw ?? ADAMW);
  return { policy: makePolicy(runtime), learner, engine, weights, architecture };
});

/** Plain sampling and the filters that need the masked form. */
export const PLAIN: Sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
export const GREEDY: Sampling = { ...PLAIN, temperature: 0 };
export const FILTERED: Sampling = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.01 };

export function context(seed: number, length: number): Uint32Array {
  return randomIds(seed, length, TINY.qwen3.vocabulary);
}

/** Request number `i`: contexts of different lengths, keys of their own. */
export function request(i: number): GenerateRequest {
  const key: RandomKey = [i, 77];
  return { sequence: `s${i}`, tokens: context(100 + i, 3 + (i * 7) % 23), key, maxTokens: 9 };
}

/** Bits of a generation, for comparison. */
export function bitsOf({ tokens, logProbs, stopped }: Generation) {
  return { tokens: [...tokens], logProbs: [...logProbs], stopped };
}

/** Where a gradient was not finite, or null. */
export function nonFinite(result: Result.Result<unknown, NonFinite>): NonFinite | null {
  return Result.isFailure(result) ? result.failure : null;
}
