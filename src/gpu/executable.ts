import { Effect } from "effect";
import { type BadInput, KernelFailed } from "../domain/errors.ts";
import type { Executable } from "../model/engine.ts";
import { planScratch } from "../model/memory.ts";
import {
  bytesOf,
  type Dims,
  elementsOf,
  type Op,
  type Program,
  type Tensor,
  tensorsOf,
  valueOf,
} from "../model/plan.ts";
import { type DeviceMemory, lookUp, type Stored, writeStored } from "./engine.ts";
import { FORMAT_CODE } from "./formats.ts";
import { KERNELS, type Traits } from "./kernels.ts";
import { DIMS_STRIDE, type Pipelines, writeDims } from "./pipelines.ts";

/** What a program needs of its engine. */
export interface Host {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly memory: DeviceMemory;
  readonly traits: Traits;
  readonly allocate: (tensor: Tensor, capacity: Dims) => Effect.Effect<void, BadInput>;
}

/** llvmpipe ends loops without a word after 65,535 iterations of an invocation. */
const MOST_TRIPS = 60_000;
/** Dispatches recorded into one command buffer: long ones keep the host from seeing errors. */
const SUBMIT_EVERY = 2048;

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number];
  readonly offset: number;
}

/** A phase made ready for certain sizes. */
interface Prepared {
  readonly dispatches: ReadonlyArray<Dispatch>;
  readonly uniforms: Uint8Array<ArrayBuffer>;
}

/** Gives a program its buffers and bind groups. */
export const loadProgram = Effect.fnUntraced(function* (
  program: Program,
  capacity: Dims,
  host: Host,
) {
  const store = yield* allocateAll(program, capacity, host);
  const uniform = createUniform(host.device);
  yield* Effect.addFinalizer(() => Effect.sync(() => uniform.buffer().destroy()));
  const groups = new Map<Op, GPUBindGroup>();
  const { device } = host;

  const groupOf = (op: Op): GPUBindGroup => {
    const known = groups.get(op);
    if (known !== undefined) return known;
    const { layout, bindings } = host.pipelines.interfaceOf(op.kind);
    // Inputs beyond those the kernel reads are there for the derivation of its gradient.
    const inputs = op.inputs.slice(0, bindings - op.outputs.length);
    const buffers = [...inputs, ...op.outputs].map((t) => lookUp(store, t.name).buffer);
    const made = device.createBindGroup({
      label: op.kind,
      layout,
      entries: [
        { binding: 0, resource: { buffer: uniform.buffer(), size: DIMS_STRIDE } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
    groups.set(op, made);
    return made;
  };

  const prepare = (ops: ReadonlyArray<Op>, dims: Dims): Prepared => {
    const launches = ops.flatMap((op) => {
      const bound = bindDims(op, dims);
      checkTrips(op, bound, host.traits);
      return KERNELS[op.kind].launches(bound, host.traits).map((launch) => ({ op, bound, launch }));
    });
    if (uniform.grow(launches.length)) groups.clear();
    const uniforms = new Uint8Array(launches.length * DIMS_STRIDE);
    const view = new DataView(uniforms.buffer);
    const dispatches = launches.map(({ op, bound, launch }, i) => {
      const offset = i * DIMS_STRIDE;
      const { fields } = host.pipelines.interfaceOf(op.kind);
      writeDims(view, offset, fields, { ...bound, ...launch.dims });
      const input = KERNELS[op.kind].weightInput;
      const format = input === null ? 0 : FORMAT_CODE[op.inputs[input]!.format];
      const pipeline = host.pipelines.pipeline(op.kind, launch, format);
      return { pipeline, group: groupOf(op), grid: launch.grid, offset };
    });
    return { dispatches, uniforms };
  };

  const submit = ({ dispatches, uniforms }: Prepared, repeat: number) => {
    if (dispatches.length === 0) return;
    device.queue.writeBuffer(uniform.buffer(), 0, uniforms);
    for (let round = 0; round < repeat; round++) {
      for (let first = 0; first < dispatches.length; first += SUBMIT_EVERY) {
        submitPart(device, program.name, dispatches.slice(first, first + SUBMIT_EVERY));
      }
    }
  };

  let lastDims = capacity;
  const executable: Executable = {
    write: (name, data) => writeStored(device, lookUp(store, name), data),
    run: (phase, dims, repeat = 1) => {
      lastDims = dims;
      submit(prepare(program.phases[phase]!, dims), repeat);
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
        submit(prepare([op], dims), 1);
        for (const output of op.outputs) {
          const stored = lookUp(store, output.name);
          const elements = elementsOf(output, dims);
          const values = yield* host.memory.copyOut([{ stored, elements }]);
          const at = values[output.name]!.findIndex((x) => !Number.isFinite(x));
          if (at >= 0) return { op: op.kind, row: Math.floor(at / output.cols) };
        }
      }
      return null;
    }),
  };
  return executable;
});

function bindDims(op: Op, dims: Dims): Record<string, number> {
  return Object.fromEntries(
    Object.entries(op.dims).map(([name, extent]) => [name, valueOf(extent, dims)]),
  );
}

function checkTrips(op: Op, bound: Readonly<Record<string, number>>, traits: Traits): void {
  const trips = KERNELS[op.kind].trips(bound);
  if (traits.straightLine && trips > MOST_TRIPS) {
    throw new KernelFailed({
      kernel: op.kind,
      message:
        `Cannot run ${op.kind} as this adapter allows ${MOST_TRIPS} loop iterations of an invocation: current value is ${trips}`,
    });
  }
}

function submitPart(device: GPUDevice, label: string, dispatches: ReadonlyArray<Dispatch>): void {
  const encoder = device.createCommandEncoder({ label });
  const pass = encoder.beginComputePass({ label });
  for (const { pipeline, group, grid, offset } of dispatches) {
    if (grid[0] === 0 || grid[1] === 0) continue;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(grid[0], grid[1]);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}

const allocateAll = Effect.fnUntraced(function* (program: Program, capacity: Dims, host: Host) {
  const store = new Map<string, Stored>();
  const scratch = planScratch(program, capacity);
  const slots: GPUBuffer[] = [];
  for (const [i, bytes] of scratch.slotBytes.entries()) {
    slots.push(yield* host.memory.make(`${program.name} scratch ${i}`, bytes));
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
