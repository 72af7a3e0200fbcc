import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { clipFractions } from "../../src/igpo/clip_fractions.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { importanceRatios } from "../../src/igpo/ratio.ts";
import { CLIP_STATE, type Objective, surrogate } from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";

const PLAIN: Objective = {
  clip: { ratio: "token", low: 0.2, high: 0.2, dual: 3, adaptive: 0 },
  kl: { coefficient: 0, estimator: "k3", limit: 10, ratioCorrected: false },
  entropy: { coefficient: 0 },
};

/** One token each: the ratio, the advantage and the clip scale. */
function tokens(ratios: ReadonlyArray<number>, advantages: ReadonlyArray<number>, scale = 1) {
  return {
    turn: Uint32Array.from(ratios, (_, p) => p),
    advantage: Float64Array.from(advantages),
    weight: Float64Array.from(ratios, () => 1),
    clipScale: Float64Array.from(ratios, () => scale),
    behaviourLogProb: Float64Array.from(ratios, () => -1),
    referenceLogProb: null,
    importanceWeight: null,
    logProb: Float64Array.from(ratios, (rho) => Math.log(rho) - 1),
    entropy: null,
  };
}

Deno.test("surrogate() cuts on the side where the ratio leaves the range too well", () => {
  const batch = tokens([1.5, 0.5, 1.5, 0.5, 4], [1, 1, -1, -1, -1]);
  const got = surrogate(batch, batch, PLAIN);
  assertClose([got.loss], [-1.2 - 0.5 + 1.5 + 0.8 + 3], { atol: 1e-12 });
  const { inside, low, high, dual } = CLIP_STATE;
  deepStrictEqual([...got.clipState], [high, inside, inside, low, dual]);
  assertClose(got.dLogProb, [0, -0.5, 1.5, 0, 0], { atol: 1e-12 });
});

Deno.test("surrogate() widens the clip range by the token's clip scale", () => {
  const batch = tokens([1.25], [1], 1.3);
  strictEqual(surrogate(batch, batch, PLAIN).clipState[0], CLIP_STATE.inside);
  const narrow = tokens([1.25], [1], 1);
  strictEqual(surrogate(narrow, narrow, PLAIN).clipState[0], CLIP_STATE.high);
});

Deno.test("surrogate() subtracts the entropy bonus and returns its gradient", () => {
  const batch = { ...tokens([1, 1], [0, 0]), entropy: Float64Array.of(2, 3) };
  const got = surrogate(batch, batch, { ...PLAIN, entropy: { coefficient: 0.1 } });
  assertClose([got.loss], [-0.5], { atol: 1e-12 });
  assertClose(got.dEntropy, [-0.1, -0.1], { atol: 0 });
});

Deno.test("importanceRatios() averages the log-ratio within a turn or the sequence", () => {
  const batch = {
    turn: [0, 0, 1],
    logProb: Float64Array.of(-1, -2, -3),
    behaviourLogProb: Float64Array.of(-2, -2, -2),
  };
  const ratiosAt = (level: "token" | "turn" | "sequence") =>
    importanceRatios(batch, level).ratio.map(Math.log);
  assertClose(ratiosAt("token"), [1, 0, -1], { atol: 1e-12 });
  assertClose(ratiosAt("turn"), [0.5, 0.5, -1], { atol: 1e-12 });
  assertClose(ratiosAt("sequence"), [0, 0, 0], { atol: 1e-12 });
});

Deno.test("gspo decides clipping once a sequence, a2tgpo once a turn", () => {
  const batch = { ...tokens([1.5, 0.8, 1.001], [1, 1, 1]), turn: Uint32Array.of(0, 0, 1) };
  const stateOf = (
    clip: Objective["clip"],
  ) => [...surrogate(batch, batch, { ...PLAIN, clip }).clipState];
  const { inside, high } = CLIP_STATE;
  deepStrictEqual(stateOf(PRESETS.gspo!.clip), [high, high, high]);
  deepStrictEqual(stateOf(PRESETS.a2tgpo!.clip), [high, high, inside]);
});

Deno.test("clipFractions() counts by kind over all tokens and by turn", () => {
  const batch = tokens([1.5, 0.5, 4, 1], [1, -1, -1, 1]);
  const result = surrogate(batch, batch, PLAIN);
  const { all, byTurn } = clipFractions([{ turn: [0, 0, 2, 2], result }]);
  deepStrictEqual(all, { clipped: 0.5, low: 0.25, high: 0.25, dual: 0.25 });
  deepStrictEqual(byTurn.map(({ clipped }) => clipped), [1, 0, 0]);
  strictEqual(byTurn[2]!.dual, 0.5);
});
