import { Effect } from "effect";
import { logProbProgram } from "../model/programs.ts";
import { beliefsOnePass, beliefsSequential } from "./beliefs.ts";
import { logProbsOf } from "./log_probs.ts";
import { createGenerate } from "./generate.ts";
import { Policy } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/** A policy on a runtime. */
export function makePolicy(runtime: Runtime): Policy["Service"] {
  return Policy.of({
    adapter: runtime.engine.adapter,
    generate: createGenerate(runtime),
    beliefs: (requests) => beliefsOnePass(runtime, requests),
    beliefsSequential: (requests) => beliefsSequential(runtime, requests),
    logProbs: (sequences, temperature) => logProbsOf(runtime, sequences, temperature),
    retire: runtime.cache.retire,
    release: runtime.cache.clear,
  });
}

/** The base of a model with adapters: it shares the model's weights, with the adapters switched off. */
export const makeBasePolicy = Effect.fn("makeBasePolicy")(function* (runtime: Runtime) {
  const { engine, form, dims } = runtime;
  const logProb = yield* engine.load(logProbProgram({ ...form, lora: null }), dims);
  const base = { ...runtime, logProb };
  // The base cannot use the adapted model's cached keys and values: each probe is a forward pass of its own.
  const beliefs: Policy["Service"]["beliefs"] = (requests) => beliefsSequential(base, requests);
  const logProbs: Policy["Service"]["logProbs"] = (sequences, temperature) =>
    logProbsOf(base, sequences, temperature);
  return { logProbs, beliefs, beliefsSequential: beliefs };
});
