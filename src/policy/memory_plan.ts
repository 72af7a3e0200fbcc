/** Plans what a run will hold in device memory, before anything is allocated. */
import { Result } from "effect";
import { inBytes } from "../domain/bytes.ts";
import { BadInput } from "../domain/errors.ts";
import type { ModelForm } from "../model/decoder.ts";
import { planScratch } from "../model/memory.ts";
import { bytesOf, type Dims, opsOf, type Program, type Tensor, tensorsOf } from "../model/plan.ts";
import { gradientProgram, updateProgram } from "../model/programs.ts";
import { reachedBytes } from "../model/stretches.ts";
import type { Recompute } from "../model/recompute.ts";
import { type Capacity, dimsOf, policyPrograms, type SizedProgram } from "./runtime.ts";

/** Something that memory is needed for. */
export interface MemoryPart {
  readonly what: string;
  readonly bytes: number;
}

/** A way of running, and the memory that it takes. */
export interface MemoryPlan {
  readonly capacity: Capacity;
  readonly recompute: Recompute;
  readonly parts: ReadonlyArray<MemoryPart>;
  /** Sizes in bytes of the buffers that all programs share as scratch memory, largest first. */
  readonly arena: ReadonlyArray<number>;
  /** The tensor of which an op must reach the most bytes at once. */
  readonly reached: MemoryPart;
  /** The largest tensor. */
  readonly largest: MemoryPart;
}

/** The limits of a device's memory. */
export interface MemoryLimits {
  /** Maximum bytes of a buffer that an op can reach at once. */
  readonly bindingBytes: number;
  /** Maximum bytes of a buffer. */
  readonly bufferBytes: number;
  /** Whether ops read copies of tensors as textures, which take as much memory again. */
  readonly isMirrored: boolean;
  /** Whether programs have few dispatches, at the price of some work. */
  readonly fewDispatches: boolean;
  /** Bytes in which the kernels of a program hand on results, if no symbol is larger than in `capacity`. */
  readonly partialBytes: (program: Program, capacity: Dims) => number;
  /** Maximum bytes of all parts together; null if unknown. */
  readonly budget: number | null;
}

/** What a policy is to do. */
export interface MemoryUse {
  readonly trains: boolean;
  /** Whether sampling is cut by top-k, top-p or min-p. */
  readonly masked: boolean;
  /** What is computed again instead of kept; `auto` chooses what fits. */
  readonly recompute: Recompute | "auto";
}

/** Any settings will do: they change no size. */
const ADAMW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "matrices" } as const;

/** Bytes of all parts. */
export function totalBytes(parts: ReadonlyArray<MemoryPart>): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The memory that a policy of this capacity takes. */
export function planMemory(
  form: ModelForm,
  capacity: Capacity,
  { trains, masked, recompute, isMirrored, partialBytes }:
    & Pick<MemoryUse, "trains" | "masked">
    & Pick<MemoryLimits, "isMirrored" | "partialBytes">
    & { readonly recompute: Recompute },
): MemoryPlan {
  const { cache, logProb, decode, decodeMasked } = policyPrograms(form, capacity);
  const dims = dimsOf(form.architecture, capacity);
  const learning = [gradientProgram(form, recompute), updateProgram(form, ADAMW)];
  const programs: ReadonlyArray<SizedProgram> = [
    ...[cache, logProb, decode],
    ...(masked ? [decodeMasked] : []),
    ...(trains ? learning.map((program) => ({ program, dims })) : []),
  ];
  const { parts, largest } = heldParts(programs);
  const arena = arenaOf(programs);
  parts.set("activations", arena.reduce((sum, bytes) => sum + bytes, 0));
  const partials = programs.map(({ program, dims }) => partialBytes(program, dims));
  parts.set("partial results", partials.reduce((sum, bytes) => sum + bytes, 0));
  if (isMirrored) {
    const copies = sharedCopies(arena, form.bindingBytes);
    parts.set("copies as textures", parts.get("weights")! + copies);
  }
  const taken = Array.from(parts, ([what, bytes]): MemoryPart => ({ what, bytes }))
    .filter(({ bytes }) => bytes > 0);
  return { capacity, recompute, parts: taken, arena, reached: mostReached(programs), largest };
}

/** The tensor of which an op must reach the most bytes at once. */
function mostReached(programs: ReadonlyArray<SizedProgram>): MemoryPart {
  let reached = NOTHING;
  for (const { program, dims } of programs) {
    for (const op of opsOf(program)) {
      for (const tensor of [...op.inputs, ...op.outputs]) {
        reached = larger(reached, tensor.name, reachedBytes(op, tensor, dims));
      }
    }
  }
  return reached;
}

/** Bytes of each part but activations and copies, and the largest tensor. */
function heldParts(programs: ReadonlyArray<SizedProgram>) {
  const held = new Set<string>();
  const parts = new Map(PARTS.map((what) => [what, 0]));
  let largest = NOTHING;
  for (const { program, dims } of programs) {
    for (const tensor of tensorsOf(program)) {
      const bytes = bytesOf(tensor, dims);
      largest = larger(largest, tensor.name, bytes);
      const part = partOf(tensor);
      // Programs share all but their inputs and outputs.
      if (part === null || isShared(tensor) && held.has(tensor.name)) continue;
      held.add(tensor.name);
      parts.set(part, parts.get(part)! + bytes);
    }
  }
  return { parts, largest };
}

const NOTHING: MemoryPart = { what: "", bytes: 0 };

function larger(part: MemoryPart, what: string, bytes: number): MemoryPart {
  return bytes > part.bytes ? { what, bytes } : part;
}

/** What memory is needed for, in the order in which it is reported. */
const PARTS = [
  "weights",
  "adapters",
  "gradients and optimizer",
  "KV cache",
  "activations",
  "partial results",
  "tables",
  "copies as textures",
] as const;

