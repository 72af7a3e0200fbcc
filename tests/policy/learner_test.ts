import { TILING } from "../support/forests.ts";
import assert from "node:assert/strict";
import { Effect, Result } from "effect";
import { gradientName } from "../../src/model/backward.ts";
import type { Engine, HostArray } from "../../src/model/engine.ts";
import { storedParametersOf } from "../../src/model/parameters.ts";
import { packMicroBatches } from "../../src/policy/micro_batches.ts";
import type { SequenceLoss, TokenLogProbs, TokenRows } from "../../src/policy/policy.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine } from "../support/engines.ts";
import { assertSameBits, largest } from "../support/op_cases.ts";
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

const SEQUENCES = Array.from({ length: 6 }, (_, i): TokenRows => ({
  tokens: context(60 + i, 9 + 2 * i),
  position: Uint32Array.of(2, 3, 6, 8),
}));

/** A loss with a different slope at each token. */
const LOSS: SequenceLoss = (index, { logProb }) => ({
  dLogProb: Float64Array.from(randomValues(index, logProb.length)),
  dEntropy: Float64Array.from(randomValues(50 + index, logProb.length, 0.1)),
});
const STEP = { learningRate: 1e-2, clipNorm: 1 };
const NAMES = storedParametersOf(TINY.qwen3).map(({ name }) => name);

const gradientsOf = (engine: Engine) =>
  Effect.map(engine.read(NAMES.map(gradientName)), (read) => Object.values(read));
const weightsOf = (engine: Engine) =>
  Effect.map(engine.read(NAMES), (read): HostArray[] => Object.values(read));

eachEngine(
  "gradient() hardly depends on how a batch is cut into passes",
  (engine) =>
    Effect.gen(function* () {
      const all = yield* openTiny(engine.fresh());
      const cut = yield* openTiny(engine.fresh(), { capacity: { passTokens: 24, rows: 2 } });
      assert.equal(nonFinite(yield* all.learner.gradient(SEQUENCES, 0.8, LOSS)), null);
      assert.equal(nonFinite(yield* cut.learner.gradient(SEQUENCES, 0.8, LOSS)), null);
      const want = yield* gradientsOf(all.engine);
      const got = yield* gradientsOf(cut.engine);
      const size = Math.max(...want.map(largest));
      // Sums over tokens have other partial sums, so they differ by f32 rounding of about 100 terms.
      want.forEach((values, i) => assertClose(got[i]!, values, { atol: 2e-6 * size }, NAMES[i]!));
    }),
);

/** Three groups of sequences with the same system prompt; each group has a question of its own. */
const GROUPS = Array.from({ length: 9 }, (_, i): TokenRows => {
  const prompt = [...context(90, 7), ...context(91 + Math.floor(i / 3), 5)];
  return {
    tokens: Uint32Array.from([...prompt, ...context(100 + i, 6 + i)]),
    position: Uint32Array.of(12, 13, 16),
  };
});

eachEngine(
  "gradient() of sequences that share their prompts is that of the sequences one by one",
  (engine) =>
    Effect.gen(function* () {
      const { learner, engine: own } = yield* openTiny(engine.fresh());
      const shared: TokenLogProbs[] = [];
      yield* learner.gradient(GROUPS, 0.8, (index, evaluation) => {
        shared.push(evaluation);
        return LOSS(index, evaluation);
      });
      const together = yield* gradientsOf(own);
      const sums = together.map((values) => new Float64Array(values.length));
      for (const [index, sequence] of GROUPS.entries()) {
        yield* learner.gradient([sequence], 0.8, (_, evaluation) => {
          assert.deepEqual(evaluation, shared[index], `the bits of sequence ${index}`);
          return LOSS(index, evaluation);
        });
        const alone = yield* gradientsOf(own);
        sums.forEach((sum, i) => sum.forEach((_, at) => sum[at]! += alone[i]![at]!));
      }
      const size = Math.max(...sums.map(largest));
      sums.forEach((want, i) => assertClose(together[i]!, want, { atol: 2e-6 * size }, NAMES[i]!));
    }),
);

