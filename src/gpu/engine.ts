import { Effect, Scope } from "effect";
import { KernelFailed } from "../domain/errors.ts";
import type { Engine } from "../model/engine.ts";
import { bytesOf, type Dims, elementsOf, type Tensor } from "../model/plan.ts";
import { createTextureCopies } from "./copies.ts";
import type { Device } from "./device.ts";
import {
  copyOut,
  type DeviceMemory,
  lookUp,
  makeBuffer,
  withinMemory,
  writeStored,
} from "./device_memory.ts";
import { loadProgram } from "./executable.ts";
import { TILE_COSTS } from "./families/attention.ts";
import type { Host } from "./host.ts";
import { fewDispatches, isMirrored } from "./launches.ts";
import { TEXTURE_ROW_BYTES } from "./texture_form.ts";

/**
 * Runs plans in WGSL on a device. Shared tensors live as long as the scope. An op reaches at most `bindingBytes` of a
 * buffer at once: what the device can bind, or less for tests.
 */
export const createGpuEngine = Effect.fnUntraced(function* (
  opened: Device,
  bindingBytes: number = opened.device.limits.maxStorageBufferBindingSize,
) {
  const scope = yield* Effect.scope;
  const { device } = opened;
  const memory = createMemory(opened, bindingBytes);
  const allocate = (tensor: Tensor, capacity: Dims) =>
    Effect.gen(function* () {
      if (memory.store.has(tensor.name)) return;
      const isRead = tensor.reach === undefined ? "whole" : "in parts";
      const buffer = yield* memory.make(tensor.name, bytesOf(tensor, capacity), { isRead });
      memory.store.set(tensor.name, { tensor, buffer, elements: elementsOf(tensor, capacity) });
    }).pipe(Effect.provideService(Scope.Scope, scope));
  const host: Host = {
    ...opened,
    memory,
    allocate,
    bindingBytes: Math.floor(bindingBytes / 16) * 16,
  };
  return {
    adapter: opened.adapter,
    allocate,
    load: (program, capacity) => loadProgram(program, capacity, host),
    reserve: (slotBytes) =>
      Effect.gen(function* () {
        for (const [i, bytes] of slotBytes.entries()) {
          const buffer = yield* memory.make(`scratch ${i}`, bytes, { isRead: "in parts" });
          memory.arena.buffers.push(buffer);
        }
      }).pipe(withinMemory(device), Effect.provideService(Scope.Scope, scope)),
    tiles: TILE_COSTS,
    bindingBytes,
    fewDispatches: fewDispatches(opened.traits),
    write: (name, data, at) => writeStored(device, memory, lookUp(memory.store, name), data, at),
    settle: () => settle(device, memory),
    clear: (names) => clear(device, memory, names.map((name) => lookUp(memory.store, name).buffer)),
    read: (names) =>
      memory.copyOut(names.map((name) => {
        const stored = lookUp(memory.store, name);
        return { stored, elements: stored.elements };
      })),
  } satisfies Engine;
});

/** The memory of a device, still empty. */
function createMemory(
  { device, loss, pipelines, commands, traits }: Device,
  bindingBytes: number,
): DeviceMemory {
  const trouble: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    trouble.push((event as GPUUncapturedErrorEvent).error.message);
  });
  const check = Effect.gen(function* () {
    yield* trouble.length > 0 ? loss.checkAfterError : loss.check;
    const failure = yield* Effect.promise(() => pipelines.failure());
    if (failure !== null) return yield* new KernelFailed(failure);
    const thrown = commands.failure();
    if (thrown !== undefined) return yield* Effect.die(thrown);
    const message = trouble.shift();
    if (message !== undefined) return yield* new KernelFailed({ kernel: "dispatch", message });
  });
  const copies = createTextureCopies(device, bindingBytes);
  // Buffers that may be read as textures are whole rows of texels.
  const unit = isMirrored(traits) ? TEXTURE_ROW_BYTES : 16;
  return {
    commands,
    make: (label, bytes, options) =>
      makeBuffer(device, { commands, copies }, {
        label,
        bytes: Math.ceil(Math.max(1, bytes) / unit) * unit,
        ...options,
      }),
    store: new Map(),
    arena: { buffers: [], lastUser: null },
    copies,
    copyOut: (items) =>
      Effect.tryPromise({
        try: () => commands.ask(() => copyOut(device, items)),
        catch: (cause) => new KernelFailed({ kernel: "readback", message: String(cause) }),
      }).pipe(Effect.tapError(() => loss.checkAfterError), Effect.tap(() => check)),
    check,
  };
}

const settle = Effect.fnUntraced(function* (device: GPUDevice, { commands, check }: DeviceMemory) {
  yield* Effect.promise(() =>
    commands.ask(() => {
      // Queued writes wait for the next submission.
      device.queue.submit([]);
      return device.queue.onSubmittedWorkDone();
    })
  );
  yield* check;
});

/** Queues a command that sets buffers to zero. */
function clear(
  device: GPUDevice,
  { commands, copies }: DeviceMemory,
  buffers: ReadonlyArray<GPUBuffer>,
): void {
  commands.push(() => {
    const encoder = device.createCommandEncoder({ label: "clear" });
    for (const buffer of buffers) {
      encoder.clearBuffer(buffer);
      copies.written(buffer);
    }
    device.queue.submit([encoder.finish()]);
  });
}
