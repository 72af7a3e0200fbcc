/** What a GPU is asked to dispatch for published models: counted by the engine itself, on a device that only counts. */
import { Effect, Result } from "effect";
import { configOf, type ShapeName } from "../../bench/random_model.ts";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { TILE_COSTS } from "../../src/gpu/families/attention.ts";
import type { Traits } from "../../src/gpu/launches.ts";
import { headGroup, readArchitecture } from "../../src/model/architecture.ts";
import { stopDims } from "../../src/model/decode.ts";
import type { ModelForm } from "../../src/model/decoder.ts";
import { packBatch } from "../../src/model/packing.ts";
import { gradientProgram } from "../../src/model/programs.ts";
import { dimsOf, policyPrograms } from "../../src/policy/runtime.ts";
import { createCountingDevice, type Dispatch } from "./counting_device.ts";
import { separateSegments } from "./plans.ts";

/** A large card: what WebGPU offers on it, and what its kernels are made for. */
const CARD: Traits = {
  family: "tiles",
  workgroupBytes: 32768,
  maxInvocations: 256,
  cores: 8,
  subgroup: 0,
};
const BINDING_BYTES = 2 ** 32 - 16;

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

/** The models that are counted. */
export const COUNTED_SHAPES: ReadonlyArray<ShapeName> = [
  "qwen2.5-0.5b",
  "qwen2.5-1.5b",
  "qwen2.5-7b",
];

/** The ways of holding a model that are counted. */
export const COUNTED_FORMS = Object.keys(HELD) as ReadonlyArray<keyof typeof HELD>; // the keys of an object literal

/** The work that is counted. */
export const WORK = ["token, 1 row", "token, 16 rows", "forward", "backward"] as const;

/** The dispatches of each piece of work. */
export type Counted = Readonly<Record<typeof WORK[number], ReadonlyArray<Dispatch>>>;

const CAPACITY = { rows: 16, contextTokens: 4096, passTokens: 2048, messageTokens: 512 };
/** A gradient pass: four sequences of 512 tokens, of which 160 are trained. */
const SEQUENCES = 4;
const LENGTH = CAPACITY.passTokens / SEQUENCES;
const TRAINED = 160;

/** The form in which a model of this shape is held on the card. */
export function formOf(shape: ShapeName, held: keyof typeof HELD): ModelForm {
  const architecture = Result.getOrThrow(readArchitecture(configOf(shape)));
  return { architecture, ...HELD[held], bindingBytes: BINDING_BYTES };
}

/** Sizes of a gradient pass. */
function batchOf({ architecture }: ModelForm) {
  const segments = separateSegments(Array.from({ length: SEQUENCES }, () => LENGTH));
  const ids = Uint32Array.from({ length: CAPACITY.passTokens }, (_, i) => i);
  const predictions = segments.flatMap(({ start }) =>
    Array.from({ length: TRAINED }, (_, i) => ({ row: start + i, target: 0 }))
  );
  const tiling = { ...TILE_COSTS, group: headGroup(architecture) };
  return packBatch(segments, ids, predictions, tiling).dims;
}

/** Counts the dispatches of a decoded token and of a gradient pass. */
export const countDispatches = Effect.fnUntraced(function* (form: ModelForm) {
  const { opened, dispatches } = createCountingDevice(CARD, BINDING_BYTES);
  const engine = yield* createGpuEngine(opened);
  const taken = () => {
    opened.commands.finish();
    return dispatches.splice(0);
  };
  const { program, dims: room } = policyPrograms(form, CAPACITY).decode;
  const decode = yield* engine.load(program, room);
  const scalars = { inverseTemperature: 1, greedy: 0, ...stopDims([]) };
  const tokenOf = (rows: number) => {
    decode.run("step", { ...room, ...scalars, N: rows });
    return taken();
  };
  const tokens = { "token, 1 row": tokenOf(1), "token, 16 rows": tokenOf(CAPACITY.rows) };
  const most = dimsOf(form.architecture, CAPACITY);
  const gradient = yield* engine.load(gradientProgram(form), most);
  const dims = { ...most, ...batchOf(form), inverseTemperature: 1 };
  gradient.run("forward", dims);
  const forward = taken();
  gradient.run("backward", dims);
  return { ...tokens, forward, backward: taken() } satisfies Counted;
}, Effect.scoped);

/** A dispatch with fewer threads than this leaves most of a card idle. */
const FEW_THREADS = 4096;

/** Dispatches, and in brackets how many of them have few threads. */
export function summaryOf(dispatches: ReadonlyArray<Dispatch>): string {
  const narrow = dispatches.filter(({ threads }) => threads < FEW_THREADS).length;
  return `${dispatches.length} (${narrow})`;
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