eachEngine(
  "gradient() of a chain of prefixes fits the tables of a pass",
  (engine) =>
    Effect.gen(function* () {
      const { learner, policy } = yield* openTiny(engine.fresh(), {
        capacity: { passTokens: 256, contextTokens: 48 },
      });
      const all = context(7, 40);
      const chain = Array.from({ length: 30 }, (_, i): TokenRows => ({
        tokens: Uint32Array.from([...all.slice(0, i + 2), ...context(200 + i, 2)]),
        position: Uint32Array.of(i + 2),
      }));
      const together = yield* policy.logProbs(chain, 1);
      for (const [i, sequence] of chain.entries()) {
        assert.deepEqual(yield* policy.logProbs([sequence], 1), [together[i]!]);
      }
      assert.equal(nonFinite(yield* learner.gradient(chain, 1, LOSS)), null);
    }),
);

const limits = (tokens: number) => ({ tokens, mostSeeing: 1000, tiling: TILING });

Deno.test("packMicroBatches() computes a shared prompt once, and nothing after the last prediction", () => {
  const [batch, ...others] = packMicroBatches(GROUPS, limits(1000));
  // 7 tokens are shared by all and 4 by each group. The token that predicts the first trained one is never shared.
  assert.deepEqual([batch!.dims["N"], others.length], [7 + 3 * 4 + 9 * 5, 0]);
  assert.equal([...packMicroBatches(GROUPS, limits(7 + 4 + 3 * 5))].length, 3);
});

eachEngine("gradient() starts from zero each time", (engine) =>
  Effect.gen(function* () {
    const { learner, engine: own } = yield* openTiny(engine.fresh());
    yield* learner.gradient(SEQUENCES, 1, LOSS);
    const first = yield* gradientsOf(own);
    yield* learner.gradient(SEQUENCES, 1, LOSS);
    assertSameBits(yield* gradientsOf(own), first, "the same gradient again");
  }));

eachEngine(
  "gradient() tells the loss what logProbs() tells, and answers with what the loss says",
  (engine) =>
    Effect.gen(function* () {
      const { learner, policy } = yield* openTiny(engine.fresh(), { capacity: { passTokens: 24 } });
      const gradient = yield* learner.gradient(SEQUENCES, 0.7, (index, found) => ({
        ...LOSS(index, found),
        index,
        found,
      }));
      const told = Result.getOrThrow(gradient);
      assert.deepEqual(told.map(({ index }) => index), [...SEQUENCES.keys()]);
      assert.deepEqual(told.map(({ found }) => found), yield* policy.logProbs(SEQUENCES, 0.7));
    }),
);

eachEngine(
  "gradient() names the op, the sequence and the token where a number is not finite",
  (engine) =>
    Effect.gen(function* () {
      const weights = tinyWeights(TINY.qwen3);
      // A token that occurs once in the whole batch, before the last prediction.
      const all = SEQUENCES.flatMap(({ tokens }) => [...tokens]);
      const { tokens } = SEQUENCES[3]!;
      const place = tokens.findIndex((token) => all.indexOf(token) === all.lastIndexOf(token));
      const bad = tokens[place]!;
      const embedding = weights.get("model.embed_tokens.weight")!;
      embedding[bad * TINY.qwen3.hidden] = NaN;
      const { learner } = yield* openTiny(engine.fresh(), { weights });
      const found = yield* learner.gradient(SEQUENCES, 1, LOSS);
      assert.deepEqual(nonFinite(found), { op: "embedding_forward", sequence: 3, token: place });
    }),
);

