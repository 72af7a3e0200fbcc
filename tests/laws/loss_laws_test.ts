import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { tokenWeights } from "../../src/igpo/aggregation.ts";
import { klTerm } from "../../src/igpo/kl.ts";
import type { Aggregation } from "../../src/igpo/preset.ts";
import {
  CLIP_STATE,
  type Evaluation,
  type Objective,
  surrogate,
  type SurrogateTokens,
} from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";
import { ALL, sequence } from "./arbitraries.ts";

type Tokens = SurrogateTokens & Evaluation;

const NOISE = { atol: 1e-9 };
const K3 = { estimator: "k3", limit: 10 } as const;
const PLAIN: Objective = {
  clip: { ratio: "token", low: 0.2, high: 0.28, dual: 3, adaptive: 0 },
  kl: { coefficient: 0, ...K3, ratioCorrected: false },
  entropy: { coefficient: 0 },
};
const FULL: Objective = {
  ...PLAIN,
  kl: { ...PLAIN.kl, coefficient: 0.02 },
  entropy: { coefficient: 0.01 },
};
const lengths = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 });
const MEANS: ReadonlyArray<Aggregation> = ["token-mean", "seq-mean-token-mean"];

function lossOf(tokens: Tokens, objective: Objective) {
  return surrogate(tokens, tokens, objective);
}

function atRatioOne(tokens: Tokens): Tokens {
  return { ...tokens, behaviourLogProb: tokens.logProb };
}

Deno.test("law 31: tokens that are not listed have no part in loss or gradient, by construction", () => {
  // `SurrogateTokens` never holds masked tokens; a listed token of weight 0 is the nearest case.
  fc.assert(fc.property(sequence(1), fc.nat(7), (tokens, index) => {
    const p = index % tokens.logProb.length;
    const masked = { ...tokens, weight: tokens.weight.map((w, q) => q === p ? 0 : w) };
    const edited = {
      ...masked,
      advantage: masked.advantage.map((x, q) => q === p ? x + 7 : x),
      logProb: masked.logProb.map((x, q) => q === p ? x - 1 : x),
    };
    const got = lossOf(edited, FULL);
    assertClose([got.loss], [lossOf(masked, FULL).loss], NOISE);
    assertClose(got.dLogProb, lossOf(masked, FULL).dLogProb, NOISE);
    ok(Math.abs(got.dLogProb[p]!) === 0 && Math.abs(got.dEntropy[p]!) === 0);
  }));
});

Deno.test("law 33: at ratio 1 nothing is clipped and dL/dlogProb = -A w (all presets)", () => {
  fc.assert(fc.property(sequence(0), (drawn) => {
    const tokens = atRatioOne(drawn);
    for (const preset of ALL) {
      const got = lossOf(tokens, { ...preset, kl: { ...preset.kl, coefficient: 0 } });
      assertClose(got.dLogProb, tokens.advantage.map((a, p) => -a * tokens.weight[p]!), NOISE);
      ok(got.clipState.every((state) => state === CLIP_STATE.inside));
    }
  }));
});

Deno.test("law 34: the clipped loss is never below the unclipped one, never above -dual A for A < 0", () => {
  fc.assert(fc.property(sequence(2), (tokens) => {
    const single = { ...tokens, weight: tokens.weight.map(() => 1) };
    tokens.advantage.forEach((advantage, p) => {
      // Below about 1e-308 both sides of the comparison round to the same number.
      if (Math.abs(advantage) < 1e-300) return;
      const one = pick(single, p);
      const { loss, ratio, dLogProb } = lossOf(one, PLAIN);
      const bound = advantage < 0 ? -3 * advantage : Infinity;
      ok(loss >= Math.min(-advantage * ratio[0]!, bound) - 1e-9);
      ok(loss <= bound + 1e-9);
      if (advantage > 0 && ratio[0]! > 1.28) ok(Math.abs(dLogProb[0]!) === 0);
      if (advantage < 0 && ratio[0]! < 0.8) ok(Math.abs(dLogProb[0]!) === 0);
    });
  }));
});

