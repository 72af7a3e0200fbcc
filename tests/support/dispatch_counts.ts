/** What a GPU is asked to dispatch for published models: counted by the engine itself, on a device that only counts. */
import { Effect, Result } from "effect";
import builtIn from "../../checkpoints/spoiled/config.json" with { type: "json" };
import { configOf, type ShapeName } from "../../bench/random_model.ts";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { TILE_COSTS } from "../../src/gpu/families/attention.ts";
import { type Bound, fewDispatches, type KernelName, type Traits } from "../../src/gpu/launches.ts";
import { scheduleOf } from "../../src/gpu/schedule.ts";
import { headGroup, readArchitecture } from "../../src/model/architecture.ts";
import { stopDims } from "../../src/model/decode.ts";
import type { ModelForm } from "../../src/model/decoder.ts";
import { packBatch } from "../../src/model/packing.ts";
import type { Executable, HostArray } from "../../src/model/engine.ts";
import type { Dims, Program } from "../../src/model/plan.ts";
import { gradientProgram } from "../../src/model/programs.ts";
import { dimsOf, policyPrograms } from "../../src/policy/runtime.ts";
import { createCountingDevice, type Dispatch } from "./counting_device.ts";
import { separateSegments } from "./plans.ts";

/** A large card: what WebGPU offers on it, and what its kernels are made for. */
export const CARD: Traits = {
  family: "tiles",
  workgroupBytes: 32768,
  maxInvocations: 256,
  cores: 8,
  subgroup: 0,
  storageBuffers: 10,
};
/** What such a card binds at once. */
export const BINDING_BYTES: number = 2 ** 32 - 16;

const RANK_16 = {
  rank: 16,
  alpha: 32,
  rankStabilized: false,
  targets: new Set(PROJECTIONS),
} as const;

/** How a model is held: all of it trained, or adapters on a base of fewer bits. */
const HELD = {
  full: { format: "f32", lora: null },
  LoRA: { format: "bf16", lora: RANK_16 },
  "LoRA on int8": { format: "int8", lora: RANK_16 },
} as const;

/** A way of holding a model that is counted. */
export type Held = keyof typeof HELD;

/** The models that are counted. */
export const COUNTED_SHAPES: ReadonlyArray<ShapeName> = [
  "qwen2.5-0.5b",
  "qwen2.5-1.5b",
  "qwen2.5-7b",
];

/** The ways of holding a model that are counted. */
export const COUNTED_FORMS = Object.keys(HELD) as ReadonlyArray<Held>; // the keys of an object literal

/** The work that is counted. */
export const WORK = ["token, 1 row", "token, 16 rows", "forward", "backward"] as const;

/** A dispatch, and how many threads its kernel could use: independent outputs, or terms of one sum. */
export interface CountedDispatch extends Dispatch {
  readonly usable: number;
}

/** The dispatches of each piece of work. */
export type Counted = Readonly<Record<typeof WORK[number], ReadonlyArray<CountedDispatch>>>;

const CAPACITY = { rows: 16, contextTokens: 4096, passTokens: 2048, messageTokens: 512 };
/** A gradient pass: four sequences of 512 tokens, of which 160 are trained. */
const SEQUENCES = 4;
const LENGTH = CAPACITY.passTokens / SEQUENCES;
const TRAINED = 160;

/** The built-in model, which is small enough for adapters that compute by software. */
export const BUILT_IN = "built-in";

/** The form in which a model of this shape is held on the card. */
export function formOf(shape: ShapeName | typeof BUILT_IN, held: Held): ModelForm {
  const config = shape === BUILT_IN ? builtIn : configOf(shape);
  const architecture = Result.getOrThrow(readArchitecture(config));
  const room = { ...HELD[held], bindingBytes: BINDING_BYTES };
  return { architecture, ...room, fewDispatches: fewDispatches(CARD) };
}

/** The tables of a gradient pass. */
function batchOf({ architecture }: ModelForm) {
  const segments = separateSegments(Array.from({ length: SEQUENCES }, () => LENGTH));
  const { vocabulary } = architecture;
  const ids = Uint32Array.from({ length: CAPACITY.passTokens }, (_, i) => i % vocabulary);
  const predictions = segments.flatMap(({ start }) =>
    Array.from({ length: TRAINED }, (_, i) => ({ row: start + i, target: 0 }))
  );
  const tiling = { ...TILE_COSTS, group: headGroup(architecture) };
  return packBatch(segments, ids, predictions, tiling);
}

/** Tokens that a decoded one sees. */
const SEEN = 2000;

/** What `rows` sequences of that length begin to decode from. */
function decodeInputs(rows: number) {
  const { contextTokens, messageTokens } = CAPACITY;
  const first = (n: number) => n * contextTokens;
  const each = <A>(of: (n: number) => ReadonlyArray<A>) =>
    Array.from({ length: rows }, (_, n) => of(n)).flat();
  return {
    ids: new Uint32Array(rows),
    positions: new Uint32Array(rows).fill(SEEN - 1),
    queries: Uint32Array.from(each((n) => [0, 0, first(n), first(n) + SEEN - 1])),
    status: Uint32Array.from(each((n) => [1, 0, messageTokens, n, 0, 0, 0, 0])),
  };
}

