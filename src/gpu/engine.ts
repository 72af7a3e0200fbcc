import { Effect, Scope } from "effect";
import { BadInput, KernelFailed } from "../domain/errors.ts";
import type { Engine, HostArray } from "../model/engine.ts";
import { bytesOf, type Dims, elementsOf, type Tensor } from "../model/plan.ts";
import type { Device } from "./device.ts";
import { loadProgram } from "./executable.ts";
import { decodeValues, encodeValues } from "./formats.ts";
import { createTextureCopies, type TextureCopies } from "./copies.ts";
import { createPipelines } from "./pipelines.ts";
import { TEXTURE_ROW_BYTES } from "./texture_form.ts";

/** A tensor in device memory. */
export interface Stored {
  readonly tensor: Tensor;
  readonly buffer: GPUBuffer;
  readonly elements: number;
}

/** Everything the executables of a device share. */
export interface DeviceMemory {
  readonly make: (label: string, bytes: number) => Effect.Effect<GPUBuffer, BadInput, Scope.Scope>;
  readonly store: Map<string, Stored>;
  readonly copies: TextureCopies;
  readonly copyOut: (
    items: ReadonlyArray<{ readonly stored: Stored; readonly elements: number }>,
  ) => Effect.Effect<Readonly<Record<string, HostArray>>, KernelFailed>;
}

/** Runs plans in WGSL on a device. Shared tensors live as long as the scope. */
export const createGpuEngine = Effect.fnUntraced(function* (opened: Device) {
  const scope = yield* Effect.scope;
  const { device } = opened;
  const pipelines = createPipelines(device, opened.traits);
  const trouble: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    trouble.push((event as GPUUncapturedErrorEvent).error.message);
  });
  const copies = createTextureCopies(device);
  // Buffers that may be read as textures are whole rows of texels.
  const unit = opened.traits.straightLine ? TEXTURE_ROW_BYTES : 16;
  const make: DeviceMemory["make"] = (label, bytes) =>
    makeBuffer(device, copies, { label, bytes: Math.ceil(Math.max(1, bytes) / unit) * unit });
  const checked = Effect.gen(function* () {
    const failure = yield* Effect.promise(() => pipelines.failure());
    if (failure !== null) return yield* new KernelFailed(failure);
    const message = trouble.shift();
    if (message !== undefined) return yield* new KernelFailed({ kernel: "dispatch", message });
  });
  const memory: DeviceMemory = {
    make,
    store: new Map(),
    copies,
    copyOut: (items) =>
      Effect.tryPromise({
        try: () => copyOut(device, items),
        catch: (cause) => new KernelFailed({ kernel: "readback", message: String(cause) }),
      }).pipe(Effect.tap(() => checked)),
  };
  const allocate = (tensor: Tensor, capacity: Dims) =>
    Effect.gen(function* () {
      if (memory.store.has(tensor.name)) return;
      const buffer = yield* make(tensor.name, bytesOf(tensor, capacity));
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
      }),
    write: (name, data) => writeStored(device, copies, lookUp(memory.store, name), data),
    clear: (names) => {
      const encoder = device.createCommandEncoder({ label: "clear" });
      for (const name of names) {
        const { buffer } = lookUp(memory.store, name);
        encoder.clearBuffer(buffer);
        copies.written(buffer);
      }
      device.queue.submit([encoder.finish()]);
    },
    read: (names) =>
      memory.copyOut(names.map((name) => {
        const stored = lookUp(memory.store, name);
        return { stored, elements: stored.elements };
      })),
  } satisfies Engine;
});

/** A stored tensor by name; asking for one that does not exist is a defect. */
export function lookUp(store: ReadonlyMap<string, Stored>, name: string): Stored {
  const found = store.get(name);
  if (found === undefined) throw new Error(`There is no tensor ${name}`);
  return found;
}

/** Queues a copy of host numbers to the start of a tensor. */
export function writeStored(
  device: GPUDevice,
  copies: TextureCopies,
  stored: Stored,
  data: HostArray,
): void {
  if (data.length > stored.elements) {
    throw new Error(
      `Cannot write ${data.length} values to ${stored.tensor.name}, which holds ${stored.elements}`,
    );
  }
  if (data.length > 0) {
    device.queue.writeBuffer(stored.buffer, 0, encodeValues(stored.tensor.format, data));
    copies.written(stored.buffer);
  }
}

const makeBuffer = Effect.fnUntraced(function* (
  device: GPUDevice,
  copies: TextureCopies,
  { label, bytes }: { readonly label: string; readonly bytes: number },
) {
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (bytes > most) {
    return yield* new BadInput({
      message:
        `Cannot fit "${label}" on the device as a buffer holds at most ${most} bytes: current value is ${bytes}`,
    });
  }
  return yield* Effect.acquireRelease(
    Effect.sync(() =>
      device.createBuffer({
        label,
        size: bytes,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      })
    ),
    (buffer) =>
      Effect.sync(() => {
        copies.destroy(buffer);
        buffer.destroy();
      }),
  );
});

async function copyOut(
  device: GPUDevice,
  items: ReadonlyArray<{ readonly stored: Stored; readonly elements: number }>,
): Promise<Readonly<Record<string, HostArray>>> {
  const sizes = items.map(({ stored, elements }) => {
    const width = stored.tensor.format === "bf16" || stored.tensor.format === "f16" ? 2 : 4;
    return Math.ceil(elements * width / 16) * 16;
  });
  const size = Math.max(16, sizes.reduce((sum, bytes) => sum + bytes, 0));
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ label: "readback", size, usage });
  const encoder = device.createCommandEncoder({ label: "readback" });
  let offset = 0;
  items.forEach(({ stored }, i) => {
    if (sizes[i]! > 0) encoder.copyBufferToBuffer(stored.buffer, 0, staging, offset, sizes[i]!);
    offset += sizes[i]!;
  });
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const bytes = staging.getMappedRange().slice(0);
  staging.destroy();
  offset = 0;
  return Object.fromEntries(items.map(({ stored, elements }, i) => {
    const part = bytes.slice(offset, offset + sizes[i]!);
    offset += sizes[i]!;
    return [stored.tensor.name, decodeValues(stored.tensor.format, part, elements)];
  }));
}
