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
  type SurrogateResult,
  type SurrogateTokens,
} from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";
import { ALL, mixture, real, sequence } from "./arbitraries.ts";
import { law } from "./support.ts";

type Tokens = SurrogateTokens & Evaluation;

const NOISE = { atol: 1e-9 };
const K3 = { estimator: "k3", limit: 10 } as const;
const PLAIN: Objective = {
  clip: { ratio: "token", low: 0.2, high: 0.28, dual: 3, adaptive: 0 },
  kl: { coefficient: 0, ...K3, ratioCorrected: false },
  entropy: { coefficient: 0 },
};
const WITHOUT_DUAL: Objective = { ...PLAIN, clip: { ...PLAIN.clip, dual: null } };
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

const clipped = ({ clipState }: SurrogateResult) =>
  clipState.some((state) => state !== CLIP_STATE.inside);

Deno.test("law 31: tokens that are not listed have no part in loss or gradient, by construction", () => {
  // `SurrogateTokens` never holds masked tokens; a listed token of weight 0 is the nearest case.
  law(0.4, fc.tuple(sequence(1), fc.nat(7)), ([tokens, index]) => {
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
    // Others have a part.
    return got.dLogProb.some((slope) => slope !== 0);
  });
});

Deno.test("law 33: at ratio 1 nothing is clipped and dL/dlogProb = -A w (all presets)", () =>
  law(0.2, sequence(0), (drawn) => {
    const tokens = atRatioOne(drawn);
    for (const preset of ALL) {
      const got = lossOf(tokens, { ...preset, kl: { ...preset.kl, coefficient: 0 } });
      assertClose(got.dLogProb, tokens.advantage.map((a, p) => -a * tokens.weight[p]!), NOISE);
      ok(!clipped(got));
    }
    return tokens.advantage.some((a) => a > 0.1) && tokens.advantage.some((a) => a < -0.1);
  }));

/** A token of weight 1, with its log-ratio and advantage. */
const oneToken = (offset: number, advantage: number): Tokens => ({
  turn: [0],
  advantage: Float64Array.of(advantage),
  weight: Float64Array.of(1),
  clipScale: Float64Array.of(1),
  behaviourLogProb: Float64Array.of(-1 - offset),
  referenceLogProb: Float64Array.of(-1),
  importanceWeight: null,
  logProb: Float64Array.of(-1),
  entropy: Float64Array.of(1),
});

Deno.test("law 34: the clipped loss is never below the unclipped one, never above -dual A for A < 0", () =>
  law(0.1, fc.tuple(mixture([-2, 2], [-0.3, 0.3]), real(-3, 3)), ([offset, advantage]) => {
    const one = oneToken(offset, advantage);
    const { loss, ratio, dLogProb, clipState } = lossOf(one, PLAIN);
    const bound = advantage < 0 ? -3 * advantage : Infinity;
    ok(loss >= Math.min(-advantage * ratio[0]!, bound) - 1e-9);
    ok(loss <= bound + 1e-9);
    const isCut = advantage > 0 ? ratio[0]! > 1.28 : advantage < 0 && ratio[0]! < 0.8;
    if (isCut) ok(Math.abs(dLogProb[0]!) === 0);
    else if (advantage >= 0 || ratio[0]! < 3) {
      assertClose([loss, dLogProb[0]!], [-advantage * ratio[0]!, -advantage * ratio[0]!], NOISE);
    }
    return isCut && clipState[0] !== CLIP_STATE.inside;
  }, 200));

Deno.test("law 34: beyond the dual clip the loss is -dual A, without a slope, and only for A < 0", () =>
  law(0.2, fc.tuple(real(0.9, 3), real(-3, 3)), ([offset, advantage]) => {
    const { loss, ratio, dLogProb, clipState } = lossOf(oneToken(offset, advantage), PLAIN);
    const isBeyond = advantage < 0 && ratio[0]! > 3;
    strictEqual(clipState[0] === CLIP_STATE.dual, isBeyond);
    if (isBeyond) assertClose([loss, dLogProb[0]!], [-3 * advantage, 0], NOISE);
    const { loss: single } = lossOf(oneToken(offset, advantage), WITHOUT_DUAL);
    if (advantage < 0) assertClose([single], [-advantage * ratio[0]!], NOISE);
    return isBeyond && single > loss + 0.1;
  }));

Deno.test("law 35: k3 is in [0, 10], 0 only at equality, with slope 1 - exp(ref - logProb)", () => {
  const distance = mixture([-0.2, 0.2], [-3, 3], [-8, 8]);
  law(0.4, fc.tuple(real(-8, -4), distance), ([policy, apart]) => {
    const reference = policy + apart;
    const { value, slope } = klTerm(policy, reference, K3);
    ok(value >= 0 && value <= 10);
    ok(value > 0 || Math.abs(apart) < 1e-7);
    if (value < 10) {
      assertClose([slope], [1 - Math.exp(apart)], { atol: 1e-9, rtol: 1e-9 });
    } else strictEqual(slope, 0);
    return value > 1e-3 && value < 10;
  });
  strictEqual(klTerm(-1, -1, K3).value, 0);
});

