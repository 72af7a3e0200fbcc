/** This project's side of the works that are one program: the same shapes and the same numbers as the rivals'. */
import { Effect, Scope } from "effect";
import { chooseDriver } from "../src/files/driver.ts";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { type Builder, createBuilder } from "../src/model/builder.ts";
import { TILE_COSTS } from "../src/gpu/families/attention.ts";
import { input } from "../src/model/inputs.ts";
import type { Engine, HostArray } from "../src/model/engine.ts";
import { headBackward, headForward, headForwardKept } from "../src/model/ops/head.ts";
import { linear, linearWeightBackward } from "../src/model/ops/linear.ts";
import { packBatch } from "../src/model/packing.ts";
import { type Dims, programOf, type Tensor } from "../src/model/plan.ts";
import { separateSegments } from "../tests/support/plans.ts";
import { numbers } from "./rivals/serve.ts";

/** A work made ready. */
export interface Prepared {
  /** Runs so many times and waits. */
  readonly run: (repeat: number) => Promise<void>;
  /** A few numbers of the result, which rivals must find too. */
  readonly values: () => Promise<ReadonlyArray<number>>;
}

/** One scope for the whole bench; the end of the process closes it. */
const scope = Scope.makeUnsafe();

/** Runs an effect in the scope of the whole bench. */
export function run<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> {
  return Effect.runPromise(effect.pipe(Effect.provideService(Scope.Scope, scope)));
}

/** The device all works run on. */
export function openBenchDevice(): Promise<Device> {
  return run(Effect.flatMap(chooseDriver(), (choice) => openDevice({ choice })));
}

const TICK: Tensor = { name: "tick", rows: 1, cols: 4, format: "f32", role: "state" };

/** An engine with a tensor of 16 bytes to wait for, so that a wait moves no results. */
async function freshEngine(device: Device): Promise<{ engine: Engine; wait: () => Promise<void> }> {
  const engine = await run(createGpuEngine(device));
  await run(engine.allocate(TICK, {}));
  return { engine, wait: async () => void await run(engine.read([TICK.name])) };
}

/** A program of what `build` pushes, fed with `data`. */
async function oneProgram(
  device: Device,
  { build, dims, data, result }: {
    readonly build: (b: Builder) => void;
    readonly dims: Dims;
    readonly data: Readonly<Record<string, HostArray>>;
    readonly result: (
      read: (name: string) => Promise<HostArray>,
    ) => Promise<ReadonlyArray<number>>;
  },
): Promise<Prepared> {
  const { engine, wait } = await freshEngine(device);
  const b = createBuilder();
  build(b);
  const program = programOf("bench", { whole: b.ops }, Object.keys(data));
  const executable = await run(engine.load(program, dims));
  for (const [name, values] of Object.entries(data)) executable.write(name, values);
  return {
    run: async (repeat) => {
      executable.run("whole", dims, repeat);
      await wait();
    },
    values: async () => {
      executable.run("whole", dims);
      return await result(async (name) => (await run(executable.read([name])))[name]!);
    },
  };
}

const place = (b: Builder, name: string, rows: number, cols: number): Tensor =>
  b.tensor(name, rows, cols, { role: "output" });

/** y = x Wᵀ: (M,K) times (N,K). */
export function matmul(device: Device, [m, k, n]: ReadonlyArray<number>): Promise<Prepared> {
  return oneProgram(device, {
    dims: {},
    build: (b) => {
      const weight = b.tensor("w", n!, k!, { role: "output" });
      linear(b, place(b, "x", m!, k!), weight, { target: place(b, "y", m!, n!) });
    },
    data: { x: numbers(m! * k!, 7919), w: numbers(n! * k!, 104729) },
    result: async (read) => [...(await read("y")).slice(0, 4)],
  });
}

/** dW = dyᵀ x over T tokens: (T,N) and (T,K); adds to what stands there, as training does. */
export function weightGradient(device: Device, [t, n, k]: ReadonlyArray<number>) {
  return oneProgram(device, {
    dims: {},
    build: (b) =>
      linearWeightBackward(
        b,
        place(b, "x", t!, k!),
        place(b, "dy", t!, n!),
        place(b, "dw", n!, k!),
        { weightRow: 0, features: n! },
      ),
    data: { dy: numbers(t! * n!, 7919), x: numbers(t! * k!, 104729) },
    result: async (read) => [...(await read("dw")).slice(0, 4)],
  });
}

