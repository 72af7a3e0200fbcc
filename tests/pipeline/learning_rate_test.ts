import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { learningRateAt, type LearningRates } from "../../src/pipeline/learning_rate.ts";
import { assertClose } from "../support/comparison.ts";

const RATES: LearningRates = {
  lr: 10,
  schedule: "constant",
  warmupSteps: 2,
  minLrRatio: 0,
  steps: 10,
};

const allOf = (rates: LearningRates) =>
  Array.from({ length: rates.steps }, (_, i) => learningRateAt(rates, i + 1));

/**
 * Rates of ten updates with lr 10 as tests/optimization/test_optimization.py of transformers expects them, within its
 * own 0.01, since it cuts after two decimals.
 */
const TRANSFORMERS = [
  { schedule: "constant", warmupSteps: 4, want: [0, 2.5, 5, 7.5, 10, 10, 10, 10, 10, 10] },
  { schedule: "linear", warmupSteps: 2, want: [0, 5, 10, 8.75, 7.5, 6.25, 5, 3.75, 2.5, 1.25] },
  { schedule: "cosine", warmupSteps: 2, want: [0, 5, 10, 9.61, 8.53, 6.91, 5, 3.08, 1.46, 0.38] },
] as const;

for (const { want, ...rates } of TRANSFORMERS) {
  Deno.test(`learningRateAt() is what transformers has for ${rates.schedule}, warm-up a step ahead`, () => {
    const warmUp = want.slice(1, rates.warmupSteps + 1);
    const wanted = [...warmUp, ...want.slice(rates.warmupSteps)];
    assertClose(allOf({ ...RATES, ...rates }), wanted, { atol: 0.01 });
  });
}

Deno.test("learningRateAt() falls to minLrRatio along verl's cosine", () => {
  // verl's formula, max(r, cos(pi p) (1 - r) / 2 + (1 + r) / 2), in Python's float64: r 0.1, warm-up 3 of 12.
  const want = [
    ...[1 / 3, 2 / 3, 1],
    ...[1, 0.9728616793536589, 0.8947199994035402, 0.7750000000000001, 0.6281416799501187],
    ...[0.4718583200498814, 0.3250000000000002, 0.20528000059645996, 0.12713832064634129],
  ];
  const rates = { lr: 1, schedule: "cosine", warmupSteps: 3, minLrRatio: 0.1, steps: 12 } as const;
  assertClose(allOf(rates), want, { atol: 1e-15 });
  assertClose([learningRateAt(rates, 13)], [0.1], { atol: 1e-15 });
});

Deno.test("learningRateAt() without schedule and warm-up is lr to the bit", () => {
  const rates = { ...RATES, lr: 3e-4, warmupSteps: 0, steps: 3 };
  deepStrictEqual(allOf(rates), [3e-4, 3e-4, 3e-4]);
});

Deno.test("learningRateAt() of a run that is all warm-up ends at lr", () => {
  strictEqual(learningRateAt({ ...RATES, schedule: "cosine", warmupSteps: 10 }, 10), 10);
});
