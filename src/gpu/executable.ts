import { Effect } from "effect";
import { BadInput, KernelFailed } from "../domain/errors.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { Executable } from "../model/engine.ts";
import { programBytes } from "../model/memory.ts";
import { nonFiniteIn } from "../model/non_finite.ts";
import {
  type Dims,
  elementsOf,
  MOST_TRIPS,
  type Op,
  type Program,
  type Tensor,
} from "../model/plan.ts";
import { allocateAll, createUniform } from "./allocation.ts";
import type { Copy, Texel } from "./copies.ts";
import { lookUp, withinMemory, writeStored } from "./device_memory.ts";
import type { Host } from "./host.ts";
import { dispatchOf, kernelOf, KERNELS } from "./kernels.ts";
import { type Bound, isMirrored, type KernelName, type Traits } from "./launches.ts";
import { bindingOf, boundOf, firstBoundRow, partOf, type Piece, piecesOf } from "./pieces.ts";
import { DIMS_STRIDE, type Form, nameOf, writeDims } from "./pipelines.ts";
import { partsOf, type Step, submitPart } from "./submission.ts";

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
export const loadProgram = Effect.fnUntraced(function* <Phase extends string>(
  program: Program<Phase>,
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
  const { phases } = program;
  const goesOn = new Set(
    (Object.keys(phases) as Phase[]).filter((phase) => readsEarlier(phases[phase])),
  );
  const executable: Executable<Phase> = {
    write: (name, data, at) => writeStored(device, host.memory, lookUp(store, name), data, at),
    run: (phase, dims, repeat = 1) => {
      lastDims = dims;
      if (goesOn.has(phase) && host.memory.arena.lastUser !== program.name) {
        throw new Error(`Phase ${phase} of ${program.name} must follow its own phases at once`);
      }
      host.memory.arena.lastUser = program.name;
      commands.push(() => carryOut(phases[phase], dims, repeat));
    },
    read: (names) => {
      const dims = { ...capacity, ...lastDims };
      return host.memory.copyOut(names.map((name) => {
        const stored = lookUp(store, name);
        return { stored, elements: elementsOf(stored.tensor, dims) };
      }));
    },
    findNonFinite: Effect.fnUntraced(function* (phase: Phase, dims: Dims) {
      for (const op of phases[phase]) {
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
