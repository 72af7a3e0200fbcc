import { deepStrictEqual, match } from "node:assert/strict";
import { Effect } from "effect";
import { withTraits } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { FAMILIES } from "../../src/gpu/launches.ts";
import { packBatch, separateSegments } from "../../src/model/packing.ts";
import { gradientProgram, inFloat32 } from "../../src/model/programs.ts";
import { stretchesOf } from "../../src/model/stretches.ts";
import { assertSameBits } from "../support/op_cases.ts";
import { device, onWgsl } from "../support/engines.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { loadGradient, roomFor, TINY, tinyWeights } from "../support/tiny_models.ts";

/** Wide where a published model is: at the gates, at the queries, keys and values of a token, and at the vocabulary. */
const WIDE = {
  ...TINY.qwen3,
  ...{ vocabulary: 60, hidden: 16, heads: 4, keyValueHeads: 1, headDim: 12, feedForward: 40 },
  ...{ queryKeyValueBias: true, feedForwardBias: true },
};

/** Stretches of 768 and 532 rows of what is wide, several blocks of the sums over rows each; all of the rest at once. */
const TOKENS = 1300;
const BINDING_BYTES = 256_000;

const batch = packBatch(
  separateSegments([...Array<number>(10).fill(121), 90]),
  Uint32Array.from(randomIds(1, TOKENS, WIDE.vocabulary)),
  [...randomIds(2, TOKENS, WIDE.vocabulary)].map((target, row) => ({ row, target })),
);
const dHead = Float64Array.from(randomValues(3, 2 * TOKENS));
const weights = tinyWeights(WIDE);

/** Log-probs and gradients of the batch. */
const results = (family: typeof FAMILIES[number], bindingBytes?: number) =>
  Effect.gen(function* () {
    const opened = withTraits(device!, { family }); // this test is skipped without an adapter
    const engine = yield* createGpuEngine(opened, bindingBytes);
    const model = yield* loadGradient(engine, WIDE, { weights, tokens: TOKENS });
    const head = yield* model.forward(batch);
    return { head, gradients: yield* model.backward(batch, dHead) };
  });

for (const family of FAMILIES) {
  onWgsl(
    `stretches of rows give the bits of whole tensors, kernels in ${family}`,
    () =>
      Effect.gen(function* () {
        const whole = yield* results(family);
        const cut = yield* results(family, BINDING_BYTES);
        assertSameBits([cut.head], [whole.head], "head");
        for (const [name, gradient] of whole.gradients) {
          assertSameBits([cut.gradients.get(name)!], [gradient], name);
        }
      }),
  );
}

Deno.test("the program of that test is cut in every kind of op that reads or writes something wide", () => {
  const room = { ...roomFor(TOKENS, WIDE), ...batch.dims };
  const cut = gradientProgram(inFloat32(WIDE)).phases.flat().filter((op) =>
    stretchesOf(op, room, BINDING_BYTES).length === 2
  );
  deepStrictEqual([...new Set(cut.map(({ kind }) => kind))].toSorted(), [
    "column_sum_backward",
    "head_backward",
    "linear_forward",
    "linear_weight_backward",
    "rmsnorm_backward",
    "rmsnorm_forward",
    "rmsnorm_weight_backward",
    "rope_backward",
    "rope_forward",
    "swiglu_backward",
    "swiglu_forward",
  ]);
});

onWgsl(
  "a tensor that an op must reach whole is refused where it is larger than a binding",
  () =>
    Effect.gen(function* () {
      const refusal = yield* Effect.flip(results("lines", 200_000));
      match((refusal as Error).message, /Cannot fit "rope#\d+" on the device as attention_forward/);
    }),
);