eachEngine(
  "gradient() names an infinite number in a later pass",
  (engine) =>
    Effect.gen(function* () {
      const weights = tinyWeights(TINY.qwen3);
      const bad = SEQUENCES[4]!.tokens[2]!;
      weights.get("model.embed_tokens.weight")![bad * TINY.qwen3.hidden] = Infinity;
      const { learner } = yield* openTiny(engine.fresh(), {
        weights,
        capacity: { passTokens: 24 },
      });
      const found = yield* learner.gradient(SEQUENCES, 1, LOSS);
      assert.deepEqual(nonFinite(found), { op: "embedding_forward", sequence: 4, token: 2 });
    }),
);

eachEngine(
  "gradient() names the token whose loss is not finite",
  (engine) =>
    Effect.gen(function* () {
      const { learner } = yield* openTiny(engine.fresh());
      const found = yield* learner.gradient(SEQUENCES, 1, (index, evaluation) => {
        const { dLogProb, dEntropy } = LOSS(index, evaluation);
        return { dLogProb: index === 2 ? dLogProb.with(3, NaN) : dLogProb, dEntropy };
      });
      assert.deepEqual(nonFinite(found), { op: "loss", sequence: 2, token: 8 });
    }),
);

eachEngine(
  "update() does not apply a gradient that is not finite",
  (engine) =>
    Effect.gen(function* () {
      const { learner, engine: own } = yield* openTiny(engine.fresh());
      const before = yield* weightsOf(own);
      yield* learner.gradient(SEQUENCES, 1, LOSS);
      own.write(gradientName("model.norm.weight"), Float64Array.of(0, Infinity));
      const report = yield* learner.update(STEP);
      assert.deepEqual(report, { ...report, applied: false });
      assert.equal(learner.version(), 0);
      assertSameBits(yield* weightsOf(own), before, "weights");
      yield* learner.gradient(SEQUENCES, 1, LOSS);
      const next = yield* learner.update(STEP);
      assert.deepEqual(next, { ...next, applied: true });
      assert.equal(learner.version(), 1);
    }),
);

eachEngine(
  "findNonFinite() names op and token where the backward pass stops being finite",
  (engine) =>
    Effect.gen(function* () {
      const { learner } = yield* openTiny(engine.fresh());
      // The slope is finite on the host, but too large for the products of the backward pass.
      const loss: SequenceLoss = (index, evaluation) => {
        const { dLogProb, dEntropy } = LOSS(index, evaluation);
        return { dLogProb: index === 2 ? dLogProb.with(3, 1.7e308) : dLogProb, dEntropy };
      };
      assert.equal(nonFinite(yield* learner.gradient(SEQUENCES, 0.1, loss)), null);
      const { applied } = yield* learner.update(STEP);
      assert.deepEqual({ applied }, { applied: false });
      const found = yield* learner.findNonFinite(SEQUENCES, 0.1, loss);
      assert.equal(found?.sequence, 2);
      assert.equal(found?.token, SEQUENCES[2]!.position[3]);
    }),
);

eachEngine("update() clips the norm of the whole gradient", (engine) =>
  Effect.gen(function* () {
    const { learner, engine: own } = yield* openTiny(engine.fresh());
    yield* learner.gradient(SEQUENCES, 1, LOSS);
    const squares = (yield* gradientsOf(own)).flatMap((part) => [...part]).map((x) => x * x);
    const norm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
    const report = yield* learner.update({ learningRate: 0, clipNorm: norm / 3 });
    assertClose([report.gradientNorm], [norm], { atol: 0, rtol: 1e-6 });
    const moments = yield* own.read(NAMES.map((name) => `m ${name}`));
    const read = yield* own.read(NAMES.map(gradientName));
    for (const name of NAMES) {
      const want = Float64Array.from(read[gradientName(name)]!, (g) => 0.1 * g / 3);
      assertClose(moments[`m ${name}`]!, want, { atol: 1e-9, rtol: 1e-5 }, `m ${name}`);
    }
  }));

/** A loss without a slope: only decay moves the weights. */
const FLAT: SequenceLoss = (_, { logProb }) => ({
  dLogProb: logProb.map(() => 0),
  dEntropy: logProb.map(() => 0),
});

