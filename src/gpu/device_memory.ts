import { Effect, type Scope } from "effect";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import type { HostArray } from "../model/engine.ts";
import type { Tensor } from "../model/plan.ts";
import type { Commands } from "./commands.ts";
import type { TextureCopies } from "./copies.ts";
import { decodeValues, encodeValues, LAYOUT, storedBytes } from "../model/formats.ts";

/** A tensor in device memory. */
export interface Stored {
  readonly tensor: Tensor;
  readonly buffer: GPUBuffer;
  readonly elements: number;
}

/** Whether an op reaches the whole buffer at once, or parts of it. @default {"whole"} */
export interface BufferUse {
  readonly isRead?: "whole" | "in parts";
}

/** Scratch memory that programs share, and the program that used it last. */
export interface Arena {
  /** Largest first. */
  readonly buffers: GPUBuffer[];
  lastUser: string | null;
}

/** Everything the executables of a device share. */
export interface DeviceMemory {
  readonly commands: Commands;
  readonly make: (
    label: string,
    bytes: number,
    options?: BufferUse,
  ) => Effect.Effect<GPUBuffer, BadInput, Scope.Scope>;
  readonly store: Map<string, Stored>;
  readonly arena: Arena;
  readonly copies: TextureCopies;
  readonly copyOut: (
    items: ReadonlyArray<{ readonly stored: Stored; readonly elements: number }>,
  ) => Effect.Effect<Readonly<Record<string, HostArray>>, KernelFailed>;
  /** Fails with an error since the last check: in a kernel's text, in a command, or on the device. */
  readonly check: Effect.Effect<void, KernelFailed>;
}

/** A stored tensor by name; asking for one that does not exist is a defect. */
export function lookUp(store: ReadonlyMap<string, Stored>, name: string): Stored {
  const found = store.get(name);
  if (found === undefined) throw new Error(`There is no tensor ${name}`);
  return found;
}

/** Queues a copy of host numbers to a tensor, from its element `at` on, which must begin a run of its format. */
export function writeStored(
  device: GPUDevice,
  { commands, copies }: Pick<DeviceMemory, "commands" | "copies">,
  stored: Stored,
  data: HostArray,
  at = 0,
): void {
  const { tensor: { name, format }, elements } = stored;
  const { run, bytes } = LAYOUT[format];
  if (at + data.length > elements || at % run !== 0) {
    throw new Error(`Cannot write ${data.length} values from ${at} on to ${name} of ${elements}`);
  }
  if (data.length === 0) return;
  const encoded = encodeValues(format, data);
  commands.push(() => {
    device.queue.writeBuffer(stored.buffer, at / run * bytes, encoded);
    copies.written(stored.buffer);
  });
}

/** A storage buffer that is destroyed with the scope; fails when the device cannot hold one so large. */
export const makeBuffer = Effect.fnUntraced(function* (
  device: GPUDevice,
  { commands, copies }: Pick<DeviceMemory, "commands" | "copies">,
  { label, bytes, isRead = "whole" }:
    & { readonly label: string; readonly bytes: number }
    & BufferUse,
) {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const most = isRead === "whole"
    ? Math.min(maxStorageBufferBindingSize, maxBufferSize)
    : maxBufferSize;
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
        commands.finish();
        copies.destroy(buffer);
        buffer.destroy();
      }),
  );
});

/** Fails if the device has too little memory for the buffers that an effect creates. */
export const withinMemory = (device: GPUDevice) => <A, R>(create: Effect.Effect<A, BadInput, R>) =>
  Effect.gen(function* () {
    device.pushErrorScope("out-of-memory");
    const exit = yield* Effect.exit(create);
    // It fails where the device is lost, which is said by whoever watches for that.
    const error = yield* Effect.promise(() => device.popErrorScope().catch(() => null));
    if (error === null) return yield* exit;
    return yield* new BadInput({
      message: `Cannot fit a buffer on the device as its memory is full: ${error.message}`,
    });
  });

/** Copies tensors to the host in one wait. */
export async function copyOut(
  device: GPUDevice,
  items: ReadonlyArray<{ readonly stored: Stored; readonly elements: number }>,
): Promise<Readonly<Record<string, HostArray>>> {
  const sizes = items.map(({ stored, elements }) => storedBytes(stored.tensor.format, elements));
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
