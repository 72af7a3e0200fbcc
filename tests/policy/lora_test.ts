import assert from "node:assert/strict";
import { Effect } from "effect";
import type { Lora } from "../../src/model/lora.ts";
import { loraParametersOf } from "../../src/model/lora.ts";
import { hashString } from "../../src/math/threefry.ts";
import type { SequenceLoss, TokenRows } from "../../src/policy/policy.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine, onTiles, type TestEngine } from "../support/engines.ts";
import { randomValues } from "../support/random_values.ts";
import { TINY, tinyWeights } from "../support/tiny_models.ts";
import {
  ADAMW,
  bitsOf,
  context,
  nonFinite,
  openTiny,
  PLAIN,
  request,
} from "../support/tiny_policy.ts";

const LORA: Lora = {
  rank: 4,
  alpha: 6,
  rankStabilized: false,
  targets: new Set(["q_proj", "v_proj", "up_proj", "down_proj"]),
};
const REQUESTS = [0, 1, 2, 3].map(request);
const OPTIONS = { sampling: PLAIN, stopIds: [] };

/** The weights of a tiny model and its adapters. Second factors are zero, as at the start, or random. */
function adapted(family: keyof typeof TINY, second: "zero" | "random") {
  const architecture = TINY[family];
  const adapters = loraParametersOf(architecture, LORA).map(({ name, rows, cols }) => {
    const isZero = name.includes("lora_B") && second === "zero";
    const values = randomValues(hashString(name), rows * cols, isZero ? 0 : 0.5);
    return [name, values] as const;
  });
  return new Map([...tinyWeights(architecture), ...adapters]);
}

const SEQUENCES = Array.from({ length: 3 }, (_, i): TokenRows => ({
  tokens: context(60 + i, 9 + 2 * i),
  position: Uint32Array.of(2, 3, 6, 8),
}));

eachEngine(
  "a model whose adapters are zero has the bits of its base",
  (engine) =>
    Effect.gen(function* () {
      const base = yield* openTiny(engine.fresh());
      const own = { lora: LORA, weights: adapted("qwen3", "zero") };
      const { policy } = yield* openTiny(engine.fresh(), own);
      const [want, got] = [
        yield* base.policy.generate(REQUESTS, OPTIONS),
        yield* policy.generate(REQUESTS, OPTIONS),
      ];
      assert.deepEqual(got.map(bitsOf), want.map(bitsOf));
    }),
);

const samplesAsItScores = (engine: TestEngine) =>
  Effect.gen(function* () {
    for (const family of ["qwen2", "qwen3", "llama"] as const) {
      const architecture = TINY[family];
      const weights = adapted(family, "random");
      const { policy } = yield* openTiny(engine.fresh(), { architecture, weights, lora: LORA });
      const requests = REQUESTS.map((one) => ({
        ...one,
        tokens: one.tokens.map((token) => token % architecture.vocabulary),
      }));
      const generations = yield* policy.generate(requests, OPTIONS);
      const sequences = generations.map(({ tokens }, i) => ({
        tokens: Uint32Array.from([...requests[i]!.tokens, ...tokens]),
        position: Uint32Array.from(tokens, (_, p) => requests[i]!.tokens.length + p),
      }));
      const evaluated = yield* policy.logProbs(sequences, 1);
      generations.forEach(({ logProbs }, i) => {
        assert.deepEqual([...logProbs], [...evaluated[i]!.logProb.map(Math.fround)], family);
      });
    }
  });

eachEngine("generate() and evaluate() give one log-prob with adapters", samplesAsItScores);
// These compute adapters within the products of few rows.
onTiles("generate() and evaluate() give one log-prob with adapters", samplesAsItScores);

const LOSS: SequenceLoss = (index, { logProb }) => ({
  dLogProb: Float64Array.from(randomValues(index, logProb.length)),
  dEntropy: logProb.map(() => 0),
});

eachEngine(
  "update() moves the adapters alone, and they alone are saved and loaded",
  (engine) =>
    Effect.gen(function* () {
      const own = { lora: LORA, weights: adapted("qwen3", "zero") };
      const { learner, policy, engine: memory } = yield* openTiny(engine.fresh(), own);
      const before = yield* policy.logProbs(SEQUENCES, 1);
      const frozen = ["model.embed_tokens.weight", "model.layers.1.mlp.gate_up_proj.weight"];
      const base = yield* memory.read(frozen);
      const start = yield* learner.save();
      assert.deepEqual(
        [...start.weights.keys()].sort(),
        loraParametersOf(TINY.qwen3, LORA).map(({ name }) => name).sort(),
      );
      assert.equal(nonFinite(yield* learner.gradient(SEQUENCES, 1, LOSS)), null);
      const report = yield* learner.update({ learningRate: 0.05, clipNorm: null });
      assert.ok(report.applied && report.gradientNorm > 0);
      assert.deepEqual(yield* memory.read(frozen), base);
      const after = yield* policy.logProbs(SEQUENCES, 1);
      assert.notDeepEqual([...after[0]!.logProb], [...before[0]!.logProb]);
      yield* learner.load(start);
      const again = yield* policy.logProbs(SEQUENCES, 1);
      again.forEach(({ logProb }, i) => assertClose(logProb, before[i]!.logProb, { atol: 0 }));
    }),
);

eachEngine(
  "update() shrinks both factors of an adapter, as matrices",
  (engine) =>
    Effect.gen(function* () {
      const own = { lora: LORA, weights: adapted("qwen3", "random") };
      const adamw = { ...ADAMW, weightDecay: 0.25 };
      const { learner } = yield* openTiny(engine.fresh(), { ...own, adamw });
      const before = (yield* learner.save()).weights;
      yield* learner.gradient(SEQUENCES, 1, (_, { logProb }) => ({
        dLogProb: logProb.map(() => 0),
        dEntropy: logProb.map(() => 0),
      }));
      yield* learner.update({ learningRate: 0.5, clipNorm: null });
      for (const [name, after] of (yield* learner.save()).weights) {
        const want = before.get(name)!.map((w) => w * (1 - 0.5 * 0.25));
        assert.ok(want.some((w) => w !== 0), name);
        assertClose(after, want, { atol: 0, rtol: 1e-6 }, name);
      }
    }),
);
