import { Effect, type Scope } from "effect";
import { NoAdapter } from "../domain/errors.ts";
import type { Adapter } from "../model/engine.ts";
import type { Traits } from "./kernels.ts";

/** An open device, what it is, and which kernel forms it likes. */
export interface Device {
  readonly device: GPUDevice;
  readonly adapter: Adapter;
  readonly traits: Traits;
}

/** Opens the best adapter there is. Fails with NoAdapter when there is none. */
export const openDevice: Effect.Effect<Device, NoAdapter, Scope.Scope> = Effect.gen(function* () {
  const adapter = yield* Effect.promise(async () =>
    await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null
  );
  if (adapter === null) {
    return yield* new NoAdapter({
      message:
        "Cannot use the GPU as no WebGPU adapter was found: install a Vulkan driver (sudo apt-get install mesa-vulkan-drivers) or pass --device cpu",
    });
  }
  const device = yield* Effect.acquireRelease(
    Effect.promise(() =>
      adapter.requestDevice({ label: "igpo", requiredLimits: largestLimits(adapter) })
    ),
    (opened) => Effect.sync(() => opened.destroy()),
  );
  const name = adapterName(adapter.info);
  const software = /llvmpipe|swiftshader|software/i.test(name);
  return {
    device,
    adapter: { name, kind: software ? "software" : "gpu" },
    traits: {
      straightLine: /llvmpipe/i.test(name),
      workgroupBytes: Math.min(32768, device.limits.maxComputeWorkgroupStorageSize),
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
    },
  };
});

function adapterName(info: GPUAdapterInfo): string {
  return [info.description, info.device, info.architecture, info.vendor].find((text) =>
    text !== ""
  ) ?? "an adapter without a name";
}

function largestLimits(adapter: GPUAdapter): Record<string, number> {
  const wanted = [
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
  ] as const;
  return Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
}
