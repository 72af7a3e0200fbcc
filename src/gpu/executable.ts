import { Effect } from "effect";
import { BadInput, KernelFailed } from "../domain/errors.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { Executable } from "../model/engine.ts";
import { planScratch, programBytes } from "../model/memory.ts";
import { nonFiniteIn } from "../model/non_finite.ts";
import {
  bytesOf,
  type Dims,
  elementsOf,
  MOST_TRIPS,
  type Op,
  type Program,
  type Tensor,
  tensorsOf,
} from "../model/plan.ts";
import { reachedBytes } from "../model/stretches.ts";
import type { Copy, Part, Texel } from "./copies.ts";
import {
  type DeviceMemory,
  lookUp,
  type Stored,
  withinMemory,
  writeStored,
} from "./device_memory.ts";
import { dispatchOf, kernelOf, KERNELS } from "./kernels.ts";
import { type Bound, type Family, isMirrored, type KernelName, type Traits } from "./launches.ts";
import { bindingOf, boundOf, firstBoundRow, partOf, type Piece, piecesOf } from "./pieces.ts";
import type { Profiler } from "./profiler.ts";
import { DIMS_STRIDE, type Form, nameOf, type Pipelines, writeDims } from "./pipelines.ts";

/** What a program needs of its engine. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly memory: DeviceMemory;
  readonly traits: Traits;
  readonly profiler: Profiler | null;
  /** Most bytes of a buffer that an op can reach at once. */
  readonly bindingBytes: number;
  readonly allocate: (tensor: Tensor, capacity: Dims) => Effect.Effect<void, BadInput>;
}

/**
 * Dispatches recorded into one command buffer. Long ones keep the host from seeing errors; a CPU computes them inside of
 * the call that submits them.
 */
const SUBMIT_EVERY: Readonly<Record<Family, number>> = { tiles: 2048, lines: 32, loops: 32 };

/** A copy of a buffer to its texture, or a dispatch. */
type Step =
  | {
    readonly _tag: "Copy";
    readonly copy: Copy;
    readonly part: Part;
  }
  | {
    readonly _tag: "Dispatch";
    readonly op: string;
    readonly pipeline: GPUComputePipeline;
    readonly group: GPUBindGroup;
    readonly grid: readonly [number, number];
    readonly offset: number;
  };

/** The bind group of a piece, and the textures in it. */
interface Group {
  /** The form of the kernel and the rows that it fits. */
  readonly form: string;
  readonly group: GPUBindGroup;
  /** One for each input that the form reads as a texture. */
  readonly copies: ReadonlyArray<Copy>;
}

/** A phase made ready for certain sizes. */
interface Prepared {
  readonly steps: ReadonlyArray<Step>;
  readonly uniforms: Uint8Array<ArrayBuffer>;
}

