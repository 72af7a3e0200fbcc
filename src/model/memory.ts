import { bytesOf, type Dims, type Program, type Tensor, tensorsOf } from "./plan.ts";

/** Which scratch tensors share a slot of memory, and how large each slot must be. */
export interface ScratchPlan {
  readonly slotOf: ReadonlyMap<string, number>;
  readonly slotBytes: ReadonlyArray<number>;
}

/**
 * Assigns scratch tensors to slots so that no two that live at the same time share one. A tensor lives from its
 * first to its last mention in the list; the smallest free slot that fits is taken, else the largest is grown.
 */
export function planScratch(program: Program, capacity: Dims): ScratchPlan {
  const ops = program.phases.flat();
  const last = new Map<string, number>();
  ops.forEach((op, index) => {
    for (const tensor of [...op.inputs, ...op.outputs]) last.set(tensor.name, index);
  });
  const slotOf = new Map<string, number>();
  const slotBytes: number[] = [];
  const free = new Set<number>();
  ops.forEach((op, index) => {
    const mentioned = new Set([...op.inputs, ...op.outputs]);
    for (const tensor of mentioned) {
      if (tensor.role !== "scratch" || slotOf.has(tensor.name)) continue;
      slotOf.set(tensor.name, takeSlot(slotBytes, free, bytesOf(tensor, capacity)));
    }
    for (const tensor of mentioned) {
      const slot = slotOf.get(tensor.name);
      if (slot !== undefined && last.get(tensor.name) === index) free.add(slot);
    }
  });
  return { slotOf, slotBytes };
}

function takeSlot(slotBytes: number[], free: Set<number>, bytes: number): number {
  let best = -1;
  for (const slot of free) {
    const size = slotBytes[slot]!;
    const bestSize = best < 0 ? -1 : slotBytes[best]!;
    const better = size >= bytes ? bestSize < bytes || size < bestSize : size > bestSize;
    if (best < 0 || better) best = slot;
  }
  if (best < 0) return slotBytes.push(bytes) - 1;
  free.delete(best);
  slotBytes[best] = Math.max(slotBytes[best]!, bytes);
  return best;
}

/** Bytes of all that a program touches: what it alone owns, and the weights, gradients and state that it shares. */
export function programBytes(program: Program, capacity: Dims): number {
  const scratch = planScratch(program, capacity).slotBytes.reduce((sum, bytes) => sum + bytes, 0);
  const held = (tensor: Tensor) => tensor.role !== "scratch";
  return tensorsOf(program).filter(held).reduce((sum, t) => sum + bytesOf(t, capacity), scratch);
}
