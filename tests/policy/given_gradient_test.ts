/** Gradients that leave the device and come back, as those of shards do. */
import assert from "node:assert/strict";
import { Effect } from "effect";
import { type Lora, loraParametersOf } from "../../src/model/lora.ts";
import type { LossGradient, TokenRows } from "../../src/policy/policy.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine } from "../support/engines.ts";
import { randomValues } from "../support/random_values.ts";
import { TINY, tinyWeights } from "../support/tiny_models.ts";
import { context, openTiny } from "../support/tiny_policy.ts";

const SEQUENCES = Array.from({ length: 4 }, (_, i): TokenRows => ({
  tokens: context(60 + i, 9 + 2 * i),
  position: Uint32Array.of(2, 3, 6, 8),
}));
const LOSS = (index: number): LossGradient => ({
  dLogProb: Float64Array.of(1, -2, 0.5, 0.25 * index),
  dEntropy: Float64Array.of(0, 0.1, 0.2, 0.3),
});
const STEP = { learningRate: 1e-2, clipNorm: 1 };

const lora: Lora = {
  rank: 4,
  alpha: 6,
  rankStabilized: false,
  targets: new Set(["q_proj", "down_proj"]),
};
const adapters = loraParametersOf(TINY.qwen3, lora).map(({ name, rows, cols }, i) =>
  [name, Float32Array.from(randomValues(i, rows * cols, 0.1))] as const
);
const adapted = { lora, weights: new Map([...tinyWeights(TINY.qwen3), ...adapters]) };

for (const [what, model] of [["all weights", {}], ["adapters", adapted]] as const) {
  eachEngine(
    `update() applies a gradient of ${what} that was written as one that was computed`,
    (engine) =>
      Effect.gen(function* () {
        const { learner } = yield* openTiny(engine.fresh(), model);
        const given = yield* openTiny(engine.fresh(), model);
        yield* learner.gradient(SEQUENCES, 0.8, LOSS);
        const gradient = yield* learner.readGradient();
        const before = yield* learner.weights();
        assert.deepEqual([...gradient.keys()], [...before.keys()]);
        assert.ok(gradient.values().every((values) => values.some((x) => x !== 0)));
        yield* given.learner.writeGradient(gradient);
        assert.deepEqual(yield* given.learner.readGradient(), gradient);
        const want = yield* learner.update(STEP);
        const got = yield* given.learner.update(STEP);
        // Plain loops keep more digits of a gradient than f32, in which it leaves them.
        assertClose([got.gradientNorm], [want.gradientNorm], { atol: 0, rtol: 1e-6 });
        const [weights, own] = [yield* given.learner.weights(), yield* learner.weights()];
        for (const [name, values] of own) {
          assertClose(weights.get(name)!, values, { atol: 1e-6 }, name);
          assert.notDeepEqual(values, before.get(name));
        }
      }),
  );
}
