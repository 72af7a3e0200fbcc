/** Memory of a program on a device. */
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { planScratch } from "../model/memory.ts";
import { bytesOf, type Dims, elementsOf, opsOf, type Program, tensorsOf } from "../model/plan.ts";
import { reachedBytes } from "../model/stretches.ts";
import { lookUp, type Stored } from "./device_memory.ts";
import type { Host } from "./host.ts";

/** Gives every tensor of a program a buffer: its own, one that programs share, or a slot of scratch memory. */
export const allocateAll = Effect.fnUntraced(
  function* (program: Program, capacity: Dims, host: Host) {
    yield* checkReach(program, capacity, host);
    const store = new Map<string, Stored>();
    const scratch = planScratch(program, capacity);
    const slots: GPUBuffer[] = [];
    const { buffers } = host.memory.arena;
    for (const [i, bytes] of scratch.slotBytes.entries()) {
      const shared = buffers[i];
      slots.push(
        shared !== undefined && shared.size >= bytes
          ? shared
          : yield* host.memory.make(`${program.name} scratch ${i}`, bytes, { isRead: "in parts" }),
      );
    }
    for (const tensor of tensorsOf(program)) {
      const elements = elementsOf(tensor, capacity);
      if (tensor.role === "scratch") {
        const buffer = slots[scratch.slotOf.get(tensor.name)!]!;
        store.set(tensor.name, { tensor, buffer, elements });
      } else if (tensor.role === "input" || tensor.role === "output") {
        const buffer = yield* host.memory.make(tensor.name, bytesOf(tensor, capacity));
        store.set(tensor.name, { tensor, buffer, elements });
      } else {
        yield* host.allocate(tensor, capacity);
        store.set(tensor.name, lookUp(host.memory.store, tensor.name));
      }
    }
    return store;
  },
);

const checkReach = Effect.fnUntraced(function* (
  program: Program,
  capacity: Dims,
  { bindingBytes }: Host,
) {
  for (const op of opsOf(program)) {
    for (const tensor of [...op.inputs, ...op.outputs]) {
      const bytes = reachedBytes(op, tensor, capacity);
      if (bytes <= bindingBytes) continue;
      return yield* new BadInput({
        message: `Cannot fit "${tensor.name}" on the device as ${op.kind} reaches at most ` +
          `${bindingBytes} bytes at once: it needs ${bytes}`,
      });
    }
  }
});

/** A buffer that is replaced by a larger one when more is asked for. */
export interface GrowingBuffer {
  readonly buffer: () => GPUBuffer;
  /** Makes room for this many bytes. True if it made a new buffer: bind groups of the old one are stale. */
  readonly grow: (bytes: number) => boolean;
  readonly destroy: () => void;
}

/** Bytes of a growing buffer that was asked for so many: the next power of two. */
export const grownBytes = (bytes: number): number =>
  bytes === 0 ? 0 : 2 ** Math.ceil(Math.log2(bytes));

/** A growing buffer without any room yet. */
export function createGrowingBuffer(
  device: GPUDevice,
  { label, usage }: { readonly label: string; readonly usage: number },
): GrowingBuffer {
  let size = 0;
  let buffer: GPUBuffer | null = null;
  return {
    buffer: () => {
      if (buffer === null) throw new Error(`Nothing was asked of the buffer ${label}`);
      return buffer;
    },
    grow: (bytes) => {
      if (bytes <= size) return false;
      buffer?.destroy();
      size = grownBytes(bytes);
      buffer = device.createBuffer({ label, size, usage });
      return true;
    },
    destroy: () => buffer?.destroy(),
  };
}
