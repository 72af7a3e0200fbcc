import { Effect, type Scope } from "effect";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import type { HostArray } from "../model/engine.ts";
import type { Tensor } from "../model/plan.ts";
import type { TextureCopies } from "./copies.ts";
import { decodeValues, encodeValues } from "./formats.ts";

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

/** A storage buffer that is destroyed with the scope; fails when the device cannot hold one so large. */
export const makeBuffer = Effect.fnUntraced(function* (
  device: GPUDevice,
  copies: TextureCopies,
  { label, bytes }: { readonly label: string; readonly bytes: number },
) {
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (bytes > most) {
    return yield* new BadInput({
      message:
        `Cannot fit "${label}" on the device as a buffer holds at most ${most} bytes: it needs ${bytes}`,
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

/** Copies tensors to the host in one wait. */
export async function copyOut(
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
