import assert from "node:assert/strict";
import { WEIGHT_FORMATS, type WeightFormat } from "../../src/domain/recipe.ts";
import { Effect } from "effect";
import { hashString } from "../../src/math/threefry.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Engine } from "../../src/model/engine.ts";
import { type Lora, loraParametersOf } from "../../src/model/lora.ts";
import type { SequenceLoss, TokenRows } from "../../src/policy/policy.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { eachForm, onPlain, onWgsl, TILES } from "../support/engines.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { TINY, tinyWeights } from "../support/tiny_models.ts";
import { bitsOf, nonFinite, openTiny, PLAIN } from "../support/tiny_policy.ts";

const LORA: Lora = {
  rank: 4,
  alpha: 6,
  rankStabilized: false,
  targets: new Set(["q_proj", "k_proj", "gate_proj", "down_proj"]),
};

/** An architecture whose weights have more rows than one stretch. */
const LARGE: Architecture = { ...TINY.qwen2, vocabulary: 2600, hidden: 16, feedForward: 1200 };

const weights = new Map([
  // Sums of 1,200 numbers stay of ordinary size.
  ...Array.from(
    tinyWeights(LARGE),
    ([name, values]) =>
      [name, name.includes("down_proj.weight") ? values.map((x) => x / 8) : values] as const,
  ),
  ...loraParametersOf(LARGE, LORA).map(({ name, rows, cols }) =>
    [name, randomValues(hashString(name), rows * cols, 0.1)] as const
  ),
]);

const MODEL = { architecture: LARGE, weights, lora: LORA };

const SEQUENCES = Array.from({ length: 3 }, (_, i): TokenRows => ({
  tokens: randomIds(i, 20 + 3 * i, LARGE.vocabulary),
  position: Uint32Array.of(2, 3, 6, 8, 17),
}));

const REQUESTS = SEQUENCES.map(({ tokens }, i) => ({
  sequence: `s${i}`,
  tokens,
  maxTokens: 6,
  key: [i, 7] as const,
}));

const LOSS: SequenceLoss = (index, { logProb }) => ({
  dLogProb: Float64Array.from(randomValues(index, logProb.length)),
  dEntropy: logProb.map(() => 0.1),
});

/** What a model generates, its log-probs, and its adapters after an update. */
const observe = Effect.fnUntraced(function* (engine: Engine, format: WeightFormat) {
  const { policy, learner } = yield* openTiny(engine, { ...MODEL, format });
  const generated = yield* policy.generate(REQUESTS, {
    sampling: PLAIN,
    stopIds: [],
  });
  const evaluated = yield* policy.logProbs(SEQUENCES, 1);
  assert.equal(nonFinite(yield* learner.gradient(SEQUENCES, 1, LOSS)), null);
  yield* learner.update({ learningRate: 0.01, clipNorm: null });
  return { generated, evaluated, saved: (yield* learner.save()).weights };
});

type Observed = Effect.Success<ReturnType<typeof observe>>;

/** Kernels for GPUs sum over the words of each window by themselves. */
function sameButRounding(parts: Observed, whole: Observed): void {
  parts.generated.forEach(({ tokens, logProbs }, i) => {
    assert.deepEqual(tokens, whole.generated[i]!.tokens);
    assertClose(logProbs, whole.generated[i]!.logProbs, { atol: 1e-5 }, `message ${i}`);
  });
  parts.evaluated.forEach(({ logProb }, i) =>
    assertClose(logProb, whole.evaluated[i]!.logProb, { atol: 1e-5 }, `sequence ${i}`)
  );
}

eachForm(
  "a model whose weights are read in windows of rows has the bits of one whose are not",
  "linear_forward",
  (engine) =>
    Effect.gen(function* () {
      const format = engine.name === "wgsl" ? "f32" : "int4";
      const whole = yield* observe(engine.fresh(), format);
      const parts = yield* observe({ ...engine.fresh(), bindingBytes: 100_000 }, format);
      if (engine === TILES) sameButRounding(parts, whole);
      else {
        assert.deepEqual(parts.generated.map(bitsOf), whole.generated.map(bitsOf));
        assert.deepEqual(parts.evaluated, whole.evaluated);
      }
      // Gradients of the inputs are summed stretch by stretch; Adam's first update enlarges what is left of small ones.
      const atol = engine === TILES ? 1e-4 : 1e-6;
      for (const [name, values] of whole.saved) {
        assertClose(parts.saved.get(name)!, values, { atol }, name);
      }
    }),
);

const evaluated = Effect.fnUntraced(function* (engine: Engine, format: WeightFormat) {
  const { policy } = yield* openTiny(engine, { ...MODEL, format });
  const evaluated = yield* policy.logProbs(SEQUENCES, 1);
  return evaluated.flatMap(({ logProb }) => [...logProb]);
});

onWgsl(
  "fewer bits are further from the model in f32, none is another model, and both engines agree",
  (engine) =>
    Effect.gen(function* () {
      const distance = new Map<string, number>();
      const exact = yield* evaluated(engine.fresh(), "f32");
      for (const format of WEIGHT_FORMATS) {
        const got = yield* evaluated(engine.fresh(), format);
        assertClose(got, yield* evaluated(createInterpreter(), format), { atol: 2e-5 }, format);
        const errors = got.map((x, i) => Math.abs(x - exact[i]!));
        distance.set(format, errors.reduce((sum, x) => sum + x, 0) / errors.length);
      }
      const [f32, bf16, f16, int8, int4, nf4] = WEIGHT_FORMATS.map((f) => distance.get(f)!);
      assert.equal(f32, 0);
      assert.ok(f16! < bf16! && bf16! < int4! && bf16! < nf4! && int8! < int4!);
      assert.ok(nf4! < 1 && int4! < 1, JSON.stringify([...distance]));
    }),
);

onPlain("weights in fewer bits are not trained themselves", () =>
  Effect.gen(function* () {
    const refused = yield* Effect.flip(openTiny(createInterpreter(), { format: "bf16" }));
    assert.match(refused.message, /stored as bf16 .* train adapters/);
  }));
