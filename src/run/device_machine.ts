import { Effect, type Scope } from "effect";
import type { KernelFailed, NoAdapter } from "../domain/errors.ts";
import type { Device } from "../domain/flags.ts";
import type { Profile } from "../domain/report.ts";
import { type DeviceOptions, openDevice } from "../gpu/device.ts";
import { createGpuEngine } from "../gpu/engine.ts";
import { fewDispatches, isMirrored } from "../gpu/launches.ts";
import type { Adapter, Engine } from "../model/engine.ts";
import type { MemoryLimits } from "../policy/memory_plan.ts";
import { createInterpreter } from "../reference/interpreter.ts";

/** Where a program computes. Each engine holds one set of weights. */
export interface Machine {
  readonly adapter: Adapter;
  readonly makeEngine: Effect.Effect<Engine, never, Scope.Scope>;
  /** What memory it has. */
  readonly limits: MemoryLimits;
  /** Device time so far, by program and op, or null where it is not measured. */
  readonly profile: Effect.Effect<Profile> | null;
  /** Fails when the device is lost, as when its driver crashes, and else never ends. */
  readonly loss: Effect.Effect<never, KernelFailed>;
}

const plainLoops: Machine = {
  adapter: createInterpreter().adapter,
  makeEngine: Effect.sync(createInterpreter),
  limits: {
    bindingBytes: Infinity,
    bufferBytes: Infinity,
    isMirrored: false,
    fewDispatches: false,
    budget: null,
  },
  profile: null,
  loss: Effect.never,
};

/** What is known of the machine besides its adapters. */
export interface MachineOptions extends DeviceOptions {
  /** Bytes that a run on the CPU may take, or null where that is unknown. @default {null} */
  readonly memory?: Effect.Effect<number | null>;
}

/**
 * Opens a device of WebGPU, wherever this runs, or plain loops. `auto` takes plain loops where no adapter is faster;
 * `gpu` takes any adapter and fails without one.
 */
export const openDeviceMachine = Effect.fn("openDeviceMachine")(
  function* (
    device: Device,
    { memory = Effect.succeed(null), ...options }: MachineOptions = {},
  ): Effect.fn.Return<Machine, NoAdapter, Scope.Scope> {
    if (device === "cpu") return plainLoops;
    const open = openDevice({ ...options, takesAny: device === "gpu" });
    const opened =
      yield* (device === "gpu"
        ? open
        : Effect.catchTag(open, "NoAdapter", () => Effect.succeed(null)));
    if (opened === null) return plainLoops;
    const { adapter, device: { limits }, profiler, traits } = opened;
    return {
      adapter,
      makeEngine: createGpuEngine(opened),
      limits: {
        bindingBytes: limits.maxStorageBufferBindingSize,
        bufferBytes: limits.maxBufferSize,
        isMirrored: isMirrored(traits),
        fewDispatches: fewDispatches(traits),
        budget: adapter.kind === "software" ? yield* memory : null,
      },
      profile: profiler?.profile ?? null,
      loss: opened.loss.wait,
    };
  },
);