/** Gives a program its buffers and bind groups. */
export const loadProgram = Effect.fnUntraced(function* (
  program: Program,
  capacity: Dims,
  host: Host,
) {
  const store = yield* allocateAll(program, capacity, host).pipe(
    withinMemory(host.device),
    Effect.mapError(({ message }) => {
      const bytes = programBytes(program, capacity);
      return new BadInput({
        message: `${message}, of ${bytes} bytes for program "${program.name}"; ` +
          `use shorter batches or contexts`,
      });
    }),
  );
  const uniform = createUniform(host.device);
  const { device, bindingBytes } = host;
  const { commands, copies } = host.memory;
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      commands.finish();
      uniform.buffer().destroy();
    })
  );
  /** By the first row of the piece. */
  const groups = new Map<Op, Map<number, Group>>();
  const bufferOf = (tensor: Tensor) => lookUp(store, tensor.name).buffer;

  // Activations are copied again where they are read again, since textures for all of them would double their memory.
  const copyOf = (piece: Piece, input: number, taken: ReadonlyArray<Copy>): Copy => {
    const tensor = piece.op.inputs[input]!;
    const texel = texelOf(piece.op, input);
    const isShared = tensor.role === "scratch" && texel === "float";
    return isShared
      ? copies.share(partOf(piece, tensor, bufferOf(tensor)), taken)
      : copies.own(bufferOf(tensor), texel);
  };

  const groupOf = (piece: Piece, form: Form): Group => {
    const { op, stretch } = piece;
    // The form of an op can change with the number of rows, and its bindings with it.
    const key = `${nameOf(form)} ${stretch?.count}`;
    const ofOp = groups.get(op) ?? new Map<number, Group>();
    groups.set(op, ofOp);
    const known = ofOp.get(stretch?.first ?? 0);
    if (known?.form === key) return known;
    const read: Copy[] = [];
    for (const input of form.textures) read.push(copyOf(piece, input, read));
    const { layout, bindings } = host.pipelines.interfaceOf(form);
    // Inputs beyond those the kernel reads are there for the derivation of its gradient.
    const inputs = op.inputs.slice(0, bindings - op.outputs.length);
    const entries = [...inputs, ...op.outputs].map((tensor, i): GPUBindGroupEntry => ({
      binding: i + 1,
      resource: read[form.textures.indexOf(i)]?.view ??
        bindingOf(piece, tensor, bufferOf(tensor), bindingBytes),
    }));
    const dims = { binding: 0, resource: { buffer: uniform.buffer(), size: DIMS_STRIDE } };
    const group = device.createBindGroup({ label: op.kind, layout, entries: [dims, ...entries] });
    const made = { form: key, group, copies: read };
    ofOp.set(stretch?.first ?? 0, made);
    return made;
  };

  const formOf = (piece: Piece, kernel: KernelName, bound: Bound): Form => {
    const weights = weightFormatOf(piece.op);
    if (!isMirrored(host.traits)) return { kernel, textures: [], weights };
    // State such as a cache changes with every token, so that a copy would cost more than it saves.
    const textures = dispatchOf(kernel).textures(bound).filter((input) => {
      const tensor = piece.op.inputs[input]!;
      return tensor.role !== "state" && copies.fits(partOf(piece, tensor, bufferOf(tensor)).size);
    });
    return { kernel, textures, weights };
  };

  const launchesOf = (piece: Piece) => {
    const bound = boundOf(piece);
    const kernel = kernelOf(piece.op.kind, bound, host.traits);
    checkTrips(kernel, bound, host.traits);
    return { piece, kernel, bound, launches: dispatchOf(kernel).launches(bound, host.traits) };
  };

  /** Stops after each pipeline that had to be made. */
  function* prepare(ops: ReadonlyArray<Op>, dims: Dims): Generator<void, Prepared> {
    const launches = ops.flatMap((op) => piecesOf(op, dims, bindingBytes)).map(launchesOf);
    const count = launches.reduce((sum, entry) => sum + entry.launches.length, 0);
    if (uniform.grow(count)) groups.clear();
    copies.forget();
    const uniforms = new Uint8Array(count * DIMS_STRIDE);
    const view = new DataView(uniforms.buffer);
    const steps: Step[] = [];
    let offset = 0;
    for (const { piece, kernel, bound, launches: ofPiece } of launches) {
      const { op } = piece;
      const form = formOf(piece, kernel, bound);
      const { group, copies: read } = groupOf(piece, form);
      for (const [i, copy] of read.entries()) {
        const tensor = op.inputs[form.textures[i]!]!;
        const part = partOf(piece, tensor, bufferOf(tensor));
        if (copies.refresh(copy, part)) steps.push({ _tag: "Copy", copy, part });
      }
      const { fields } = host.pipelines.interfaceOf(form);
      const weight = KERNELS[op.kind].weightInput;
      const firstRow = weight === undefined || form.textures.includes(weight)
        ? 0
        : firstBoundRow(op.inputs[weight]!);
      for (const launch of ofPiece) {
        writeDims(view, offset, fields, { ...bound, firstRow, ...launch.dims });
        const known = host.pipelines.count();
        const pipeline = host.pipelines.pipeline(form, launch);
        if (host.pipelines.count() > known) yield;
        steps.push({ _tag: "Dispatch", op: kernel, pipeline, group, grid: launch.grid, offset });
        offset += DIMS_STRIDE;
      }
      for (const output of op.outputs) copies.written(bufferOf(output));
    }
    return { steps, uniforms };
  }

  /** Stops after each submission. */
  function* carryOut(ops: ReadonlyArray<Op>, dims: Dims, repeat: number) {
    const { steps, uniforms } = yield* prepare(ops, dims);
    if (steps.length === 0) return;
    device.queue.writeBuffer(uniform.buffer(), 0, uniforms);
    const parts = partsOf(steps, host);
    for (let round = 0; round < repeat; round++) {
      for (const part of parts) {
        submitPart(host, program.name, part);
        yield;
      }
    }
  }

  let lastDims = capacity;
  const goesOn = program.phases.map(readsEarlier);
  const executable: Executable = {
    write: (name, data, at) => writeStored(device, host.memory, lookUp(store, name), data, at),
    run: (phase, dims, repeat = 1) => {
      lastDims = dims;
      if (goesOn[phase]! && host.memory.arena.lastUser !== program.name) {
        throw new Error(`Phase ${phase} of ${program.name} must follow its own phases at once`);
      }
      host.memory.arena.lastUser = program.name;
      commands.push(() => carryOut(program.phases[phase]!, dims, repeat));
    },
    read: (names) => {
      const dims = { ...capacity, ...lastDims };
      return host.memory.copyOut(names.map((name) => {
        const stored = lookUp(store, name);
        return { stored, elements: elementsOf(stored.tensor, dims) };
      }));
    },
    findNonFinite: Effect.fnUntraced(function* (phase: number, dims: Dims) {
      for (const op of program.phases[phase]!) {
        commands.push(() => carryOut([op], dims, 1));
        for (const [index, output] of op.outputs.entries()) {
          const stored = lookUp(store, output.name);
          const elements = elementsOf(output, dims);
          const values = yield* host.memory.copyOut([{ stored, elements }]);
          const found = nonFiniteIn(op, index, values[output.name]!, dims);
          if (found !== null) return found;
        }
      }
      return null;
    }),
  };
  return executable;
});

