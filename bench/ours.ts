/** This project's side of every work: the same shapes and the same numbers as the rivals'. */
import { Effect, Scope } from "effect";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { embeddedArchitecture } from "../src/programs/cold_start.ts";
import type { Architecture } from "../src/model/architecture.ts";
import { type Builder, createBuilder } from "../src/model/builder.ts";
import { input } from "../src/model/decoder.ts";
import type { Engine, HostArray } from "../src/model/engine.ts";
import { headBackward, headForward, headForwardKept } from "../src/model/ops/head.ts";
import { linear, linearWeightBackward } from "../src/model/ops/linear.ts";
import { packBatch, separateSegments } from "../src/model/packing.ts";
import { type Parameter, parametersOf } from "../src/model/parameters.ts";
import { type Dims, symbol, type Tensor } from "../src/model/plan.ts";
import { inFloat32 } from "../src/model/programs.ts";
import { weightsInMemory } from "../src/model/weight_source.ts";
import { createLearner } from "../src/policy/learner.ts";
import { makePolicy } from "../src/policy/make_policy.ts";
import { planMemory } from "../src/policy/memory_plan.ts";
import type { BeliefRequest, Learner, Policy, TokenRows } from "../src/policy/policy.ts";
import { createRuntime } from "../src/policy/runtime.ts";
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

function run<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> {
  return Effect.runPromise(effect.pipe(Effect.provideService(Scope.Scope, scope)));
}

