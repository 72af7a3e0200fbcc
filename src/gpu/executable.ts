import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Executable } from "../model/engine.ts";
import { programBytes } from "../model/memory.ts";
import { nonFiniteIn } from "../model/non_finite.ts";
import { type Dims, elementsOf, type Op, type Program } from "../model/plan.ts";
import { allocateAll, createGrowingBuffer, type GrowingBuffer } from "./allocation.ts";
import { type Bindings, createBindings } from "./bindings.ts";
import { lookUp, type Stored, withinMemory, writeStored } from "./device_memory.ts";
import type { Host } from "./host.ts";
import { DIMS_STRIDE, writeDims } from "./pipelines.ts";
import { partialBytes, scheduleOf } from "./schedule.ts";
import { partsOf, type Step, submitPart } from "./submission.ts";

/** A program with its memory on a device. */
interface Loaded<Phase extends string, Input extends string> {
  readonly program: Program<Phase, Input>;
  readonly store: ReadonlyMap<string, Stored>;
  /** The `Dims` of all dispatches of a run. */
  readonly uniform: GrowingBuffer;
  /** What kernels hand on to the next one of their op. */
  readonly partials: GrowingBuffer;
  readonly bindings: Bindings;
  readonly host: Host;
}

/** Gives a program its buffers and bind groups. */
export const loadProgram = Effect.fnUntraced(function* <
  Phase extends string,
  Input extends string,
>(
  program: Program<Phase, Input>,
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
  const { UNIFORM, STORAGE, COPY_DST } = GPUBufferUsage;
  const buffers = {
    uniform: createGrowingBuffer(host.device, { label: "dims", usage: UNIFORM | COPY_DST }),
    partials: createGrowingBuffer(host.device, { label: "partials", usage: STORAGE }),
  };
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      host.memory.commands.finish();
      for (const buffer of Object.values(buffers)) buffer.destroy();
    })
  );
  const bindings = createBindings(store, buffers, host);
  return createExecutable({ program, store, ...buffers, bindings, host }, capacity);
});

function createExecutable<Phase extends string, Input extends string>(
  loaded: Loaded<Phase, Input>,
  capacity: Dims,
): Executable<Phase, Input> {
  const { program: { name: programName, phases }, store, host: { device, memory } } = loaded;
  let lastDims = capacity;
  const goesOn = new Set(
    (Object.keys(phases) as Phase[]).filter((phase) => readsEarlier(phases[phase])),
  );
  return {
    write: (name, data, at) => writeStored(device, memory, lookUp(store, name), data, at),
    run: (phase, dims, repeat = 1) => {
      lastDims = dims;
      if (goesOn.has(phase) && memory.arena.lastUser !== programName) {
        throw new Error(`Phase ${phase} of ${programName} must follow its own phases at once`);
      }
      memory.arena.lastUser = programName;
      memory.commands.push(() => carryOut(loaded, phases[phase], dims, repeat));
    },
    read: (names) => {
      const dims = { ...capacity, ...lastDims };
      return memory.copyOut(names.map((name) => {
        const stored = lookUp(store, name);
        return { stored, elements: elementsOf(stored.tensor, dims) };
      }));
    },
    findNonFinite: Effect.fnUntraced(function* (phase: Phase, dims: Dims) {
      for (const op of phases[phase]) {
        memory.commands.push(() => carryOut(loaded, [op], dims, 1));
        for (const [index, output] of op.outputs.entries()) {
          const stored = lookUp(store, output.name);
          const elements = elementsOf(output, dims);
          const values = yield* memory.copyOut([{ stored, elements }]);
          const found = nonFiniteIn(op, index, values[output.name]!, dims);
          if (found !== null) return found;
        }
      }
      return null;
    }),
  };
}

/** Runs ops `repeat` times; yields after each submission. */
function* carryOut(
  loaded: Loaded<string, string>,
  ops: ReadonlyArray<Op>,
  dims: Dims,
  repeat: number,
) {
  const { program, uniform, host } = loaded;
  const { steps, uniforms } = yield* record(loaded, ops, dims);
  if (steps.length === 0) return;
  host.device.queue.writeBuffer(uniform.buffer(), 0, uniforms);
  const parts = partsOf(steps, host);
  for (let round = 0; round < repeat; round++) {
    for (const part of parts) {
      submitPart(host, program.name, part);
      yield;
    }
  }
}

/** Prepares ops for submission: their steps, and the `Dims` of each. Yields after each pipeline that it had to make. */
function* record(
  { uniform, partials, bindings, host }: Pick<
    Loaded<string, string>,
    "uniform" | "partials" | "bindings" | "host"
  >,
  ops: ReadonlyArray<Op>,
  dims: Dims,
) {
  const { pipelines, memory: { copies } } = host;
  const schedule = scheduleOf(ops, dims, { ...host, textureBytes: copies.mostBytes });
  const count = schedule.reduce((sum, { launches }) => sum + launches.length, 0);
  const isNew = uniform.grow(Math.max(512, count) * DIMS_STRIDE);
  if (partials.grow(partialBytes(schedule)) || isNew) bindings.clear();
  copies.forget();
  const uniforms = new Uint8Array(count * DIMS_STRIDE);
  const view = new DataView(uniforms.buffer);
  const steps: Step[] = [];
  let offset = 0;
  for (const scheduled of schedule) {
    const { piece, form, sizes, launches, seconds } = scheduled;
    const { group, reads } = bindings.bind(scheduled);
    for (const { copy, part } of reads) {
      if (copies.refresh(copy, part)) steps.push({ _tag: "Copy", copy, part });
    }
    const { fields } = pipelines.interfaceOf(form);
    for (const launch of launches) {
      const { dims: own, grid } = launch;
      writeDims(view, offset, fields, { ...sizes, ...own });
      const known = pipelines.count();
      const pipeline = pipelines.pipeline(form, launch);
      if (pipelines.count() > known) yield;
      steps.push({ _tag: "Dispatch", op: form.kernel, pipeline, group, grid, offset, seconds });
      offset += DIMS_STRIDE;
    }
    for (const output of piece.op.outputs) copies.written(bindings.bufferOf(output));
  }
  return { steps, uniforms };
}

/** Whether a phase reads scratch tensors that it has not written; another program may have overwritten them. */
function readsEarlier(phase: ReadonlyArray<Op>): boolean {
  const written = new Set<string>();
  for (const { inputs, outputs } of phase) {
    if (inputs.some(({ role, name }) => role === "scratch" && !written.has(name))) return true;
    for (const { name } of outputs) written.add(name);
  }
  return false;
}