/** A piece of work: a phase of a program, the sizes of its run, and those that its memory has room for. */
export interface Workload {
  readonly program: Program;
  readonly phase: string;
  readonly dims: Dims;
  readonly room: Dims;
  /** What is written before it. */
  readonly inputs: Readonly<Record<string, HostArray>>;
}

/** The work that is counted, for a model. */
export function workloadsOf(form: ModelForm): Readonly<Record<typeof WORK[number], Workload>> {
  const { program, dims: room } = policyPrograms(form, CAPACITY).decode;
  const scalars = { inverseTemperature: 1, greedy: 0, ...stopDims([]) };
  const tokenOf = (N: number) => {
    const dims = { ...room, ...scalars, N, S: SEEN };
    return { program, phase: "step", dims, room, inputs: decodeInputs(N) };
  };
  const most = dimsOf(form.architecture, CAPACITY);
  const { dims: packed, inputs } = batchOf(form);
  const dims = { ...most, ...packed, inverseTemperature: 1 };
  const gradient = { program: gradientProgram(form), dims, room: most, inputs };
  return {
    "token, 1 row": tokenOf(1),
    "token, 16 rows": tokenOf(CAPACITY.rows),
    forward: { ...gradient, phase: "forward" },
    backward: { ...gradient, phase: "backward" },
  };
}

/** Tokens among which `sample_join` draws, after a stretch of them is known. */
const DRAWN_AMONG = 2048;

/** Threads that kernels can use which have little to do for few rows; all others can use any number. */
const USABLE: { readonly [Name in KernelName]?: (sizes: Bound) => number } = {
  // Weights are read in groups of four.
  embedding_forward: ({ rows = 0, cols = 0 }) => rows * cols / 4,
  rope_output_forward: ({ rows = 0, heads = 0, keyValueHeads = 0, headDim = 0 }) =>
    rows * (heads + 2 * keyValueHeads) * headDim,
  attention_join: ({ rows = 0, heads = 0, headDim = 0 }) => rows * heads * headDim,
  head_join: ({ rows = 0, stretches = 0 }) => Math.max(rows, stretches),
  head_finish: ({ rows = 0 }) => rows,
  sample_join: ({ rows = 0 }) => Math.max(rows, DRAWN_AMONG),
};

/** The kernels of a piece of work in order, and the threads that each can use. */
function usableOf({ program, phase, dims }: Workload) {
  const limits = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
  return scheduleOf(program.phases[phase]!, dims, limits).flatMap(({ form, sizes, launches }) =>
    launches.map((launch) => ({
      kernel: form.kernel,
      usable: USABLE[form.kernel]?.({ ...sizes, ...launch.dims }) ?? Infinity,
    }))
  );
}

/** Counts the dispatches of a decoded token and of a gradient pass. */
export const countDispatches = Effect.fnUntraced(function* (form: ModelForm) {
  const { opened, dispatches } = createCountingDevice(CARD, BINDING_BYTES);
  const engine = yield* createGpuEngine(opened);
  const loaded = new Map<Program, Executable>();
  const counted: Partial<Record<typeof WORK[number], ReadonlyArray<CountedDispatch>>> = {};
  const workloads = workloadsOf(form);
  for (const work of WORK) {
    const { program, phase, dims, room } = workloads[work];
    const executable = loaded.get(program) ?? (yield* engine.load(program, room));
    loaded.set(program, executable);
    executable.run(phase, dims);
    opened.commands.finish();
    const usable = usableOf(workloads[work]);
    counted[work] = dispatches.splice(0).map((dispatch, i) => ({ ...dispatch, ...usable[i]! }));
  }
  return counted as Counted; // the loop fills in all work
}, Effect.scoped);

/** A dispatch with fewer threads than this leaves most of a card idle. */
const FEW_THREADS = 4096;

/** The dispatches that have few threads though they could use many. */
export function narrowOf(
  dispatches: ReadonlyArray<CountedDispatch>,
): ReadonlyArray<CountedDispatch> {
  return dispatches.filter(({ threads, usable }) => threads < FEW_THREADS && usable >= FEW_THREADS);
}

/** Dispatches, and in brackets how many of them have few threads though they could use many. */
export function summaryOf(dispatches: ReadonlyArray<CountedDispatch>): string {
  return `${dispatches.length} (${narrowOf(dispatches).length})`;
}

/** Dispatches by kernel, most first, with their fewest and most threads. */
export function byKernel(dispatches: ReadonlyArray<Dispatch>) {
  const groups = Map.groupBy(dispatches, ({ kernel }) => kernel);
  return Array.from(groups, ([kernel, of]) => ({
    kernel,
    dispatches: of.length,
    fewest: of.reduce((least, { threads }) => Math.min(least, threads), Infinity),
    most: of.reduce((most, { threads }) => Math.max(most, threads), 0),
  })).sort((a, b) => b.dispatches - a.dispatches);
}

/** How many dispatches have fewer threads than each of these, and at least as many as the one before. */
const THREADS = [256, 1024, 4096, 16384, 65536, Infinity];

/** Dispatches by their number of threads, `< 256` first. */
export function histogramOf(dispatches: ReadonlyArray<Dispatch>): Readonly<Record<string, number>> {
  return Object.fromEntries(THREADS.map((end, i) => {
    const from = THREADS[i - 1] ?? 0;
    const name = end === Infinity ? `>= ${from}` : `< ${end}`;
    return [name, dispatches.filter(({ threads }) => threads >= from && threads < end).length];
  }));
}