function headOf(b: Builder, [t, v, d]: ReadonlyArray<number>) {
  return {
    x: place(b, "x", t!, d!),
    weight: place(b, "w", v!, d!),
    targets: b.tensor("targets", t!, 1, { role: "input", format: "u32" }),
    inverseTemperature: 1,
  };
}

function headData([t, v, d]: ReadonlyArray<number>) {
  return {
    x: numbers(t! * d!, 7919),
    w: numbers(v! * d!, 104729, 0.3),
    targets: Uint32Array.from({ length: t! }, (_, i) => i * 31 % v!),
  };
}

/** Log-prob of a target and entropy of T rows over V tokens. */
export function head(device: Device, shape: ReadonlyArray<number>): Promise<Prepared> {
  return oneProgram(device, {
    dims: {},
    build: (b) => void headForward(b, headOf(b, shape)),
    data: headData(shape),
    result: async (read) => {
      const rows = await read("head");
      return [rows[0]!, rows[1]!, rows[rows.length - 4]!, rows[rows.length - 3]!];
    },
  });
}

/** Gradients of the mean log-prob with respect to x and W. */
export async function headGradient(
  device: Device,
  shape: ReadonlyArray<number>,
): Promise<Prepared> {
  const [t, v, d] = shape as [number, number, number];
  const { engine, wait } = await freshEngine(device);
  const b = createBuilder();
  const parts = headOf(b, shape);
  const kept = headForwardKept(b, parts);
  const forward = b.ops.length;
  const dHead = b.tensor("d_head", t, 2, { role: "input" });
  const [dx, dWeight] = [place(b, "dx", t, d), place(b, "dw", v, d)];
  headBackward(b, parts, kept, { dHead, dx, dWeight });
  const phases = { forward: b.ops.slice(0, forward), backward: b.ops.slice(forward) };
  const data = headData(shape);
  const program = programOf("bench", phases, [...Object.keys(data), "d_head"]);
  const executable = await run(engine.load(program, {}));
  for (const [name, values] of Object.entries(data)) executable.write(name, values);
  executable.write("d_head", Float32Array.from({ length: 2 * t }, (_, i) => i % 2 ? 0 : 1 / t));
  return {
    run: async (repeat) => {
      executable.run("backward", {}, repeat);
      await wait();
    },
    values: async () => {
      executable.write("dw", new Float32Array(v * d));
      executable.run("forward", {});
      executable.run("backward", {});
      const read = await run(executable.read(["dx", "dw"]));
      return [...read["dx"]!.slice(0, 2), ...read["dw"]!.slice(0, 2)];
    },
  };
}

/** Causal attention of separate heads, each a sequence of its own: (heads, T, D). */
export function attentionForward(device: Device, [heads, t, d]: ReadonlyArray<number>) {
  const N = heads! * t!;
  const lengths = new Array<number>(heads!).fill(t!);
  const { inputs, dims } = packBatch(separateSegments(lengths), new Uint32Array(N), [], {
    ...TILE_COSTS,
    group: 1,
  });
  return oneProgram(device, {
    dims,
    build: (b) => {
      const queries = input(b, "queries");
      const shape = { heads: 1, keyValueHeads: 1, headDim: d! };
      const [q, keyValue] = [place(b, "q", N, d!), place(b, "key_value", N, 2 * d!)];
      const [out, softmax] = [place(b, "out", N, d!), place(b, "softmax", N, 2)];
      const tiles = input(b, "tiles");
      const tensors = { q, keyValue, queries, tiles, out, softmax };
      b.push("attention_forward", tensors, { rows: N, ...shape });
    },
    data: {
      q: numbers(N * d!, 7919),
      key_value: sideBySide(d!, numbers(N * d!, 104729), numbers(N * d!, 1299709)),
      queries: inputs.queries,
      tiles: inputs.tiles,
    },
    result: async (read) => [...(await read("out")).slice((t! - 1) * d!, (t! - 1) * d! + 4)],
  });
}

/** Rows of [key | value]. */
function sideBySide(cols: number, key: Float32Array, value: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * key.length }, (_, i) => {
    const [n, c] = [Math.floor(i / (2 * cols)), i % (2 * cols)];
    return c < cols ? key[n * cols + c]! : value[n * cols + c - cols]!;
  });
}
