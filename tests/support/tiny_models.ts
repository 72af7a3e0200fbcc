import { TILING } from "./forests.ts";
import { Effect } from "effect";
import { hashString } from "../../src/math/threefry.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import { gradientName } from "../../src/model/backward.ts";
import type { Engine } from "../../src/model/engine.ts";
import { type Lora, loraParametersOf, storedLoraOf } from "../../src/model/lora.ts";
import {
  packBatch,
  PACKED_INPUTS,
  type PackedBatch,
  type Prediction,
} from "../../src/model/packing.ts";
import {
  parametersOf,
  stackValues,
  storedParametersOf,
  unstackValues,
} from "../../src/model/parameters.ts";
import { gradientProgram, trainedParametersOf } from "../../src/model/programs.ts";
import type { Recompute } from "../../src/model/recompute.ts";
import { ropeTable } from "../../src/model/rope.ts";
import type { Segment } from "../../src/model/segments.ts";
import { inFloat32 } from "./plans.ts";
import { randomValues } from "./random_values.ts";

const COMMON = {
  layers: 2,
  normEps: 1e-6,
  rope: { base: 10_000, scaling: null },
  outputBias: false,
  feedForwardBias: false,
  queryKeyNorm: false,
  maxPositions: 512,
} as const;

/** One small architecture of each family; unusual options are spread over them. */
export const TINY: Readonly<Record<Architecture["family"], Architecture>> = {
  qwen2: {
    ...COMMON,
    family: "qwen2",
    vocabulary: 29,
    hidden: 16,
    heads: 4,
    keyValueHeads: 2,
    headDim: 4,
    feedForward: 20,
    tied: true,
    queryKeyValueBias: true,
  },
  qwen3: {
    ...COMMON,
    family: "qwen3",
    // The vocabulary needs more than one tile of the head, and the heads together are wider than the hidden state.
    vocabulary: 261,
    hidden: 8,
    heads: 2,
    keyValueHeads: 1,
    headDim: 20,
    feedForward: 12,
    tied: false,
    queryKeyValueBias: false,
    queryKeyNorm: true,
  },
  llama: {
    ...COMMON,
    family: "llama",
    vocabulary: 31,
    hidden: 12,
    heads: 3,
    keyValueHeads: 3,
    headDim: 4,
    feedForward: 16,
    rope: {
      base: 10_000,
      scaling: {
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalPositions: 16,
      },
    },
    tied: false,
    queryKeyValueBias: true,
    outputBias: true,
    feedForwardBias: true,
  },
};

/** Weights of ordinary size, biases and norms included, so that no gradient is zero by accident. */
export function tinyWeights(architecture: Architecture): Map<string, Float32Array<ArrayBuffer>> {
  return new Map(
    parametersOf(architecture).map(({ name, rows, cols, kind }) => {
      const values = randomValues(hashString(name), rows * cols, kind === "norm" ? 0.3 : 0.5);
      return [name, kind === "norm" ? values.map((x) => 1 + x) : values];
    }),
  );
}

/** Adapters of ordinary size; both factors are, so that no gradient is zero. */
export function tinyAdapters(architecture: Architecture, lora: Lora) {
  return new Map(
    loraParametersOf(architecture, lora).map(({ name, rows, cols }) =>
      [name, randomValues(hashString(name), rows * cols, 0.5)] as const
    ),
  );
}

/** A loaded gradient program, as functions from its inputs to its results. */
export interface LoadedGradient {
  /** (R,4) head of the batch at inverse temperature `inverseTemperature`. */
  readonly forward: (
    batch: PackedBatch,
    inverseTemperature?: number,
  ) => Effect.Effect<Float64Array, unknown>;
  /** Gradients of every parameter for dHead (R,2), after a `forward` of the same batch. */
  readonly backward: (
    batch: PackedBatch,
    dHead: Float64Array,
    inverseTemperature?: number,
  ) => Effect.Effect<ReadonlyMap<string, Float64Array>, unknown>;
}

const POSITIONS = 128;

/** A capacity for batches of up to `tokens` tokens in `tokens` segments. */
export function roomFor(tokens: number, architecture: Architecture) {
  return {
    N: tokens,
    R: tokens,
    Q: 4 * tokens,
    K: 9 * tokens,
    queryTiles: tokens,
    keyTiles: 2 * tokens,
    U: Math.min(tokens, architecture.vocabulary),
    M: tokens,
    C: tokens,
    P: POSITIONS,
  };
}

export function writeModel(
  engine: Engine,
  architecture: Architecture,
  weights: ReadonlyMap<string, Float32Array | Float64Array>,
): void {
  for (const parameter of storedParametersOf(architecture)) {
    engine.write(parameter.name, stackValues(parameter, (part) => weights.get(part)!));
  }
  engine.write("rope", ropeTable(architecture.rope, architecture.headDim, POSITIONS));
}

export const loadGradient = Effect.fnUntraced(function* (
  engine: Engine,
  architecture: Architecture,
  options: {
    readonly weights: ReadonlyMap<string, Float32Array>;
    readonly tokens: number;
    readonly recompute?: Recompute;
    /** Adapters, whose values are then among the weights. */
    readonly lora?: Lora | undefined;
  },
) {
  const { lora } = options;
  const form = { ...inFloat32(architecture, lora), fewDispatches: engine.fewDispatches };
  const parameters = trainedParametersOf(form);
  const names = parameters.map(({ name }) => name);
  const program = gradientProgram(form, options.recompute);
  const room = roomFor(options.tokens, architecture);
  const executable = yield* engine.load(program, room);
  writeModel(engine, architecture, options.weights);
  for (const parameter of lora === undefined ? [] : storedLoraOf(architecture, lora)) {
    engine.write(parameter.name, stackValues(parameter, (part) => options.weights.get(part)!));
  }
  const dimsOf = (batch: PackedBatch, inverseTemperature: number) => ({
    ...room,
    ...batch.dims,
    inverseTemperature,
  });
  const loaded: LoadedGradient = {
    forward: (batch, inverseTemperature = 1) =>
      Effect.gen(function* () {
        // A frozen embedding needs no table of tokens.
        const read = PACKED_INPUTS.filter((name) => program.inputs.includes(name));
        for (const name of read) executable.write(name, batch.inputs[name]);
        executable.run("forward", dimsOf(batch, inverseTemperature));
        return Float64Array.from((yield* executable.read(["head"]))["head"]!);
      }),
    backward: (batch, dHead, inverseTemperature = 1) =>
      Effect.gen(function* () {
        engine.clear(names.map(gradientName));
        executable.write("d_head", dHead);
        executable.run("backward", dimsOf(batch, inverseTemperature));
        const read = yield* engine.read(names.map(gradientName));
        return new Map(parameters.flatMap((parameter) =>
          unstackValues(parameter, Float64Array.from(read[gradientName(parameter.name)]!))
        ));
      }),
  };
  return loaded;
});

/** Packs segments whose tokens are `tokenAt(segment, index)`. */
export function packForest(
  segments: ReadonlyArray<Segment>,
  ids: ReadonlyArray<number>,
  predictions: ReadonlyArray<Prediction>,
): PackedBatch {
  return packBatch(segments, Uint32Array.from(ids), predictions, TILING);
}

/** Column `c` of the (R,4) head: 0 log-prob, 1 entropy. */
export function headColumn(head: ArrayLike<number>, c: 0 | 1): Float64Array {
  return Float64Array.from({ length: head.length / 4 }, (_, r) => head[4 * r + c]!);
}
