import type { Effect } from "effect";
import type { BadInput } from "../domain/errors.ts";
import type { Dims, Tensor } from "../model/plan.ts";
import type { DeviceMemory } from "./device_memory.ts";
import type { Traits } from "./launches.ts";
import type { Profiler } from "./profiler.ts";
import type { Pipelines } from "./pipelines.ts";

/** What a program needs of its engine. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly memory: DeviceMemory;
  readonly traits: Traits;
  readonly profiler: Profiler | null;
  /** Maximum bytes of a buffer that an op can reach at once. */
  readonly bindingBytes: number;
  readonly allocate: (tensor: Tensor, capacity: Dims) => Effect.Effect<void, BadInput>;
}
