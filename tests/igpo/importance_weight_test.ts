import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { importanceWeights } from "../../src/igpo/importance_weight.ts";
import { CLIP_STATE, surrogate } from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";

Deno.test("importanceWeights() of probabilities 1/2, 1/4 and 1/8 that were 1/4, 1/2 and 1/40 are 2, 1/2 and the bound", () => {
  const old = Float64Array.of(1 / 2, 1 / 4, 1 / 8).map(Math.log);
  const behaviour = Float64Array.of(1 / 4, 1 / 2, 1 / 40).map(Math.log);
  assertClose(importanceWeights(old, behaviour, 3), [2, 0.5, 3], { atol: 1e-12 });
});

Deno.test("importanceWeights() has the bound where the ratio is too large for a number, and NaN only of NaN", () => {
  const got = importanceWeights(Float64Array.of(0, -900, NaN), Float64Array.of(-900, 0, -1), 2);
  deepStrictEqual([...got], [2, 0, NaN]);
});

Deno.test("surrogate() clips a stale token's ratio as it is, and weighs what is left", () => {
  // Ratios 1.5 and 0.9 of advantage 1, weights 0.5 and 2: -0.5 * 1.2 - 2 * 0.9, slopes 0 and -2 * 0.9.
  const tokens = {
    turn: [0, 0],
    advantage: Float64Array.of(1, 1),
    weight: Float64Array.of(1, 1),
    clipScale: Float64Array.of(1, 1),
    behaviourLogProb: Float64Array.of(-1, -1),
    referenceLogProb: null,
    importanceWeight: Float64Array.of(0.5, 2),
    logProb: Float64Array.of(Math.log(1.5) - 1, Math.log(0.9) - 1),
    entropy: null,
  };
  const got = surrogate(tokens, tokens, {
    clip: { ratio: "token", low: 0.2, high: 0.2, dual: null, adaptive: 0 },
    kl: { coefficient: 0, estimator: "k3", limit: 10, ratioCorrected: false },
    entropy: { coefficient: 0 },
  });
  assertClose([got.loss], [-0.6 - 1.8], { atol: 1e-12 });
  assertClose(got.dLogProb, [0, -1.8], { atol: 1e-12 });
  strictEqual(got.clipState[0], CLIP_STATE.high);
});
