import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { learningRateAt, type LearningRates } from "../../src/pipeline/learning_rate.ts";
import { assertClose } from "../support/comparison.ts";
import { real } from "./arbitraries.ts";
import { law } from "./support.ts";

/** Schedules of up to 50 steps, of which the warm-up is a part. */
const rates: fc.Arbitrary<LearningRates> = fc.record({
  lr: fc.oneof(real(1e-7, 1), fc.constantFrom(1e-6, 3e-4)),
  schedule: fc.constantFrom("constant", "linear", "cosine"),
  minLrRatio: real(0, 1),
  warmupSteps: fc.nat({ max: 50 }),
  steps: fc.integer({ min: 1, max: 50 }),
}).map((all) => ({ ...all, warmupSteps: Math.min(all.warmupSteps, all.steps) }));

const allOf = (one: LearningRates) =>
  Array.from({ length: one.steps }, (_, i) => learningRateAt(one, i + 1));

Deno.test("law: a learning rate starts at lr / warmupSteps and rises in equal parts to lr", () => {
  law(0.3, rates, (one) => {
    const all = allOf(one);
    const start = Math.max(1, one.warmupSteps);
    assertClose([all[0]!, all[start - 1]!], [one.lr / start, one.lr], { atol: 0, rtol: 1e-12 });
    const rise = all.slice(0, start).map((rate, i) => rate - (all[i - 1] ?? 0));
    assertClose(rise, rise.map(() => one.lr / start), { atol: 1e-12 * one.lr });
    return one.warmupSteps > 2;
  });
});

Deno.test("law: a learning rate never rises after its warm-up and stays above the floor", () => {
  law(0.12, rates, (one) => {
    const fall = allOf(one).slice(Math.max(0, one.warmupSteps - 1));
    const floor = one.schedule === "constant" ? 1 : one.minLrRatio;
    ok(fall.every((rate, i) => i === 0 || rate <= fall[i - 1]! + 1e-15 * one.lr));
    ok(fall.every((rate) => rate >= floor * one.lr * (1 - 1e-12)));
    return one.schedule !== "constant" && fall.length > 3;
  });
});

Deno.test("law: a falling learning rate reaches minLrRatio of lr when all steps are done, and after its warm-up never before", () => {
  law(0.07, rates, (one) => {
    if (one.schedule === "constant" || one.warmupSteps === one.steps) return false;
    const end = learningRateAt(one, one.steps + 1);
    assertClose([end], [one.minLrRatio * one.lr], { atol: 1e-12 * one.lr });
    // During the warm-up a rate may be below the final one: it starts at lr / warmupSteps, whatever minLrRatio is.
    const falling = allOf(one).slice(one.warmupSteps);
    ok(one.minLrRatio > 0.999 || falling.every((rate) => rate > end));
    return one.warmupSteps > 0 && falling.length > 3;
  });
});

Deno.test("law: a learning rate is lr times a share that does not depend on lr", () => {
  law(0.3, fc.tuple(rates, fc.integer({ min: 1, max: 50 })), ([one, step]) => {
    strictEqual(
      learningRateAt({ ...one, lr: 1 }, step) * 4,
      learningRateAt({ ...one, lr: 4 }, step),
    );
    return one.schedule !== "constant";
  });
});