/** The device all works run on. */
export function openBenchDevice(): Promise<Device> {
  return run(openDevice());
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
  const executable = await run(engine.load({ name: "bench", phases: [[...b.ops]] }, dims));
  for (const [name, values] of Object.entries(data)) executable.write(name, values);
  return {
    run: async (repeat) => {
      executable.run(0, dims, repeat);
      await wait();
    },
    values: async () => {
      executable.run(0, dims);
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
    targets: input(b, "targets", t!, 1, "u32"),
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
  const dHead = input(b, "d_head", t, 2, "f32");
  const [dx, dWeight] = [place(b, "dx", t, d), place(b, "dw", v, d)];
  headBackward(b, parts, kept, { dHead, dx, dWeight });
  const phases = [b.ops.slice(0, forward), b.ops.slice(forward)];
  const executable = await run(engine.load({ name: "bench", phases }, {}));
  for (const [name, values] of Object.entries(headData(shape))) executable.write(name, values);
  executable.write("d_head", Float32Array.from({ length: 2 * t }, (_, i) => i % 2 ? 0 : 1 / t));
  return {
    run: async (repeat) => {
      executable.run(1, {}, repeat);
      await wait();
    },
    values: async () => {
      executable.write("dw", new Float32Array(v * d));
      executable.run(0, {});
      executable.run(1, {});
      const read = await run(executable.read(["dx", "dw"]));
      return [...read["dx"]!.slice(0, 2), ...read["dw"]!.slice(0, 2)];
    },
  };
}

/** Causal attention of separate heads, each a sequence of its own: (heads, T, D). */
export function attentionForward(device: Device, [heads, t, d]: ReadonlyArray<number>) {
  const N = heads! * t!;
  const lengths = new Array<number>(heads!).fill(t!);
  const { inputs, dims } = packBatch(separateSegments(lengths), new Uint32Array(N), []);
  return oneProgram(device, {
    dims,
    build: (b) => {
      const queries = input(b, "queries", symbol("Q"), 4, "u32");
      const shape = { heads: 1, keyValueHeads: 1, headDim: d! };
      const [q, keyValue] = [place(b, "q", N, d!), place(b, "key_value", N, 2 * d!)];
      const [out, softmax] = [place(b, "out", N, d!), place(b, "softmax", N, 2)];
      const tiles = input(b, "tiles", symbol("T"), 4, "u32");
      const tensors = { q, keyValue, queries, tiles, out, softmax };
      b.push("attention_forward", tensors, { rows: N, ...shape });
    },
    data: {
      q: numbers(N * d!, 7919),
      key_value: sideBySide(d!, numbers(N * d!, 104729), numbers(N * d!, 1299709)),
      queries: inputs["queries"]!,
      tiles: inputs["tiles"]!,
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

/** The model of the bench: layers, d, heads, key/value heads, feed-forward, vocabulary. */
function architectureOf([layers, d, heads, kv, ff, vocabulary]: ReadonlyArray<number>) {
  return {
    ...embeddedArchitecture(vocabulary!),
    layers: layers!,
    hidden: d!,
    heads: heads!,
    keyValueHeads: kv!,
    headDim: d! / heads!,
    feedForward: ff!,
    maxPositions: 8192,
  } satisfies Architecture;
}

interface Model {
  readonly policy: Policy["Service"];
  readonly learner: Learner["Service"];
}

/** Policy and learner with weights of small numbers. */
export async function openModel(
  device: Device,
  shape: ReadonlyArray<number>,
  capacity: { rows: number; contextTokens: number; passTokens: number; messageTokens: number },
): Promise<Model> {
  const architecture = architectureOf(shape);
  let factor = 7919;
  const valuesOf = ({ kind, rows, cols }: Parameter) => {
    if (kind === "norm") return new Float32Array(cols).fill(1);
    return kind === "bias" ? new Float32Array(cols) : numbers(rows * cols, factor += 2, 0.03);
  };
  const entries = parametersOf(architecture).map((one) => [one.name, valuesOf(one)] as const);
  const weights = weightsInMemory(new Map(entries));
  const engine = await run(createGpuEngine(device));
  const use = { trains: true, masked: false, recompute: "none", isMirrored: true } as const;
  await run(engine.reserve(planMemory(inFloat32(architecture), capacity, use).arena));
  const runtime = await run(createRuntime(engine, { architecture, weights }, capacity));
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, decayed: "all" } as const;
  return { policy: makePolicy(runtime), learner: await run(createLearner(runtime, adamw)) };
}

/** Sequences of one length whose every token is trained. */
export function trainingRows(rows: number, length: number, vocabulary: number): TokenRows[] {
  return Array.from({ length: rows }, (_, row) => ({
    // One token more than is fed: the last is only predicted.
    tokens: Uint32Array.from(
      { length: length + 1 },
      (_, i) => (row * (length + 1) + i) * 7919 % vocabulary,
    ),
    position: Uint32Array.from({ length }, (_, i) => i + 1),
  }));
}

/** One supervised training step; answers with the mean loss. */
export async function trainOnce(
  { learner }: Model,
  sequences: ReadonlyArray<TokenRows>,
): Promise<number> {
  const count = sequences.reduce((sum, { position }) => sum + position.length, 0);
  let loss = 0;
  await run(learner.gradient(sequences, 1, (_, { logProb }) => {
    loss -= logProb.reduce((sum, x) => sum + x, 0) / count;
    return {
      dLogProb: new Float64Array(logProb.length).fill(-1 / count),
      dEntropy: new Float64Array(logProb.length),
    };
  }));
  await run(learner.update({ learningRate: 1e-3, clipNorm: null }));
  return loss;
}

/** Forward, backward and AdamW over rows x length tokens. */
export async function step(
  device: Device,
  [rows, length, ...model]: ReadonlyArray<number>,
): Promise<Prepared> {
  // Four micro-batches take a third of the memory of one, and 3 % more time.
  const passTokens = Math.ceil(rows! / 4) * (length! + 1);
  const sizes = { rows: 1, contextTokens: length! + 1, passTokens, messageTokens: 1 };
  const opened = await openModel(device, model, sizes);
  const once = () => trainOnce(opened, trainingRows(rows!, length!, model.at(-1)!));
  return {
    run: async (repeat) => {
      for (let i = 0; i < repeat; i++) await once();
    },
    values: async () => [await once()],
  };
}

/** Tokens that one run of {@link decode} samples for each row. */
export const DECODED = 64;
/** `DECODED` sampled tokens for each of `rows` sequences with `cached` tokens in the cache. */
export async function decode(
  device: Device,
  [rows, cached, ...model]: ReadonlyArray<number>,
): Promise<Prepared> {
  const { policy } = await openModel(device, model, {
    rows: rows!,
    contextTokens: cached! + DECODED + 1,
    passTokens: 4096,
    messageTokens: DECODED,
  });
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const generate = (maxTokens: number) =>
    run(policy.generate(
      Array.from({ length: rows! }, (_, row) => ({
        sequence: `row ${row}`,
        tokens: Uint32Array.from({ length: cached! }, (_, i) => (row + i) * 31 % model.at(-1)!),
        key: [1, row] as const,
        maxTokens,
      })),
      { sampling, stopIds: [] },
    ));
  await generate(1);
  return {
    run: async (repeat) => {
      for (let i = 0; i < repeat; i++) await generate(DECODED);
    },
    values: async () => [(await generate(DECODED)).length],
  };
}

/** Beliefs of trajectories of `turns` turns: all boundaries hung on the cache, or each in a forward pass of its own. */
export async function beliefs(
  device: Device,
  [rows, turns, turnTokens, probeTokens, ...model]: ReadonlyArray<number>,
) {
  const length = turns! * turnTokens!;
  const opened = await openModel(device, model, {
    rows: rows!,
    contextTokens: length + 1,
    passTokens: Math.max(4096, 2 * length),
    messageTokens: 1,
  });
  const vocabulary = model.at(-1)!;
  const requests = Array.from({ length: rows! }, (_, row): BeliefRequest => ({
    sequence: `row ${row}`,
    tokens: Uint32Array.from({ length }, (_, i) => (row + i) * 31 % vocabulary),
    boundaries: Array.from({ length: turns! }, (_, turn) => (turn + 1) * turnTokens!),
    probe: {
      ids: Uint32Array.from({ length: probeTokens! }, (_, i) => i * 37 % vocabulary),
      start: 4,
      end: probeTokens!,
    },
  }));
  const { policy } = opened;
  return {
    /** The trajectories' keys and values are in the cache already, as after a rollout. */
    onePass: (repeat: number) => repeated(repeat, () => run(policy.beliefs(requests))),
    sequential: (repeat: number) => repeated(repeat, () => run(policy.beliefsSequential(requests))),
    values: async () => {
      const [one, many] = [
        await run(policy.beliefs(requests)),
        await run(policy.beliefsSequential(requests)),
      ];
      return [one, many].map((all) => all[0]!.at(-1)!.reduce((sum, x) => sum + x, 0));
    },
  };
}

/** Prefill and update of `size` sequences that begin with the same 512 tokens and go on with 4 of their own. */
export async function group(device: Device, size: number, model: ReadonlyArray<number>) {
  const [prompt, own] = [512, 4];
  const { policy, learner } = await openModel(device, model, {
    rows: size,
    contextTokens: prompt + own + 2,
    passTokens: 16 * (prompt + own),
    messageTokens: 1,
  });
  const vocabulary = model.at(-1)!;
  const sequences = Array.from({ length: size }, (_, row): TokenRows => ({
    tokens: Uint32Array.from(
      { length: prompt + own },
      (_, i) => (i < prompt ? i : i + row) * 31 % vocabulary,
    ),
    position: Uint32Array.from({ length: own }, (_, i) => prompt + i),
  }));
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const once = async () => {
    policy.release();
    await run(policy.generate(
      sequences.map(({ tokens }, row) => ({
        sequence: `row ${row}`,
        tokens: tokens.slice(0, prompt),
        key: [1, row] as const,
        maxTokens: 1,
      })),
      { sampling, stopIds: [] },
    ));
    await run(learner.gradient(sequences, 1, (_, { logProb }) => ({
      dLogProb: new Float64Array(logProb.length).fill(1),
      dEntropy: new Float64Array(logProb.length),
    })));
  };
  return (repeat: number) => repeated(repeat, once);
}

async function repeated(repeat: number, once: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < repeat; i++) await once();
}
