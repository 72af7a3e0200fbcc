import { bytesOf, type Dims, opsOf, type Program, type Tensor, tensorsOf } from "./plan.ts";

/** Which scratch tensors share a slot of memory, and how large each slot must be. */
export interface ScratchPlan {
  readonly slotOf: ReadonlyMap<string, number>;
  readonly slotBytes: ReadonlyArray<number>;
}

/** First and last op that mentions a tensor. */
interface Lifetime {
  readonly tensor: Tensor;
  readonly from: number;
  readonly to: number;
}

/**
 * Assigns scratch tensors to slots so that tensors never share a slot while both live. A tensor lives from its first to
 * its last mention in the list. Tensors are placed largest first, each in the smallest slot that is free for its whole
 * life, so that a slot is as large as its first tensor (greedy by size, Pisarchyk and Lee, arXiv 2001.03288).
 */
export function planScratch(program: Program, capacity: Dims): ScratchPlan {
  const lives = lifetimes(program).map((life) => ({
    ...life,
    bytes: bytesOf(life.tensor, capacity),
  }));
  const slotOf = new Map<string, number>();
  const slots: Array<{ readonly bytes: number; readonly lives: Lifetime[] }> = [];
  for (const life of lives.toSorted((a, b) => b.bytes - a.bytes)) {
    // Slots are made from large to small: the last one that is free is the smallest.
    const free = slots.findLastIndex(({ lives }) =>
      lives.every(({ from, to }) => life.to < from || to < life.from)
    );
    const slot = free < 0 ? slots.push({ bytes: life.bytes, lives: [] }) - 1 : free;
    slots[slot]!.lives.push(life);
    slotOf.set(life.tensor.name, slot);
  }
  return { slotOf, slotBytes: slots.map(({ bytes }) => bytes) };
}

function lifetimes(program: Program): ReadonlyArray<Lifetime> {
  const lives = new Map<string, Lifetime>();
  opsOf(program).forEach(({ inputs, outputs }, index) => {
    for (const tensor of [...inputs, ...outputs]) {
      if (tensor.role !== "scratch") continue;
      const from = lives.get(tensor.name)?.from ?? index;
      lives.set(tensor.name, { tensor, from, to: index });
    }
  });
  return [...lives.values()];
}

/** Bytes of all memory that a program uses: its own, and the weights, gradients and state that it shares. */
export function programBytes(program: Program, capacity: Dims): number {
  const scratch = planScratch(program, capacity).slotBytes.reduce((sum, bytes) => sum + bytes, 0);
  const held = (tensor: Tensor) => tensor.role !== "scratch";
  return tensorsOf(program).filter(held).reduce((sum, t) => sum + bytesOf(t, capacity), scratch);
}
