/** Memory of a program on a device. */
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { planScratch } from "../model/memory.ts";
import { bytesOf, type Dims, elementsOf, opsOf, type Program, tensorsOf } from "../model/plan.ts";
import { reachedBytes } from "../model/stretches.ts";
import { lookUp, type Stored } from "./device_memory.ts";
import type { Host } from "./host.ts";
import { DIMS_STRIDE } from "./pipelines.ts";

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

/** The buffer of all `Dims` of a run. */
export interface Uniform {
  readonly buffer: () => GPUBuffer;
  /** Makes room for this many dispatches. True if it made a new buffer: bind groups of the old one are stale. */
  readonly grow: (dispatches: number) => boolean;
}

/** A buffer with room for 512 dispatches; it grows when more are asked for. */
export function createUniform(device: GPUDevice): Uniform {
  let slots = 512;
  const make = () =>
    device.createBuffer({
      label: "dims",
      size: slots * DIMS_STRIDE,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  let buffer = make();
  return {
    buffer: () => buffer,
    grow: (needed) => {
      if (needed <= slots) return false;
      buffer.destroy();
      slots = 2 ** Math.ceil(Math.log2(needed));
      buffer = make();
      return true;
    },
  };
}
