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
import { isMirrored } from "./launches.ts";
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
  const { device, pipelines, commands } = opened;
  const trouble: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    trouble.push((event as GPUUncapturedErrorEvent).error.message);
  });
  const copies = createTextureCopies(device, bindingBytes);
  // Buffers that may be read as textures are whole rows of texels.
  const unit = isMirrored(opened.traits) ? TEXTURE_ROW_BYTES : 16;
  const make: DeviceMemory["make"] = (label, bytes, options) =>
    makeBuffer(device, { commands, copies }, {
      label,
      bytes: Math.ceil(Math.max(1, bytes) / unit) * unit,
      ...options,
    });
  const checked = Effect.gen(function* () {
    const failure = yield* Effect.promise(() => pipelines.failure());
    if (failure !== null) return yield* new KernelFailed(failure);
    const thrown = commands.failure();
    if (thrown !== undefined) return yield* Effect.die(thrown);
    const message = trouble.shift();
    if (message !== undefined) return yield* new KernelFailed({ kernel: "dispatch", message });
  });
  const memory: DeviceMemory = {
    commands,
    make,
    store: new Map(),
    arena: { buffers: [], lastUser: null },
    copies,
    copyOut: (items) =>
      Effect.tryPromise({
        try: () => commands.ask(() => copyOut(device, items)),
        catch: (cause) => new KernelFailed({ kernel: "readback", message: String(cause) }),
      }).pipe(Effect.tap(() => checked)),
  };
  const allocate = (tensor: Tensor, capacity: Dims) =>
    Effect.gen(function* () {
      if (memory.store.has(tensor.name)) return;
      const isRead = tensor.reach === undefined ? "whole" : "in parts";
      const buffer = yield* make(tensor.name, bytesOf(tensor, capacity), { isRead });
      memory.store.set(tensor.name, { tensor, buffer, elements: elementsOf(tensor, capacity) });
    }).pipe(Effect.provideService(Scope.Scope, scope));
  return {
    adapter: opened.adapter,
    allocate,
    load: (program, capacity) =>
      loadProgram(program, capacity, {
        device,
        pipelines,
        memory,
        allocate,
        traits: opened.traits,
        profiler: opened.profiler,
        bindingBytes: Math.floor(bindingBytes / 16) * 16,
      }),
    reserve: (slotBytes) =>
      Effect.gen(function* () {
        for (const [i, bytes] of slotBytes.entries()) {
          memory.arena.buffers.push(yield* make(`scratch ${i}`, bytes, { isRead: "in parts" }));
        }
      }).pipe(withinMemory(device), Effect.provideService(Scope.Scope, scope)),
    bindingBytes,
    write: (name, data, at) => writeStored(device, memory, lookUp(memory.store, name), data, at),
    settle: () =>
      Effect.gen(function* () {
        yield* Effect.promise(() =>
          commands.ask(() => {
            // What is written waits for a submission.
            device.queue.submit([]);
            return device.queue.onSubmittedWorkDone();
          })
        );
        yield* checked;
      }),
    clear: (names) => {
      const buffers = names.map((name) => lookUp(memory.store, name).buffer);
      commands.push(() => {
        const encoder = device.createCommandEncoder({ label: "clear" });
        for (const buffer of buffers) {
          encoder.clearBuffer(buffer);
          copies.written(buffer);
        }
        device.queue.submit([encoder.finish()]);
      });
    },
    read: (names) =>
      memory.copyOut(names.map((name) => {
        const stored = lookUp(memory.store, name);
        return { stored, elements: stored.elements };
      })),
  } satisfies Engine;
});
