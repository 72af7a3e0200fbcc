import assert from "node:assert/strict";
import { Effect } from "effect";
import { planScratch } from "../../src/model/memory.ts";
import { gradientProgram } from "../../src/model/programs.ts";
import type { Recompute } from "../../src/model/recompute.ts";
import { eachEngine } from "../support/engines.ts";
import { plantForest, tokensOf } from "../support/forests.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { inFloat32 } from "../support/plans.ts";
import { loadGradient, packForest, roomFor, TINY, tinyWeights } from "../support/tiny_models.ts";

const segments = plantForest([
  { length: 3, parent: -1, visible: 0 },
  { length: 4, parent: 0, visible: 3 },
  { length: 3, parent: 0, visible: 2 },
]);
const tokens = tokensOf(segments);

eachEngine(
  "gradients have the same bits when layers are computed again",
  (engine) =>
    Effect.gen(function* () {
      for (const architecture of Object.values(TINY)) {
        const weights = tinyWeights(architecture);
        const predictions = [1, 2, 4, 6, 9].map((row) => ({ row, target: row }));
        const batch = packForest(
          segments,
          [...randomIds(1, tokens, architecture.vocabulary)],
          predictions,
        );
        const dHead = Float64Array.from(randomValues(3, 2 * predictions.length));
        const gradientsOf = Effect.fnUntraced(function* (recompute: Recompute) {
          const options = { weights, tokens, recompute };
          const model = yield* loadGradient(engine.fresh(), architecture, options);
          yield* model.forward(batch);
          return yield* model.backward(batch, dHead);
        });
        assert.deepEqual(yield* gradientsOf("layer"), yield* gradientsOf("none"));
      }
    }),
);

Deno.test("computing layers again leaves one tensor a layer, however deep the model", () => {
  const room = roomFor(20, TINY.llama);
  const bytesWith = (layers: number, recompute: Recompute) => {
    const program = gradientProgram(inFloat32({ ...TINY.llama, layers }), recompute);
    return planScratch(program, room).slotBytes.reduce((sum, bytes) => sum + bytes, 0);
  };
  const kept = bytesWith(12, "layer") - bytesWith(4, "layer");
  // Slots are whole groups of 16 bytes.
  assert.equal(kept, 8 * 4 * 20 * TINY.llama.hidden);
  assert.ok(bytesWith(12, "none") > 3 * bytesWith(12, "layer"));
});
