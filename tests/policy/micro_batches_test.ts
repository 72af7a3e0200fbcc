import { TILING } from "../support/forests.ts";
import { strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { hashString } from "../../src/math/threefry.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import { gradientName } from "../../src/model/backward.ts";
import { type Lora, loraParametersOf } from "../../src/model/lora.ts";
import { trainedParametersOf } from "../../src/model/programs.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { readParameters } from "../../src/model/weight_source.ts";
import { readModelFolder } from "../../src/pipeline/model_folder.ts";
import { packMicroBatches } from "../../src/policy/micro_batches.ts";
import type { SequenceLoss, TokenRows } from "../../src/policy/policy.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine, type TestEngine } from "../support/engines.ts";
import { largest } from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { TINY, tinyWeights } from "../support/tiny_models.ts";
import { inFloat32 } from "../support/plans.ts";
import { nonFinite, openTiny } from "../support/tiny_policy.ts";

/** Tolerance as a share of the largest gradient: sums in another order differ by rounding, in f32 or f64. */
const SHARE = { plain: 1e-13, wgsl: 2e-6 } as const;
const MOST_SEEING = 10_000;

interface Model {
  readonly architecture: Architecture;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly lora?: Lora;
}

const LORA: Lora = {
  rank: 4,
  alpha: 6,
  rankStabilized: false,
  targets: new Set(["q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"]),
};

function adapted(architecture: Architecture): Model {
  const factors = loraParametersOf(architecture, LORA).map(({ name, rows, cols }) =>
    [name, randomValues(hashString(name), rows * cols, 0.5)] as const
  );
  const weights = new Map([...tinyWeights(architecture), ...factors]);
  return { architecture, weights, lora: LORA };
}

const tiny = (family: Architecture["family"]): Model => ({
  architecture: TINY[family],
  weights: tinyWeights(TINY[family]),
});
const embedded = await Effect.runPromise(Effect.gen(function* () {
  const folder = new URL("../../checkpoints/spoiled", import.meta.url).pathname;
  const { architecture, weights } = yield* readModelFolder(folder);
  return { architecture, weights: yield* readParameters(weights, parametersOf(architecture)) };
}));

/** Eight sequences of `length` computed tokens, a third of them trained; the first `shared` are the same in all. */
function sequencesOf({ vocabulary }: Architecture, length: number, shared: number) {
  const positions = Array.from({ length: Math.floor(length / 3) - 2 }, (_, k) => 6 + 2 * k);
  return Array.from({ length: 8 }, (_, i): TokenRows => ({
    tokens: Uint32Array.from([
      ...randomIds(9, shared, vocabulary),
      ...randomIds(60 + i, length + 1 - shared, vocabulary),
    ]),
    position: Uint32Array.from([...positions, length]),
  }));
}

/** A loss with a different slope at each token. */
const LOSS: SequenceLoss = (index, { logProb }) => ({
  dLogProb: Float64Array.from(randomValues(index, logProb.length)),
  dEntropy: Float64Array.from(randomValues(50 + index, logProb.length, 0.1)),
});

/** Gradients of all trained parameters from `count` micro-batches of up to `passTokens` tokens. */
const gradientsOf = Effect.fnUntraced(function* (
  engine: TestEngine,
  { architecture, weights, lora }: Model,
  { sequences, passTokens, count }: {
    readonly sequences: ReadonlyArray<TokenRows>;
    readonly passTokens: number;
    readonly count: number;
  },
) {
  const limits = { tokens: passTokens, mostSeeing: MOST_SEEING, tiling: TILING };
  strictEqual([...packMicroBatches(sequences, limits)].length, count);
  const contextTokens = sequences[0]!.tokens.length + 1;
  const { learner, engine: own } = yield* openTiny(engine.fresh(), {
    architecture,
    weights,
    capacity: { passTokens, contextTokens },
    ...(lora === undefined ? {} : { lora }),
  });
  strictEqual(nonFinite(yield* learner.gradient(sequences, 1, LOSS)), null);
  const names = trainedParametersOf(inFloat32(architecture, lora ?? null)).map((p) => p.name);
  const read = yield* own.read(names.map(gradientName));
  return names.map((name) => ({ name, values: read[gradientName(name)]! }));
});

const CASES: ReadonlyArray<readonly [string, Model, number]> = [
  ["qwen2", tiny("qwen2"), 120],
  ["qwen3", tiny("qwen3"), 40],
  ["llama", tiny("llama"), 40],
  ["qwen3 with adapters", adapted(TINY.qwen3), 40],
  ["the embedded model", embedded, 40],
];

for (const [name, model, length] of CASES) {
  for (const shared of [0, 5]) {
    eachEngine(
      `gradient() of ${name} in 1 micro-batch of 8 is that of 8 of 1, ${shared} tokens shared`,
      (engine) =>
        Effect.gen(function* () {
          const sequences = sequencesOf(model.architecture, length, shared);
          const whole = { sequences, passTokens: 8 * length, count: 1 };
          const single = { sequences, passTokens: length, count: 8 };
          const want = yield* gradientsOf(engine, model, whole);
          const got = yield* gradientsOf(engine, model, single);
          const size = Math.max(...want.map(({ values }) => largest(values)));
          const share = engine.name === "plain" ? SHARE.plain : SHARE.wgsl;
          want.forEach(({ name, values }, i) =>
            assertClose(got[i]!.values, values, { atol: share * size }, name)
          );
        }),
    );
  }
}
