import { Effect, type Scope } from "effect";
import type { BadInput, NoAdapter } from "../domain/errors.ts";
import type { Device } from "../domain/flags.ts";
import type { Profile } from "../domain/report.ts";
import { systemMemory } from "../files/system_memory.ts";
import { readTuned } from "../files/tuned.ts";
import { type DeviceOptions, openDevice } from "../gpu/device.ts";
import { createGpuEngine } from "../gpu/engine.ts";
import { FAMILIES, fewDispatches, isMirrored } from "../gpu/launches.ts";
import type { Adapter, Engine } from "../model/engine.ts";
import type { MemoryLimits } from "../policy/memory_plan.ts";
import { createInterpreter } from "../reference/interpreter.ts";
import { adapterLines } from "../report/adapter_line.ts";

/** Where a program computes. Each engine holds one set of weights. */
export interface Machine {
  readonly adapter: Adapter;
  readonly makeEngine: Effect.Effect<Engine, never, Scope.Scope>;
  /** What memory it has. */
  readonly limits: MemoryLimits;
  /** Device time so far, by program and op, or null where it is not measured. */
  readonly profile: Effect.Effect<Profile> | null;
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
};

/** Opens what `--device` asks for. `auto` takes plain loops where there is no adapter; `gpu` fails then. */
export const openMachine = Effect.fn("openMachine")(
  function* (
    device: Device,
    options: DeviceOptions = {},
  ): Effect.fn.Return<Machine, NoAdapter | BadInput, Scope.Scope> {
    if (device === "cpu") return plainLoops;
    const families = yield* readTuned();
    const asked = {
      ...options,
      takesAny: device === "gpu",
      tuned: (name: string) => FAMILIES.find((family) => family === families[name]) ?? null,
    };
    const opened =
      yield* (device === "gpu"
        ? openDevice(asked)
        : Effect.catchTag(openDevice(asked), "NoAdapter", () => Effect.succeed(null)));
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
        budget: adapter.kind === "software" ? yield* ownMemory : null,
      },
      profile: profiler?.profile ?? null,
    };
  },
);

/** What a program says about its machine before it starts. */
export function machineLines({ adapter }: Machine): ReadonlyArray<string> {
  return adapterLines({ description: adapter.kind === "interpreter" ? null : adapter.name });
}

/** Share of the machine's memory that a run on the CPU may take, since other programs need memory too. */
const OWN_SHARE = 0.8;

const ownMemory = Effect.map(systemMemory, (bytes) => bytes === null ? null : OWN_SHARE * bytes);