function pick(tokens: Tokens, p: number): Tokens {
  const at = (row: Float64Array) => Float64Array.of(row[p]!);
  return {
    turn: [tokens.turn[p]!],
    advantage: at(tokens.advantage),
    weight: at(tokens.weight),
    clipScale: at(tokens.clipScale),
    behaviourLogProb: at(tokens.behaviourLogProb),
    referenceLogProb: at(tokens.referenceLogProb!),
    logProb: at(tokens.logProb),
    entropy: at(tokens.entropy!),
  };
}

Deno.test("law 35: k3 is in [0, 10], 0 only at equality, with slope 1 - exp(ref - logProb)", () => {
  const logProb = fc.double({ min: -20, max: 0, noNaN: true });
  fc.assert(fc.property(logProb, logProb, (policy, reference) => {
    const { value, slope } = klTerm(policy, reference, K3);
    ok(value >= 0 && value <= 10);
    ok(value > 0 || Math.abs(policy - reference) < 1e-7);
    if (value < 10) {
      assertClose([slope], [1 - Math.exp(reference - policy)], { atol: 1e-9, rtol: 1e-9 });
    } else strictEqual(slope, 0);
  }));
  strictEqual(klTerm(-1, -1, K3).value, 0);
});

Deno.test("law 35: every estimator's slope is its finite difference", () => {
  const d = fc.double({ min: 0.05, max: 2, noNaN: true });
  const sign = fc.constantFrom(-1, 1);
  fc.assert(fc.property(d, sign, (size, side) => {
    for (const estimator of ["k1", "abs", "k2", "k3"] as const) {
      const at = (logProb: number) => klTerm(logProb, -1, { estimator, limit: 10 });
      const x = -1 + side * size;
      const step = 1e-6;
      const difference = (at(x + step).value - at(x - step).value) / (2 * step);
      assertClose([at(x).slope], [difference], { atol: 1e-7, rtol: 1e-6 });
    }
  }));
});

Deno.test("law 36: weights of the mean modes sum to 1 over the batch", () => {
  fc.assert(fc.property(lengths, (counts) => {
    fc.pre(counts.some((n) => n > 0));
    for (const mode of MEANS) {
      const weights = tokenWeights(counts, mode);
      assertClose([counts.reduce((sum, n, i) => sum + n * weights[i]!, 0)], [1], NOISE);
    }
  }));
});

Deno.test("law 36: modes coincide for equal lengths n, the sum mode is n times the mean", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (n, count) => {
      const counts = new Array<number>(count).fill(n);
      const [tokenMean, seqMean, seqSum] = ([...MEANS, "seq-mean-token-sum"] as const)
        .map((mode) => tokenWeights(counts, mode)[0]!);
      assertClose([seqMean!, seqSum!], [tokenMean!, n * tokenMean!], NOISE);
    }),
  );
});

Deno.test("law 36: seq-mean-token-mean of a batch does not change when every rollout is doubled", () => {
  fc.assert(fc.property(lengths, (counts) => {
    const weights = tokenWeights(counts, "seq-mean-token-mean");
    const doubled = tokenWeights([...counts, ...counts], "seq-mean-token-mean");
    counts.forEach((_, i) =>
      assertClose([doubled[i]! + doubled[i + counts.length]!], [weights[i]!], NOISE)
    );
  }));
});

Deno.test("law 32: rows without trained tokens change no weight (all modes but seq-mean-token-sum-norm)", () => {
  fc.assert(fc.property(lengths, (counts) => {
    for (const mode of [...MEANS, "seq-mean-token-sum"] as const) {
      assertClose(tokenWeights([...counts, 0], mode), [...tokenWeights(counts, mode), 0], {
        atol: 0,
      });
    }
  }));
});

