import { Context, Effect, Layer, Result } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import type { Recipe, WeightFormat } from "../domain/recipe.ts";
import type { Architecture } from "../model/architecture.ts";
import { truncates } from "../model/decode.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import {
  penalisesDistance,
  ReferencePolicy,
  type RefersTo,
  scoresByReference,
} from "../pipeline/reference_policy.ts";
import { createLearner } from "../policy/learner.ts";
import { makeBasePolicy, makePolicy } from "../policy/make_policy.ts";
import { fitMemory, type MemoryLimits, type MemoryPlan } from "../policy/memory_plan.ts";
import { Learner, Policy } from "../policy/policy.ts";
import { type Capacity, createRuntime, type Runtime } from "../policy/runtime.ts";
import type { Machine } from "./device_machine.ts";
import type { Purpose } from "./file_questions.ts";

/** Bytes of the key/value cache where the device's memory is unknown, and its share of a known memory. */
const CACHE_BYTES = 2 ** 31;
const CACHE_SHARE = 1 / 4;

/** The capacity that a recipe asks for: rows for all sequences of a step, or for as many as there is room for. */
function wantedCapacity(
  recipe: Recipe,
  { keyValueHeads, headDim, layers }: Architecture,
  { bindingBytes, budget }: MemoryLimits,
): Capacity {
  const { contextTokens, maxNewTokens, microBatchTokens, promptsPerStep, groupSize } = recipe;
  const tokenBytes = 2 * 4 * keyValueHeads * headDim;
  const slots = Math.min(
    (budget === null ? CACHE_BYTES : CACHE_SHARE * budget) / (layers * tokenBytes),
    bindingBytes / tokenBytes,
  );
  const room = Math.floor((slots - Math.max(microBatchTokens, contextTokens)) / contextTokens);
  return {
    rows: Math.max(1, Math.min(promptsPerStep * groupSize, room)),
    contextTokens,
    passTokens: microBatchTokens,
    messageTokens: maxNewTokens,
  };
}

/** What a policy is made from. */
export interface PolicySource {
  readonly machine: Machine;
  readonly model: ModelFolder;
  readonly config: Pick<RunConfig, "recipe"> & Partial<Pick<RunConfig, "memory">>;
}

/** A way of running that fits the machine, and how the model is stored. */
export interface RoomPlan extends MemoryPlan {
  readonly format: WeightFormat;
}

/** A policy that is known to fit the machine's memory, for a purpose. */
export interface PolicySetup<P extends Purpose = Purpose> extends PolicySource {
  readonly purpose: P;
  readonly room: RoomPlan;
}

/** Plans how a policy fits into the machine's memory, or says why it does not. The same source gives the same plan. */
export function planPolicy<P extends Purpose>(
  source: PolicySource,
  purpose: P,
): Result.Result<PolicySetup<P>, BadInput> {
  const { machine: { limits }, model, config: { recipe, memory = null } } = source;
  const { architecture, lora, storedAs } = model;
  const trains = purpose === "train";
  const isFrozen = lora !== null || !trains;
  const asked = recipe.weightFormat;
  if (!isFrozen && asked !== "auto" && asked !== "f32") {
    return Result.fail(
      new BadInput({
        message:
          `Cannot store weights as ${asked} while they are trained: give the recipe a lora, ` +
          `so that adapters are trained beside them, or leave --weights out`,
      }),
    );
  }
  const format = !isFrozen ? "f32" : asked === "auto" ? storedAs : asked;
  const room = { ...limits, ...(memory === null ? {} : { budget: memory * 1e9 }) };
  const use = { trains, masked: truncates(recipe), recompute: recipe.recompute };
  const { bindingBytes, fewDispatches } = room;
  const form = { architecture, format, lora, bindingBytes, fewDispatches };
  return Result.map(
    fitMemory(form, wantedCapacity(recipe, architecture, room), use, room),
    (plan) => ({ ...source, purpose, room: { ...plan, format } }),
  );
}

/** An engine with room for a policy, and the policy's programs and weights on it. */
const openRuntime = Effect.fnUntraced(function* ({ machine, model, room }: PolicySetup) {
  const engine = yield* machine.makeEngine;
  yield* engine.reserve(room.arena);
  return yield* createRuntime(engine, { ...model, format: room.format }, room.capacity);
});

/** A policy, its learner, and the reference policy where one of the presets needs it. */
export function layerLearner(
  setup: PolicySetup<"train">,
  presets: ReadonlyArray<RefersTo>,
): Layer.Layer<Policy | Learner | ReferencePolicy, BadInput | KernelFailed> {
  const { beta1, beta2, adamEps: eps, weightDecay, decayed } = setup.config.recipe;
  return Layer.effectContext(Effect.gen(function* () {
    const runtime = yield* openRuntime(setup);
    const adamw = { beta1, beta2, eps, weightDecay, decayed };
    const learner = yield* createLearner(runtime, adamw, setup.room.recompute);
    return Context.make(Policy, makePolicy(runtime)).pipe(
      Context.add(Learner, learner),
      Context.add(ReferencePolicy, yield* makeReference(setup, runtime, presets)),
    );
  }));
}

/** A policy that is only sampled. */
export function layerPolicy(setup: PolicySetup): Layer.Layer<Policy, BadInput | KernelFailed> {
  return Layer.effect(Policy, Effect.map(openRuntime(setup), makePolicy));
}

/**
 * The reference policy, or null where no preset needs one. For a model with adapters it is the base, whose weights the
 * two share; else it is a copy of the starting weights. If that copy scores beliefs, its cache has as many rows as the
 * policy's.
 */
const makeReference = Effect.fnUntraced(function* (
  { machine, model, room: { capacity } }: PolicySetup,
  runtime: Runtime,
  presets: ReadonlyArray<RefersTo>,
) {
  const scores = presets.some(scoresByReference);
  if (!scores && !presets.some(penalisesDistance)) return null;
  if (model.lora !== null) return yield* makeBasePolicy(runtime);
  const engine = yield* machine.makeEngine;
  const scoring = { ...capacity, rows: scores ? capacity.rows : 1, messageTokens: 1 };
  return makePolicy(yield* createRuntime(engine, model, scoring));
});
