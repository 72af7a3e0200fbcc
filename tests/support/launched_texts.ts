/** The text of every kernel that can be launched: what the engine hands to a compiler, in all families and formats. */
import { Effect } from "effect";
import { PROJECTIONS, type WeightFormat } from "../../src/domain/recipe.ts";
import { type Choices, OPTIONS, USUAL } from "../../src/gpu/choices.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { fewDispatches, type Traits } from "../../src/gpu/launches.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Engine } from "../../src/model/engine.ts";
import { stopDims } from "../../src/model/decode.ts";
import type { ModelForm } from "../../src/model/decoder.ts";
import type { Dims, Program } from "../../src/model/plan.ts";
import { gradientProgram, updateProgram } from "../../src/model/programs.ts";
import { dimsOf, policyPrograms } from "../../src/policy/runtime.ts";
import { createCountingDevice } from "./counting_device.ts";
import { TINY } from "./tiny_models.ts";

/** The least that WebGPU promises, and what most adapters have. */
const LIMITS = [
  { workgroupBytes: 16384, maxInvocations: 256, storageBuffers: 8 },
  { workgroupBytes: 16384, maxInvocations: 256, storageBuffers: 10 },
  { workgroupBytes: 32768, maxInvocations: 1024, storageBuffers: 10 },
];
/** Widths of subgroups for the family whose kernels use them. */
const SUBGROUPS = [0, 8, 16];

const FORMATS: ReadonlyArray<WeightFormat> = ["bf16", "f16", "int8", "int4", "nf4"];
const LORA = { rank: 4, alpha: 8, rankStabilized: false, targets: new Set(PROJECTIONS) };

/** A model with the heads and widths of a published one, but one layer. */
const WIDE: Architecture = {
  ...TINY.qwen2,
  layers: 1,
  hidden: 896,
  heads: 14,
  keyValueHeads: 2,
  headDim: 64,
  feedForward: 4864,
  vocabulary: 9000,
};

/** The same with heads of 128 features. */
const WIDE_HEADS: Architecture = { ...WIDE, heads: 7, keyValueHeads: 1, headDim: 128 };

const CAPACITY = { rows: 40, contextTokens: 128, passTokens: 300, messageTokens: 8 };
/** Numbers of rows for which kernels take different forms. */
const ROWS = [1, 9, 40, 300];

const ADAMW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "matrices" } as const;
/** Any values will do: they change no text. */
const SCALARS = {
  ...stopDims([]),
  ...{ inverseTemperature: 1, greedy: 0, penalty: 1, topK: 0, topP: 1, minP: 0 },
  ...{ learningRate: 0, gradientScale: 1, correction1: 1, correction2: 1 },
};

const BINDING_BYTES = 2 ** 27;

/** The small models in f32, and one of them in every other format. */
const SMALL: ReadonlyArray<ModelForm> = [
  ...Object.values(TINY).map((architecture) => formOf(architecture, "f32")),
  ...FORMATS.map((format) => formOf(TINY.qwen2, format)),
];

/** Trains adapters where weights are stored in fewer bits. */
function formOf(architecture: Architecture, format: WeightFormat): ModelForm {
  return {
    architecture,
    format,
    lora: format === "f32" ? null : LORA,
    bindingBytes: BINDING_BYTES,
  };
}

/** Models of each family. Straight lines of the wide one would be as many texts again, of 200 KB each; it has all options. */
function formsFor(traits: Traits): ReadonlyArray<ModelForm> {
  const wide = [formOf(WIDE, "f32"), formOf(WIDE, "int8"), formOf(WIDE_HEADS, "f32")];
  const isTuned = traits.choices !== undefined;
  const all = isTuned ? wide : traits.family === "lines" ? SMALL : [...SMALL, ...wide];
  return all.map((form) => ({ ...form, fewDispatches: fewDispatches(traits) }));
}

/** Every option of `tune`: the first of all lists, the second, and so on. */
const CHOSEN: ReadonlyArray<Choices> = [0, 1, 2, 3].map((i) =>
  Object.values(OPTIONS).reduce<Choices>((chosen, options) => ({ ...chosen, ...options[i] }), USUAL)
);

/** Every family with the limits and the widths of subgroups that change its kernels, and every option. */
function allTraits(enablesSubgroups: boolean): ReadonlyArray<Traits> {
  const shared = { cores: 2, subgroup: 0, enablesSubgroups };
  return [
    ...CHOSEN.map((choices) => ({ ...shared, ...LIMITS[1]!, family: "tiles", choices }) as const),
    ...LIMITS.flatMap((limits) => [
      ...SUBGROUPS.map((subgroup) =>
        ({ ...shared, ...limits, family: "lines", subgroup }) as const
      ),
      ...(["tiles", "loops"] as const).map((family) => ({ ...shared, ...limits, family }) as const),
    ]),
  ];
}

/** The programs of a model, and how many rows each may have. */
function programsOf(form: ModelForm) {
  const { cache, logProb, decode, decodeMasked } = policyPrograms(form, CAPACITY);
  const dims = dimsOf(form.architecture, CAPACITY);
  const learning = [gradientProgram(form), updateProgram(form, ADAMW)];
  return [cache, logProb, decode, decodeMasked, ...learning.map((program) => ({ program, dims }))];
}

/** Runs every phase of a program with few and many rows, with small and large tiles of queries. */
const runAll = Effect.fnUntraced(function* (
  engine: Engine,
  { program, dims }: { readonly program: Program; readonly dims: Dims },
) {
  const executable = yield* engine.load(program, dims);
  const tiles = program.name.startsWith("decode") ? [{}] : [{ tileRows: 32 }, { tileRows: 64 }];
  for (const phase of Object.keys(program.phases)) {
    for (const rows of ROWS.filter((rows) => rows <= dims["N"]!)) {
      for (const tile of tiles) {
        executable.run(phase, { ...dims, ...SCALARS, ...tile, N: rows, R: rows, S: rows });
      }
    }
  }
}, Effect.scoped);

/** The texts; `enablesSubgroups` says which of the two spellings of kernels with subgroups. */
export const launchedTexts = Effect.fnUntraced(function* (
  { enablesSubgroups }: { readonly enablesSubgroups: boolean },
) {
  const all = new Set<string>();
  for (const traits of allTraits(enablesSubgroups)) {
    const { opened, texts } = createCountingDevice(traits, BINDING_BYTES);
    for (const form of formsFor(traits)) {
      // Models have tensors of the same names.
      const engine = yield* createGpuEngine(opened);
      for (const sized of programsOf(form)) yield* runAll(engine, sized);
    }
    opened.commands.finish();
    for (const text of texts) all.add(text);
  }
  return all as ReadonlySet<string>;
}, Effect.scoped);
