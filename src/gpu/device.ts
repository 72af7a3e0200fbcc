import { Effect, type Scope } from "effect";
import { adapterInfo } from "../domain/adapter.ts";
import { NoAdapter } from "../domain/errors.ts";
import type { DriverChoice } from "../files/driver.ts";
import type { Adapter } from "../model/engine.ts";
import { type Commands, createCommands } from "./commands.ts";
import type { Family, Traits } from "./launches.ts";
import { type Loss, watchLoss } from "./loss.ts";
import { createProfiler, type Profiler } from "./profiler.ts";
import { createPipelines, type Pipelines } from "./pipelines.ts";

/** An open device, its adapter, and the traits that decide which kernels it gets. */
export interface Device {
  readonly device: GPUDevice;
  /** Watched once for all engines of the device. */
  readonly loss: Loss;
  readonly adapter: Adapter;
  readonly traits: Traits;
  /** Compiled kernels, shared by all engines of the device. */
  readonly pipelines: Pipelines;
  /** The queue of commands that all engines of the device share. */
  readonly commands: Commands;
  /** Times every dispatch, when asked for. */
  readonly profiler: Profiler | null;
}

/** How a device is opened. */
export interface DeviceOptions {
  /** Who chose the driver that WebGPU uses; a browser has one of its own. @default {"ours"} */
  readonly choice?: DriverChoice;
  /** Whether dispatches are timed, each in a pass of its own: slower. @default {false} */
  readonly profile?: boolean;
  /** The family that was found fastest for an adapter of this name, or null. @default {() => null} */
  readonly tuned?: (adapter: string) => Family | null;
  /** Whether to accept software that is slower than plain loops. @default {false} */
  readonly takesAny?: boolean;
  /** Called with the number of kernels before each is made, since the first use of a kernel can take seconds. */
  readonly onKernel?: (count: number) => void;
}

/** Finds an adapter that is faster than plain loops, or any adapter if `takesAny`. Fails with NoAdapter. */
const findAdapter = Effect.fnUntraced(function* (choice: DriverChoice, takesAny: boolean) {
  const adapter = choice === "none" && !takesAny
    ? null
    : yield* Effect.promise(async () =>
      await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null
    );
  if (adapter !== null) {
    const { name, kind } = adapterInfo(adapter);
    if (kind !== "software" || takesAny || choice === "user's") return { adapter, name, kind };
  }
  return yield* new NoAdapter({
    message:
      "Cannot use the GPU as no WebGPU adapter was found: install a Vulkan driver (sudo apt-get install mesa-vulkan-drivers) or pass --device cpu",
  });
});

/** Opens the best adapter there is. Fails with NoAdapter when there is none. */
export const openDevice: (
  options?: DeviceOptions,
) => Effect.Effect<Device, NoAdapter, Scope.Scope> = Effect.fn("openDevice")(function* (
  { choice = "ours", profile = false, tuned = () => null, takesAny = false, onKernel } = {},
) {
  const { adapter, name, kind } = yield* findAdapter(choice, takesAny);
  const timed = profile && adapter.features.has("timestamp-query");
  const isLavapipe = kind === "lavapipe";
  const usual = isLavapipe ? "lines" : kind === "software" ? "loops" : "tiles";
  const request = (features: ReadonlyArray<GPUFeatureName>) =>
    adapter.requestDevice({
      label: "igpo",
      requiredLimits: largestLimits(adapter),
      requiredFeatures: [...features, ...(timed ? ["timestamp-query" as const] : [])],
    });
  // Only the driver whose kernels use subgroups is asked for them. Deno grants them but does not list them.
  const device = yield* Effect.acquireRelease(
    Effect.promise(() =>
      isLavapipe ? request(["subgroups"]).catch(() => request([])) : request([])
    ),
    (opened) => Effect.sync(() => opened.destroy()),
  );
  const traits = {
    family: tuned(name) ?? usual,
    workgroupBytes: Math.min(32768, device.limits.maxComputeWorkgroupStorageSize),
    maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
    cores: navigator.hardwareConcurrency,
    subgroup: device.features.has("subgroups") ? adapter.info.subgroupMinSize : 0,
    storageBuffers: device.limits.maxStorageBuffersPerShaderStage,
    enablesSubgroups: adapter.features.has("subgroups"),
  };
  return {
    device,
    loss: watchLoss(device),
    adapter: { name, kind: kind === "gpu" ? "gpu" : "software" },
    traits,
    pipelines: createPipelines(device, traits, onKernel),
    commands: createCommands(),
    profiler: timed ? createProfiler(device) : null,
  };
});

/** The same device with the kernels of other traits, such as another family. */
export function withTraits(opened: Device, claimed: Partial<Traits>): Device {
  const traits = { ...opened.traits, ...claimed };
  return { ...opened, traits, pipelines: createPipelines(opened.device, traits) };
}

function largestLimits(adapter: GPUAdapter): Record<string, number> {
  const wanted = [
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "maxComputeWorkgroupSizeX",
    "maxStorageBuffersPerShaderStage",
  ] as const;
  return Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
}