for (const family of ["qwen2", "qwen3", "llama"] as const) {
  eachEngine(
    `update() of ${family} shrinks matrices alone, or norms and biases too`,
    (engine) =>
      Effect.gen(function* () {
        const architecture = TINY[family];
        // Ids below the size of the vocabulary.
        const rows = SEQUENCES.map(({ tokens, position }) => ({
          tokens: tokens.map((id) => id % architecture.vocabulary),
          position,
        }));
        for (const decayed of ["matrices", "all"] as const) {
          const adamw = { ...ADAMW, weightDecay: 0.25, decayed };
          const { learner, weights } = yield* openTiny(engine.fresh(), { architecture, adamw });
          yield* learner.gradient(rows, 1, FLAT);
          yield* learner.update({ learningRate: 0.5, clipNorm: null });
          const after = (yield* learner.save()).weights;
          for (const [name, before] of weights) {
            const isVector = /norm\.weight$|\.bias$/.test(name);
            const share = isVector && decayed === "matrices" ? 1 : 1 - 0.5 * 0.25;
            const want = before.map((w) => w * share);
            assertClose(after.get(name)!, want, { atol: 0, rtol: share === 1 ? 0 : 1e-6 }, name);
          }
        }
      }),
  );
}

eachEngine(
  "update() makes generate() forget what it computed with the old weights",
  (engine) =>
    Effect.gen(function* () {
      const { learner, policy, architecture } = yield* openTiny(engine.fresh());
      const requests = [request(0), request(1)];
      const options = { sampling: PLAIN, stopIds: [] };
      yield* policy.generate(requests, options);
      yield* learner.gradient(SEQUENCES, 1, LOSS);
      yield* learner.update(STEP);
      const after = (yield* policy.generate(requests, options)).map(bitsOf);
      const { weights } = yield* learner.save();
      const fresh = yield* openTiny(engine.fresh(), { weights, architecture });
      const want = (yield* fresh.policy.generate(requests, options)).map(bitsOf);
      // The interpreter keeps float64 weights, which save() rounds.
      if (engine.name === "wgsl") assert.deepEqual(after, want);
      else assert.deepEqual(after.map(({ tokens }) => tokens), want.map(({ tokens }) => tokens));
    }),
);

const train = Effect.fnUntraced(function* (tiny: Effect.Success<ReturnType<typeof openTiny>>) {
  for (let step = 0; step < 2; step++) {
    yield* tiny.learner.gradient(SEQUENCES, 1, LOSS);
    yield* tiny.learner.update(STEP);
  }
});

eachEngine(
  "load() of what save() gave repeats training bit for bit",
  (engine) =>
    Effect.gen(function* () {
      const straight = yield* openTiny(engine.fresh());
      yield* train(straight);
      const saved = structuredClone(yield* straight.learner.save());
      assert.equal(saved.updates, 2);
      // save() rounds the interpreter's float64, so the first learner loads the saved state too.
      yield* straight.learner.load(saved);
      yield* train(straight);
      const resumed = yield* openTiny(engine.fresh());
      yield* resumed.learner.load(saved);
      assert.equal(resumed.learner.version(), 2);
      yield* train(resumed);
      assertSameBits(
        yield* weightsOf(resumed.engine),
        yield* weightsOf(straight.engine),
        "weights",
      );
      const requests = [request(0), request(1)];
      const options = { sampling: PLAIN, stopIds: [] };
      assert.deepEqual(
        (yield* resumed.policy.generate(requests, options)).map(bitsOf),
        (yield* straight.policy.generate(requests, options)).map(bitsOf),
      );
    }),
);

eachEngine("training is the same bits every time", (engine) =>
  Effect.gen(function* () {
    const [first, second] = [yield* openTiny(engine.fresh()), yield* openTiny(engine.fresh())];
    yield* train(first);
    yield* train(second);
    assertSameBits(yield* weightsOf(second.engine), yield* weightsOf(first.engine), "weights");
  }));
