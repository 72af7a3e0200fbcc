import { Context, Effect, Layer } from "effect";
import type { BadInput, KernelFailed } from "../domain/errors.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Engine } from "../model/engine.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { Lora } from "../model/lora.ts";
import { type AdamW, logProbProgram } from "../model/programs.ts";
import type { WeightSource } from "../model/weight_source.ts";
import { beliefsOnePass, beliefsSequential } from "./beliefs.ts";
import { evaluateAll } from "./evaluate.ts";
import { generateAll } from "./generate.ts";
import { createLearner } from "./learner.ts";
import { Learner, Policy } from "./policy.ts";
import { type Capacity, createRuntime, type Runtime } from "./runtime.ts";

/** A model and where it runs. */
export interface ModelOptions {
  readonly engine: Engine;
  readonly architecture: Architecture;
  /** Those of adapters included. */
  readonly weights: WeightSource;
  /** @default {null} */
  readonly lora?: Lora | null;
  /** How matrices that are not trained are stored. @default {"f32"} */
  readonly format?: WeightFormat;
  readonly capacity: Capacity;
}

/** A policy on a runtime. */
export function makePolicy(runtime: Runtime): Policy["Service"] {
  return Policy.of({
    adapter: runtime.engine.adapter,
    generate: (requests, options) => generateAll(runtime, requests, options),
    beliefs: (requests) => beliefsOnePass(runtime, requests),
    beliefsSequential: (requests) => beliefsSequential(runtime, requests),
    evaluate: (sequences, temperature) => evaluateAll(runtime, sequences, temperature),
    release: () => runtime.cache.clear(),
  });
}

/** The base of a model with adapters, which shares its weights: the model with its adapters switched off. */
export const makeBasePolicy = Effect.fn("makeBasePolicy")(function* (runtime: Runtime) {
  const { engine, form, dims } = runtime;
  const logProb = yield* engine.load(logProbProgram({ ...form, lora: null }), dims);
  const evaluate: Policy["Service"]["evaluate"] = (sequences, temperature) =>
    evaluateAll({ ...runtime, logProb }, sequences, temperature);
  return { evaluate };
});

/** A model in this process that is sampled and trained with one set of weights. */
export function layerTrainable(
  options: ModelOptions & { readonly adamw: AdamW },
): Layer.Layer<Policy | Learner, BadInput | KernelFailed> {
  return Layer.effectContext(
    Effect.gen(function* () {
      const runtime = yield* createRuntime(options.engine, options, options.capacity);
      const learner = yield* createLearner(runtime, options.adamw);
      return Context.make(Policy, makePolicy(runtime)).pipe(Context.add(Learner, learner));
    }),
  );
}

/** A model in this process that is only sampled. */
export function layerFrozen(
  options: ModelOptions,
): Layer.Layer<Policy, BadInput | KernelFailed> {
  return Layer.effect(
    Policy,
    Effect.map(createRuntime(options.engine, options, options.capacity), makePolicy),
  );
}