Deno.test("weights are decided globally: cutting the batch does not change them", () => {
  fc.assert(fc.property(lengths, fc.nat(6), (counts, cut) => {
    const totals = {
      tokens: counts.reduce((sum, n) => sum + n, 0),
      sequences: counts.filter((n) => n > 0).length,
      length: 16,
    };
    for (const { aggregation } of ALL) {
      const whole = tokenWeights(counts, aggregation, totals);
      const parts = [counts.slice(0, cut), counts.slice(cut)]
        .flatMap((part) => [...tokenWeights(part, aggregation, totals)]);
      assertClose(parts, whole, { atol: 0 });
    }
  }));
});

Deno.test("law 37: the gradient is the loss's finite difference with the rewards held fixed", () => {
  const objectives: ReadonlyArray<Objective> = [
    FULL,
    { ...FULL, kl: { ...FULL.kl, ratioCorrected: true } },
    { ...FULL, kl: { ...FULL.kl, estimator: "k2" } },
  ];
  fc.assert(
    fc.property(sequence(0.15), (tokens) => {
      // Ratios stay inside the clip range, whose edges have no derivative.
      for (const objective of objectives) {
        const { dLogProb } = lossOf(tokens, objective);
        assertClose(dLogProb, differences(tokens, objective), { atol: 1e-7, rtol: 1e-6 });
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("law 37: the gradient of a sequence-level ratio is exact for equal advantages", () => {
  const objective: Objective = { ...FULL, clip: { ...FULL.clip, ratio: "sequence", dual: null } };
  fc.assert(
    fc.property(sequence(0.15), (tokens) => {
      const equal = { ...tokens, advantage: tokens.advantage.map(() => tokens.advantage[0]!) };
      assertClose(lossOf(equal, objective).dLogProb, differences(equal, objective), {
        atol: 1e-7,
        rtol: 1e-6,
      });
    }),
    { numRuns: 50 },
  );
});

Deno.test("law 37: rewards recomputed from the policy would give another gradient", () => {
  fc.assert(
    fc.property(sequence(0.1), (tokens) => {
      const { dLogProb } = lossOf(tokens, PLAIN);
      const leaking = differences(tokens, PLAIN, (moved) => ({
        ...moved,
        advantage: moved.advantage.map((a, p) => a + moved.logProb[p]! - tokens.logProb[p]!),
      }));
      ok(leaking.some((x, p) => Math.abs(x - dLogProb[p]!) > 1e-3));
    }),
    { numRuns: 20 },
  );
});

/** Central differences of the loss in each token's log-prob. */
function differences(
  tokens: Tokens,
  objective: Objective,
  rewardOf: (moved: Tokens) => Tokens = (moved) => moved,
): Float64Array {
  const step = 1e-6;
  return tokens.logProb.map((_, p) => {
    const at = (offset: number) => {
      const logProb = tokens.logProb.map((x, q) => q === p ? x + offset : x);
      return lossOf(rewardOf({ ...tokens, logProb }), objective).loss;
    };
    return (at(step) - at(-step)) / (2 * step);
  });
}

Deno.test("law 38: at ratio 1 the gradient is linear in the advantages, and 0 for zero advantages", () => {
  fc.assert(
    fc.property(sequence(0), fc.double({ min: -2, max: 2, noNaN: true }), (drawn, shift) => {
      const tokens = atRatioOne(drawn);
      const gradientOf = (advantage: Float64Array) =>
        lossOf({ ...tokens, advantage }, PLAIN).dLogProb;
      const other = tokens.advantage.map((a) => a * a + shift);
      const parts = gradientOf(tokens.advantage).map((x, p) => x + gradientOf(other)[p]!);
      assertClose(gradientOf(tokens.advantage.map((a, p) => a + other[p]!)), parts, NOISE);
      ok(gradientOf(tokens.advantage.map(() => 0)).every((x) => Math.abs(x) === 0));
    }),
  );
});

Deno.test("law 29: finite log-probs give a finite loss and gradient, however far apart (all presets)", () => {
  fc.assert(
    fc.property(sequence(900), (tokens) => {
      for (const preset of ALL) {
        const { loss, dLogProb } = lossOf(tokens, preset);
        ok(Number.isFinite(loss) && dLogProb.every(Number.isFinite), preset.name);
      }
    }),
    { numRuns: 50 },
  );
});
