import { TILING } from "../support/forests.ts";
import { deepStrictEqual, match } from "node:assert/strict";
import { Effect } from "effect";
import { withTraits } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import type { Family } from "../../src/gpu/launches.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import { opsOf } from "../../src/model/plan.ts";
import { packBatch } from "../../src/model/packing.ts";
import { gradientProgram } from "../../src/model/programs.ts";
import { stretchesOf } from "../../src/model/stretches.ts";
import { assertSameBits } from "../support/op_cases.ts";
import { COMPILED, device, onWgsl } from "../support/engines.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { inFloat32, separateSegments } from "../support/plans.ts";
import { loadGradient, roomFor, TINY, tinyWeights } from "../support/tiny_models.ts";

/** Wide where published models are wide: at the gates, at queries, keys and values, and at the vocabulary. */
const WIDE = {
  ...TINY.qwen3,
  vocabulary: 60,
  hidden: 16,
  heads: 4,
  keyValueHeads: 1,
  headDim: 12,
  feedForward: 40,
  queryKeyValueBias: true,
  feedForwardBias: true,
};
/** More tokens than one tile of the vocabulary has, except on GPUs. */
const WIDER = { ...WIDE, vocabulary: 700 };

/** Wide tensors have several stretches, each of several blocks of the sums over rows; all others have one stretch. */
const TOKENS = 1300;
const BINDING_BYTES = 256_000;
/** Holds 256 rows of the logits that GPUs keep. */
const LARGER_BINDING = 800_000;

const batchOf = ({ vocabulary }: Architecture) =>
  packBatch(
    separateSegments([...Array<number>(10).fill(121), 90]),
    Uint32Array.from(randomIds(1, TOKENS, vocabulary)),
    [...randomIds(2, TOKENS, vocabulary)].map((target, row) => ({ row, target })),
    TILING,
  );
const dHead = Float64Array.from(randomValues(3, 2 * TOKENS));

/** Log-probs and gradients of the batch. */
const results = Effect.fnUntraced(
  function* (architecture: Architecture, family: Family, bindingBytes?: number) {
    const opened = withTraits(device!, { family }); // this test is skipped without an adapter
    const engine = yield* createGpuEngine(opened, bindingBytes);
    const weights = tinyWeights(architecture);
    const model = yield* loadGradient(engine, architecture, { weights, tokens: TOKENS });
    const batch = batchOf(architecture);
    const head = yield* model.forward(batch);
    return { head, gradients: yield* model.backward(batch, dHead) };
  },
);

for (const [architecture, bytes] of [[WIDE, BINDING_BYTES], [WIDER, LARGER_BINDING]] as const) {
  for (const family of COMPILED) {
    onWgsl(
      `stretches of rows give the bits of whole tensors, ${architecture.vocabulary} tokens, kernels in ${family}`,
      () =>
        Effect.gen(function* () {
          const whole = yield* results(architecture, family);
          const cut = yield* results(architecture, family, bytes);
          assertSameBits([cut.head], [whole.head], "head");
          for (const [name, gradient] of whole.gradients) {
            assertSameBits([cut.gradients.get(name)!], [gradient], name);
          }
        }),
    );
  }
}

Deno.test("the programs of that test are cut in every kind of op that reads or writes something wide", () => {
  const cutKinds = (architecture: Architecture, bytes: number) => {
    const room = { ...roomFor(TOKENS, architecture), ...batchOf(architecture).dims };
    const cut = opsOf(gradientProgram(inFloat32(architecture))).filter((op) =>
      stretchesOf(op, room, bytes).length > 1
    );
    return [...new Set(cut.map(({ kind }) => kind))].toSorted();
  };
  deepStrictEqual(cutKinds(WIDE, BINDING_BYTES), [
    "column_sum_backward",
    "head_forward",
    "linear_forward",
    "linear_weight_backward",
    "logits_backward",
    "rmsnorm_backward",
    "rmsnorm_forward",
    "rmsnorm_weight_backward",
    "rope_backward",
    "rope_forward",
    "swiglu_backward",
    "swiglu_forward",
  ]);
  deepStrictEqual(cutKinds(WIDER, LARGER_BINDING), [
    "head_backward",
    "linear_forward",
    "linear_weight_backward",
  ]);
});

onWgsl(
  "a tensor that an op must reach whole is refused where it is larger than a binding",
  () =>
    Effect.gen(function* () {
      const refusal = yield* Effect.flip(results(WIDE, "lines", 200_000));
      match((refusal as Error).message, /Cannot fit "rope#\d+" on the device as attention_forward/);
    }),
);
