import { Context, Effect, Layer, type Scope } from "effect";
import type { RunConfig } from "./domain/config.ts";
import type { BadInput, KernelFailed, NoAdapter } from "./domain/errors.ts";
import type { Device } from "./domain/flags.ts";
import type { Recipe } from "./domain/recipe.ts";
import type { Profile } from "./domain/report.ts";
import { loadFetchedDriver } from "./files/driver.ts";
import { readTuned } from "./files/tuned.ts";
import { type DeviceOptions, openDevice } from "./gpu/device.ts";
import { createGpuEngine } from "./gpu/engine.ts";
import { FAMILIES } from "./gpu/launches.ts";
import type { Architecture } from "./model/architecture.ts";
import type { Adapter, Engine } from "./model/engine.ts";
import type { ModelFolder } from "./pipeline/model_folder.ts";
import { ReferencePolicy } from "./pipeline/reference_policy.ts";
import { createLearner } from "./policy/learner.ts";
import { layerFrozen, makeBasePolicy, makePolicy } from "./policy/layers.ts";
import { Learner, Policy } from "./policy/policy.ts";
import { type Capacity, createRuntime } from "./policy/runtime.ts";
import { createInterpreter } from "./reference/interpreter.ts";
import { adapterLines } from "./report/adapter_line.ts";

/** Where a program computes. Each engine holds one set of weights. */
export interface Machine {
  readonly adapter: Adapter;
  readonly makeEngine: Effect.Effect<Engine, never, Scope.Scope>;
  /** Where device time went so far, or null where it is not measured. */
  readonly profile: Effect.Effect<Profile> | null;
}

const plainLoops: Machine = {
  adapter: createInterpreter().adapter,
  makeEngine: Effect.sync(createInterpreter),
  profile: null,
};

/** Opens what `--device` asks for. `auto` takes plain loops where there is no adapter; `gpu` fails then. */
export const openMachine = Effect.fn("openMachine")(
  function* (
    device: Device,
    options: DeviceOptions = {},
  ): Effect.fn.Return<Machine, NoAdapter | BadInput, Scope.Scope> {
    if (device === "cpu") return plainLoops;
    yield* loadFetchedDriver();
    const families = yield* readTuned();
    const asked = {
      ...options,
      tuned: (name: string) => FAMILIES.find((family) => family === families[name]) ?? null,
    };
    const opened =
      yield* (device === "gpu"
        ? openDevice(asked)
        : Effect.catchTag(openDevice(asked), "NoAdapter", () => Effect.succeed(null)));
    if (opened === null) return plainLoops;
    const profile = opened.profiler?.profile ?? null;
    return { adapter: opened.adapter, makeEngine: createGpuEngine(opened), profile };
  },
);

/** What a program says about its machine before it starts. */
export function machineLines({ adapter }: Machine): ReadonlyArray<string> {
  return adapterLines({ description: adapter.kind === "interpreter" ? null : adapter.name });
}

/** Bytes that keys and values of sequences in play may take, and those that one buffer may. */
const CACHE_BYTES = 2 ** 31;
const BUFFER_BYTES = 2 ** 27;

/** How much a policy holds for a recipe: as many sequences at a time as a step has, or as there is room for. */
export function capacityOf(recipe: Recipe, architecture: Architecture): Capacity {
  const { contextTokens, maxNewTokens, microBatchTokens, promptsPerStep, groupSize } = recipe;
  const { keyValueHeads, headDim, layers } = architecture;
  const tokenBytes = 4 * keyValueHeads * headDim;
  const slots = Math.min(
    CACHE_BYTES / (2 * layers * tokenBytes),
    BUFFER_BYTES / tokenBytes - microBatchTokens,
  );
  const room = Math.max(1, Math.floor(slots / contextTokens));
  return {
    rows: Math.min(promptsPerStep * groupSize, room),
    contextTokens,
    passTokens: microBatchTokens,
    messageTokens: maxNewTokens,
  };
}

/** What layers of a policy are made from. */
export interface PolicySetup {
  readonly machine: Machine;
  readonly model: ModelFolder;
  readonly config: Pick<RunConfig, "recipe">;
}

/** A policy that is sampled and trained; one with adapters brings its base as the policy that a KL term refers to. */
export function layerLearner(
  { machine, model, config: { recipe } }: PolicySetup,
): Layer.Layer<Policy | Learner, BadInput | KernelFailed> {
  const { beta1, beta2, adamEps: eps, weightDecay, decayed } = recipe;
  return Layer.effectContext(Effect.gen(function* () {
    const engine = yield* machine.makeEngine;
    const runtime = yield* createRuntime(engine, model, capacityOf(recipe, model.architecture));
    const adamw = { beta1, beta2, eps, weightDecay, decayed };
    const learner = yield* createLearner(runtime, adamw);
    const trained = Context.make(Policy, makePolicy(runtime)).pipe(Context.add(Learner, learner));
    return (model.lora ?? null) === null
      ? trained
      : Context.add(trained, ReferencePolicy, yield* makeBasePolicy(runtime));
  }));
}

/** A policy that is only sampled. */
export function layerPolicy(
  { machine, model, config: { recipe } }: PolicySetup,
): Layer.Layer<Policy, BadInput | KernelFailed> {
  return Layer.unwrap(Effect.map(machine.makeEngine, (engine) =>
    layerFrozen({
      ...{ engine, architecture: model.architecture, weights: model.weights },
      lora: model.lora ?? null,
      capacity: capacityOf(recipe, model.architecture),
    })));
}

/** The starting weights as the policy that a KL term refers to, where `layerLearner` does not bring it. */
export function layerReference(
  { machine, model, config: { recipe } }: PolicySetup,
): Layer.Layer<never, BadInput | KernelFailed> {
  const capacity = { ...capacityOf(recipe, model.architecture), rows: 1, messageTokens: 1 };
  return Layer.effect(
    ReferencePolicy,
    Effect.gen(function* () {
      const engine = yield* machine.makeEngine;
      // A model with adapters refers to its base.
      return makePolicy(yield* createRuntime(engine, { ...model, lora: null }, capacity));
    }),
  );
}