/** The part that a tensor is counted in; null for scratch, which is counted by the buffers that it shares. */
function partOf({ role, name }: Tensor): typeof PARTS[number] | null {
  switch (role) {
    case "weight":
      return name.includes(".lora_") ? "adapters" : "weights";
    case "gradient":
      return "gradients and optimizer";
    case "state":
      if (name.startsWith("cache ")) return "KV cache";
      return /^[mv] /.test(name) ? "gradients and optimizer" : "tables";
    case "scratch":
      return null;
    default:
      return "tables";
  }
}

function isShared({ role }: Tensor): boolean {
  return role === "weight" || role === "gradient" || role === "state";
}

/** Sizes of scratch buffers. Programs never run at the same time, so their i-th largest slots share a buffer. */
function arenaOf(programs: ReadonlyArray<SizedProgram>): ReadonlyArray<number> {
  const slots = programs.map(({ program, dims }) => planScratch(program, dims).slotBytes);
  const count = slots.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from(
    { length: count },
    (_, i) => slots.reduce((most, bytes) => Math.max(most, bytes[i] ?? 0), 0),
  );
}

/** Maximum buffers that one op reads through textures; buffers of one size share that many textures. */
const MOST_READ = 4;

/** Bytes of the textures that scratch buffers share, each as large as what an op reaches of its buffer at once. */
function sharedCopies(arena: ReadonlyArray<number>, bindingBytes: number): number {
  const counts = new Map<number, number>();
  for (const buffer of arena) {
    const bytes = Math.min(buffer, bindingBytes);
    counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
  }
  return [...counts].reduce((sum, [bytes, n]) => sum + bytes * Math.min(n, MOST_READ), 0);
}

/** With fewer tokens, kernels have too few rows to be fast: recomputing layers is better than so small a pass. */
const ENOUGH_TOKENS = 2048;

/** Ways of running from the fastest to the smallest. */
function candidates(wanted: Capacity, { trains, recompute }: MemoryUse) {
  const sizes: number[] = [];
  for (let tokens = wanted.passTokens; tokens > wanted.contextTokens; tokens /= 2) {
    sizes.push(Math.floor(tokens));
  }
  sizes.push(wanted.contextTokens);
  const choices: ReadonlyArray<Recompute> = !trains
    ? ["none"]
    : recompute === "auto"
    ? ["none", "layer"]
    : [recompute];
  const last = choices.at(-1)!;
  const [large, small] = [
    sizes.filter((tokens) => tokens >= ENOUGH_TOKENS),
    sizes.filter((tokens) => tokens < ENOUGH_TOKENS),
  ];
  const found = choices.flatMap((recompute) =>
    large.map((passTokens) => ({ capacity: { ...wanted, passTokens }, recompute }))
  );
  // Small passes come after large passes with recomputation, unless all passes are small.
  for (const recompute of large.length === 0 ? choices : [last]) {
    for (const passTokens of small) {
      found.push({ capacity: { ...wanted, passTokens }, recompute });
    }
  }
  for (let rows = Math.floor(wanted.rows / 2); rows >= 1; rows = Math.floor(rows / 2)) {
    const capacity = { ...wanted, passTokens: sizes.at(-1)!, rows };
    found.push({ capacity, recompute: last });
  }
  return found;
}

/**
 * The fastest way of running that fits: the whole micro-batch, else a smaller one, else with layers computed again, else
 * with fewer sequences at a time. Results differ by rounding only. Fails with `BadInput` when nothing fits.
 */
export function fitMemory(
  form: ModelForm,
  wanted: Capacity,
  use: MemoryUse,
  limits: MemoryLimits,
): Result.Result<MemoryPlan, BadInput> {
  let smallest: MemoryPlan | null = null;
  for (const { capacity, recompute } of candidates(wanted, use)) {
    const plan = planMemory(form, capacity, { ...limits, ...use, recompute });
    const fits = totalBytes(plan.parts) <= (limits.budget ?? Infinity);
    if (fits && tooLarge(plan, limits) === null) return Result.succeed(plan);
    smallest = plan;
  }
  return refuse(smallest!, limits);
}

/** A tensor that an op cannot reach or a buffer cannot hold, and the limit `most` that it exceeds; null if none. */
function tooLarge(
  { reached, largest }: MemoryPlan,
  { bindingBytes, bufferBytes }: MemoryLimits,
): (MemoryPart & { readonly most: number }) | null {
  if (reached.bytes > bindingBytes) return { ...reached, most: bindingBytes };
  return largest.bytes > bufferBytes ? { ...largest, most: bufferBytes } : null;
}

function refuse(plan: MemoryPlan, limits: MemoryLimits): Result.Result<never, BadInput> {
  const large = tooLarge(plan, limits);
  const message = large === null
    ? `Cannot fit the run into ${inBytes(limits.budget ?? Infinity)} as it needs ` +
      `${inBytes(totalBytes(plan.parts))} at least (${memoryLine(plan.parts)}); train adapters ` +
      `(the recipe's lora), store the base in fewer bits (--weights nf4), or lower contextTokens`
    : `Cannot run passes of ${plan.capacity.passTokens} tokens here as a buffer must have at ` +
      `most ${large.most} bytes: "${large.what}" has ${large.bytes}; train adapters (the ` +
      `recipe's lora) or lower contextTokens`;
  return Result.fail(new BadInput({ message }));
}

/** `weights 1.2 GB, adapters 12 MB`. */
export function memoryLine(parts: ReadonlyArray<MemoryPart>): string {
  return parts.map(({ what, bytes }) => `${what} ${inBytes(bytes)}`).join(", ");
}