Deno.test("law 35: k3 is cut at its limit and has no slope there", () =>
  law(0.3, real(2, 4), (apart) => {
    // k3(d) = exp(d) - d - 1 reaches 10 at d = 2.6.
    const { value, slope } = klTerm(-5, -5 + apart, K3);
    const plain = Math.exp(apart) - apart - 1;
    assertClose([value], [Math.min(plain, 10)], { atol: 1e-12, rtol: 1e-12 });
    strictEqual(slope === 0, plain >= 10);
    return plain > 10;
  }));

Deno.test("law 35: every estimator's slope is its finite difference", () =>
  law(0.35, fc.tuple(real(0.05, 2), fc.constantFrom(-1, 1)), ([size, side]) => {
    for (const estimator of ["k1", "abs", "k2", "k3"] as const) {
      const at = (logProb: number) => klTerm(logProb, -1, { estimator, limit: 10 });
      const x = -1 + side * size;
      const step = 1e-6;
      const difference = (at(x + step).value - at(x - step).value) / (2 * step);
      assertClose([at(x).slope], [difference], { atol: 1e-7, rtol: 1e-6 });
    }
    return size > 0.1;
  }));

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

Deno.test("law 36: for unequal lengths the means differ: a token of a long rollout weighs less by rollout than by token", () =>
  law(0.35, lengths, (counts) => {
    const trained = counts.filter((n) => n > 0);
    if (trained.length === 0) return false;
    const [byToken, bySequence] = MEANS.map((mode) => tokenWeights(counts, mode));
    const mean = trained.reduce((sum, n) => sum + n, 0) / trained.length;
    counts.forEach((n, i) => {
      if (n === 0) return;
      // Both are shares of the same whole: by rollout a token has 1 / n of a share, by token 1 / mean.
      assertClose([bySequence![i]! * n], [byToken![i]! * mean], NOISE);
      strictEqual(
        Math.sign(mean - n),
        Math.sign(Number((bySequence![i]! - byToken![i]!).toFixed(12))),
      );
    });
    return new Set(trained).size > 1;
  }));

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
  const edges = [0.8, 1.28, 3].map(Math.log);
  law(0.3, sequence(1.5), (tokens) => {
    // The edges of the clip range have no derivative.
    const atEdge = tokens.logProb.map((x, p) => {
      const ratio = x - tokens.behaviourLogProb[p]!;
      return Number(edges.some((edge) => Math.abs(ratio - edge) < 1e-4));
    });
    for (const objective of objectives) {
      const { dLogProb } = lossOf(tokens, objective);
      const found = differences(tokens, objective);
      const away = (row: Float64Array) => row.filter((_, p) => atEdge[p] === 0);
      assertClose(away(dLogProb), away(found), { atol: 1e-6, rtol: 1e-5 });
    }
    return clipped(lossOf(tokens, FULL));
  }, 50);
});

Deno.test("law 37: the slope in a token's entropy is the loss's finite difference: more entropy, less loss", () =>
  law(0.5, sequence(1), (tokens) => {
    const { dEntropy } = lossOf(tokens, FULL);
    const step = 1e-3;
    const at = (p: number, offset: number) => {
      const entropy = tokens.entropy!.map((x, q) => q === p ? x + offset : x);
      return lossOf({ ...tokens, entropy }, FULL).loss;
    };
    const found = tokens.logProb.map((_, p) => (at(p, step) - at(p, -step)) / (2 * step));
    assertClose(dEntropy, found, { atol: 1e-9 });
    return dEntropy.every((slope) => slope < -1e-4);
  }));

Deno.test("law 37: the gradient of a sequence-level ratio is exact for equal advantages", () => {
  const objective: Objective = { ...FULL, clip: { ...FULL.clip, ratio: "sequence", dual: null } };
  law(0.3, sequence(0.15), (tokens) => {
    const equal = { ...tokens, advantage: tokens.advantage.map(() => tokens.advantage[0]!) };
    assertClose(lossOf(equal, objective).dLogProb, differences(equal, objective), {
      atol: 1e-7,
      rtol: 1e-6,
    });
    return tokens.logProb.length > 1 && Math.abs(tokens.advantage[0]!) > 0.05;
  }, 50);
});

Deno.test("law 37: rewards recomputed from the policy would give another gradient", () =>
  law(0.5, sequence(0.1), (tokens) => {
    const { dLogProb } = lossOf(tokens, PLAIN);
    const leaking = differences(tokens, PLAIN, (moved) => ({
      ...moved,
      advantage: moved.advantage.map((a, p) => a + moved.logProb[p]! - tokens.logProb[p]!),
    }));
    return leaking.some((x, p) => Math.abs(x - dLogProb[p]!) > 1e-3);
  }, 20));

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

Deno.test("law 38: at ratio 1 the gradient is linear in the advantages, and 0 for zero advantages", () =>
  law(0.45, fc.tuple(sequence(0), real(-2, 2)), ([drawn, shift]) => {
    const tokens = atRatioOne(drawn);
    const gradientOf = (advantage: Float64Array) =>
      lossOf({ ...tokens, advantage }, PLAIN).dLogProb;
    const other = tokens.advantage.map((a) => a * a + shift);
    const parts = gradientOf(tokens.advantage).map((x, p) => x + gradientOf(other)[p]!);
    assertClose(gradientOf(tokens.advantage.map((a, p) => a + other[p]!)), parts, NOISE);
    ok(gradientOf(tokens.advantage.map(() => 0)).every((x) => Math.abs(x) === 0));
    return parts.some((x) => Math.abs(x) > 0.05);
  }));

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