function checkTrips(kernel: KernelName, bound: Bound, traits: Traits): void {
  const trips = dispatchOf(kernel).trips(bound);
  if (traits.family === "lines" && trips > MOST_TRIPS) {
    throw new KernelFailed({
      kernel,
      message:
        `Cannot run ${kernel} as this adapter allows ${MOST_TRIPS} loop iterations of an invocation: current value is ${trips}`,
    });
  }
}

/** Whether a phase reads scratch tensors that it has not written: another program may have written over them. */
function readsEarlier(phase: ReadonlyArray<Op>): boolean {
  const written = new Set<string>();
  for (const { inputs, outputs } of phase) {
    if (inputs.some(({ role, name }) => role === "scratch" && !written.has(name))) return true;
    for (const { name } of outputs) written.add(name);
  }
  return false;
}

/** How the weights are stored that an op reads, if it reads some. */
function weightFormatOf({ kind, inputs }: Op): WeightFormat | null {
  const input = KERNELS[kind].weightInput;
  const format = input === undefined ? null : inputs[input]!.format;
  return format === "u32" ? null : format;
}

function texelOf(op: Op, input: number): Texel {
  return KERNELS[op.kind].weightInput === input ? "uint" : "float";
}

/**
 * Steps of one submission each. Drivers compile a kernel when it is first dispatched, for seconds: it stands alone.
 */
function partsOf(
  steps: ReadonlyArray<Step>,
  { pipelines, traits }: Host,
): ReadonlyArray<ReadonlyArray<Step>> {
  const parts: Step[][] = [[]];
  for (const step of steps) {
    const isFirst = step._tag === "Dispatch" && !pipelines.dispatched.has(step.pipeline);
    if (isFirst || parts.at(-1)!.length >= SUBMIT_EVERY[traits.family]) parts.push([]);
    parts.at(-1)!.push(step);
    if (!isFirst) continue;
    pipelines.dispatched.add(step.pipeline);
    parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

function submitPart(host: Host, label: string, steps: ReadonlyArray<Step>): void {
  const encoder = host.device.createCommandEncoder({ label });
  let pass: GPUComputePassEncoder | null = null;
  for (const step of steps) {
    if (step._tag === "Copy") {
      pass?.end();
      pass = null;
      host.memory.copies.record(encoder, step.copy, step.part);
      continue;
    }
    const { op, pipeline, group, grid, offset } = step;
    if (grid[0] === 0 || grid[1] === 0) continue;
    if (host.profiler !== null) {
      pass?.end();
      const timestampWrites = host.profiler.begin(label, op);
      pass = encoder.beginComputePass(
        timestampWrites === null ? { label } : { label, timestampWrites },
      );
    }
    pass ??= encoder.beginComputePass({ label });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(grid[0], grid[1]);
  }
  pass?.end();
  host.profiler?.resolve(encoder);
  host.device.queue.submit([encoder.finish()]);
}

const allocateAll = Effect.fnUntraced(function* (program: Program, capacity: Dims, host: Host) {
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
});

const checkReach = Effect.fnUntraced(function* (
  { phases }: Program,
  capacity: Dims,
  { bindingBytes }: Host,
) {
  for (const op of phases.flat()) {
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

/** The buffer of all `Dims` of a run; it grows, and bind groups made before are then stale. */
function createUniform(device: GPUDevice) {
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
    grow: (needed: number): boolean => {
      if (needed <= slots) return false;
      buffer.destroy();
      slots = 2 ** Math.ceil(Math.log2(needed));
      buffer = make();
      return true;
    },
  };
}
