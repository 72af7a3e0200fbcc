import { PASS_INPUTS } from "../../src/model/inputs.ts";
import { weightsInMemory } from "../../src/model/weight_source.ts";
import { Effect } from "effect";
import type { Objective } from "../../src/igpo/surrogate.ts";
import { surrogate } from "../../src/igpo/surrogate.ts";
import { gradientName } from "../../src/model/backward.ts";
import { createBuilder } from "../../src/model/builder.ts";
import {
  declareWeights,
  decoderForward,
  headWeight,
  lastNorm,
  type ModelForm,
} from "../../src/model/decoder.ts";
import { linear } from "../../src/model/ops/linear.ts";
import { rmsnorm } from "../../src/model/ops/norm.ts";
import { programOf, symbol } from "../../src/model/plan.ts";
import type { Engine } from "../../src/model/engine.ts";
import type { Lora } from "../../src/model/lora.ts";
import { unstackValues } from "../../src/model/parameters.ts";
import { packBatch } from "../../src/model/packing.ts";
import { trainedParametersOf } from "../../src/model/programs.ts";
import { createLearner } from "../../src/policy/learner.ts";
import { makePolicy } from "../../src/policy/make_policy.ts";
import type { TokenRows } from "../../src/policy/policy.ts";
import { createRuntime } from "../../src/policy/runtime.ts";
import { type GoldenRecord, list, num } from "./golden_dir.ts";
import type { GoldenModel } from "./model_folder.ts";
import { separateSegments } from "../support/plans.ts";
import { nonFinite } from "../support/tiny_policy.ts";

/** Logits of every token of a packed batch. */
function logitsProgram(model: ModelForm) {
  const b = createBuilder();
  const { architecture } = model;
  const weights = declareWeights(b, model);
  const { x } = decoderForward(b, model, weights, "scoring", symbol("N"));
  const { weight, eps } = lastNorm(architecture, weights);
  const target = b.tensor("logits", x.rows, architecture.vocabulary, { role: "output" });
  linear(b, rmsnorm(b, x, weight, eps), headWeight(architecture, weights), { target });
  return programOf("logits", { forward: b.ops }, PASS_INPUTS);
}

/** AdamW with the settings of the golden data; `checkAdamwSettings` checks that all parameters decay. */
export function adamwOf(settings: GoldenRecord) {
  const [beta1, beta2] = list(settings["betas"]).map(num);
  return {
    beta1: beta1!,
    beta2: beta2!,
    eps: num(settings["eps"]),
    weightDecay: num(settings["weight_decay"]),
    decayed: "all",
  } as const;
}

/** What a loss needs of a trained sequence besides the model. */
export interface LossColumns {
  readonly advantage: Float64Array;
  readonly behaviourLogProb: Float64Array;
  readonly referenceLogProb: Float64Array | null;
}

/** A golden model on an engine, seen through Policy and Learner. */
export const openSession = Effect.fnUntraced(function* (
  engine: Engine,
  model: GoldenModel,
  options: {
    readonly contextTokens: number;
    readonly messageTokens: number;
    readonly rows: number;
    /** Adapters, whose values are then among the model's weights. */
    readonly lora?: Lora;
  },
) {
  const { architecture, weights } = model;
  const { lora = null, ...sizes } = options;
  const capacity = { ...sizes, passTokens: sizes.rows * sizes.contextTokens };
  const runtime = yield* createRuntime(
    engine,
    { architecture, weights: weightsInMemory(weights), lora },
    capacity,
  );
  const settings = model.golden["adamw"] as GoldenRecord; // its fields are checked where they are compared
  const learner = yield* createLearner(runtime, adamwOf(settings));
  const parameters = trainedParametersOf(runtime.form);
  const zeros = new Map(
    [...weights].map(([name, { length }]) => [
      name,
      { m: new Float32Array(length), v: new Float32Array(length) },
    ]),
  );
  const byPart = (tensorOf: (parameter: string) => string) =>
    Effect.map(
      engine.read(parameters.map(({ name }) => tensorOf(name))),
      (read) =>
        new Map(parameters.flatMap((parameter) =>
          unstackValues(parameter, read[tensorOf(parameter.name)]!)
        )),
    );
  return {
    architecture,
    learner,
    policy: makePolicy(runtime),
    /** Logits (V) of every token of every sequence. */
    logits: Effect.fnUntraced(function* (sequences: ReadonlyArray<{ tokens: Uint32Array }>) {
      const segments = separateSegments(sequences.map(({ tokens }) => tokens.length));
      const ids = Uint32Array.from(sequences.flatMap(({ tokens }) => [...tokens]));
      const { inputs, dims } = packBatch(segments, ids, [], runtime.tiling);
      const program = yield* engine.load(logitsProgram(runtime.form), {
        ...runtime.dims,
        ...dims,
      });
      for (const name of PASS_INPUTS) program.write(name, inputs[name]);
      program.run("forward", { ...runtime.dims, ...dims });
      return (yield* program.read(["logits"]))["logits"]!;
    }, Effect.scoped),
    /** Sets the golden weights, and moments to zero. */
    restart: () => learner.load({ updates: 0, weights, moments: zeros }),
    gradients: () => byPart(gradientName),
    parameters: () => byPart((name) => name),
    /** Gradient of the negative mean log-prob; gives the loss. */
    nllGradient: (sequences: ReadonlyArray<TokenRows>) => {
      const count = sequences.reduce((sum, { position }) => sum + position.length, 0);
      let loss = 0;
      return Effect.map(
        learner.gradient(sequences, 1, (_, { logProb }) => {
          loss -= logProb.reduce((sum, x) => sum + x, 0) / count;
          return { dLogProb: logProb.map(() => -1 / count), dEntropy: logProb.map(() => 0) };
        }),
        (found) => ({ bad: nonFinite(found), loss }),
      );
    },
    /** Gradient of the clipped surrogate as a mean over all trained tokens; gives the loss and clip states. */
    surrogateGradient: (
      sequences: ReadonlyArray<TokenRows>,
      columns: ReadonlyArray<LossColumns>,
      objective: Objective,
    ) => {
      const count = sequences.reduce((sum, { position }) => sum + position.length, 0);
      let loss = 0;
      let clipped = 0;
      return Effect.map(
        learner.gradient(sequences, 1, (index, evaluation) => {
          const { length } = evaluation.logProb;
          const result = surrogate(
            {
              ...columns[index]!,
              turn: new Uint32Array(length),
              weight: new Float64Array(length).fill(1 / count),
              clipScale: new Float64Array(length).fill(1),
              importanceWeight: null,
            },
            evaluation,
            objective,
          );
          loss += result.loss;
          clipped += result.clipState.filter((state) => state !== 0).length;
          return result;
        }),
        (found) => ({ bad: nonFinite(found), loss, clippedShare: clipped / count }),
      );
    },
  };
});

export type Session = Effect.Success<ReturnType<typeof openSession>>;
