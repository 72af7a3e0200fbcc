import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { importanceWeights } from "../../src/igpo/importance_weight.ts";
import { type Objective, surrogate } from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";
import { mixture, real, sequence } from "./arbitraries.ts";
import { law, sum } from "./support.ts";

const logProb = mixture([-5, 0], [-0.1, 0], [-60, -5]);
const bound = mixture([1, 4], [1, 1]);

const weightOf = (old: number, behaviour: number, most: number) =>
  importanceWeights(Float64Array.of(old), Float64Array.of(behaviour), most)[0]!;

Deno.test("law 45: an importance weight lies in [0, bound], and is the ratio of probabilities below the bound", () =>
  law(0.2, fc.tuple(logProb, logProb, bound), ([old, behaviour, most]) => {
    const weight = weightOf(old, behaviour, most);
    ok(weight >= 0 && weight <= most);
    const ratio = Math.exp(old) / Math.exp(behaviour);
    if (ratio < most) assertClose([weight], [ratio], { rtol: 1e-9, atol: 1e-300 });
    else ok(weight > most * (1 - 1e-9));
    return ratio < most;
  }));

Deno.test("law 45: an importance weight is 1 to the bit where sampler and trainer agree", () =>
  fc.assert(fc.property(logProb, bound, (old, most) => strictEqual(weightOf(old, old, most), 1))));

Deno.test("law 45: an importance weight never falls as the trainer's log-prob rises, nor rises with the sampler's", () =>
  law(0.2, fc.tuple(logProb, logProb, real(0, 2), bound), ([old, behaviour, rise, most]) => {
    const weight = weightOf(old, behaviour, most);
    ok(weightOf(old + rise, behaviour, most) >= weight);
    ok(weightOf(old, behaviour + rise, most) <= weight);
    return weight < most && rise > 0.1;
  }));

const OBJECTIVE: Objective = {
  clip: { ratio: "token", low: 0.2, high: 0.28, dual: 3, adaptive: 0 },
  kl: { coefficient: 0.02, estimator: "k3", limit: 10, ratioCorrected: false },
  entropy: { coefficient: 0.01 },
};
const BARE: Objective = {
  ...OBJECTIVE,
  kl: { ...OBJECTIVE.kl, coefficient: 0 },
  entropy: { coefficient: 0 },
};

Deno.test("law 46: an importance weight multiplies the policy term of its token and that term's slope, and nothing else", () =>
  law(0.4, fc.tuple(sequence(1), fc.array(real(0, 3), { minLength: 8 })), ([tokens, drawn]) => {
    const weights = tokens.logProb.map((_, p) => drawn[p]!);
    const weighed = { ...tokens, importanceWeight: weights };
    const [plain, got] = [tokens, weighed].map((one) => surrogate(one, one, BARE));
    assertClose(got!.dLogProb, plain!.dLogProb.map((slope, p) => weights[p]! * slope), {
      atol: 1e-12,
    });
    // Each token's share of the loss, from a sequence whose other tokens weigh nothing.
    const shares = tokens.logProb.map((_, p) => {
      const alone = { ...tokens, weight: tokens.weight.map((w, q) => q === p ? w : 0) };
      return weights[p]! * surrogate(alone, alone, BARE).loss;
    });
    assertClose([got!.loss], [sum(shares)], { atol: 1e-9 });
    const [before, after] = [tokens, weighed].map((one) => surrogate(one, one, OBJECTIVE));
    deepStrictEqual(
      [after!.parts.kl, after!.parts.entropy, after!.dEntropy, after!.ratio, after!.clipState],
      [before!.parts.kl, before!.parts.entropy, before!.dEntropy, before!.ratio, before!.clipState],
    );
    return plain!.dLogProb.some((slope) => slope !== 0);
  }));

Deno.test("law 46: importance weights of 1 change no bit of loss and gradient", () =>
  fc.assert(fc.property(sequence(1), (tokens) => {
    const ones = { ...tokens, importanceWeight: tokens.logProb.map(() => 1) };
    deepStrictEqual(surrogate(ones, ones, OBJECTIVE), surrogate(tokens, tokens, OBJECTIVE));
  })));
