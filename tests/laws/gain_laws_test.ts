import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { turnRewards } from "../../src/igpo/advantages.ts";
import { beliefOf, combineBeliefs, gainsOf, valueOf } from "../../src/igpo/belief.ts";
import { discountedReturns } from "../../src/igpo/returns.ts";
import { assembleProbe } from "../../src/text/probe.ts";
import { assertClose } from "../support/comparison.ts";
import { ALL, beliefs, episode, logProb, real, rewards } from "./arbitraries.ts";
import { law } from "./support.ts";

const MEASURES = ["logprob", "prob"] as const;
const EPS = 1e-12;

function total(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0);
}

/** Whether a belief is neither hardly possible nor certain, so that neither measure of it is near its end. */
const isInterior = (ell: number) => ell > -4 && ell < -0.01;

Deno.test("law 1: gains telescope over every stretch of turns, in both measures", () =>
  law(0.1, fc.tuple(beliefs, fc.nat(5), fc.nat(5)), ([belief, a, b]) => {
    const last = belief.length - 1;
    const [from, to] = [Math.min(a, b, last), Math.min(Math.max(a, b), last)];
    for (const measure of MEASURES) {
      const value = belief.map((ell) => valueOf(ell, measure));
      const got = total(gainsOf(belief, measure).subarray(from, to));
      assertClose([got], [value[to]! - value[from]!], { atol: 1e-11 });
    }
    return to - from >= 2 && belief.subarray(from, to + 1).some(isInterior);
  }));

Deno.test("law 1: gains telescope whichever rule combines the beliefs in several golds", () => {
  const golds = fc.array(fc.array(logProb, { minLength: 2, maxLength: 3 }), {
    minLength: 1,
    maxLength: 5,
  });
  law(0.3, golds, (rows) => {
    for (const rule of ["first", "max", "logsumexp"] as const) {
      const belief = Float64Array.from(rows, (row) => combineBeliefs(row, rule));
      const want = belief.at(-1)! - belief[0]!;
      assertClose([total(gainsOf(belief, "logprob"))], [want], { atol: 1e-11 });
    }
    // The best answer is not the first.
    return rows.length > 1 && rows.some((row) => row[0]! < Math.max(...row));
  });
});

Deno.test("law 2: a gain of probability and every partial sum lies in [-1, 1]", () =>
  law(0.25, beliefs, (belief) => {
    let partial = 0;
    const gains = gainsOf(belief, "prob");
    for (const gain of gains) {
      partial += gain;
      ok(Math.abs(gain) <= 1 && Math.abs(partial) <= 1 + EPS);
    }
    ok(belief.every((ell) => valueOf(ell, "prob") > 0 && valueOf(ell, "prob") <= 1));
    return gains.some((gain) => Math.abs(gain) > 0.5);
  }));

Deno.test("law 3: a gain of log-prob is at most minus the belief before it", () =>
  law(0.2, beliefs, (belief) => {
    const gains = gainsOf(belief, "logprob");
    gains.forEach((gain, t) => ok(gain <= -belief[t]! + EPS));
    // The bound is nearly reached.
    return gains.some((gain, t) => gain > 0.9 * -belief[t]!);
  }));

Deno.test("law 4: both measures agree in sign and bound each other", () =>
  law(0.12, beliefs, (belief) => {
    const [log, prob] = MEASURES.map((measure) => gainsOf(belief, measure));
    log!.forEach((gain, t) => {
      const values = [Math.exp(belief[t]!), Math.exp(belief[t + 1]!)];
      ok(gain * prob![t]! >= 0);
      ok(Math.min(...values) * Math.abs(gain) <= Math.abs(prob![t]!) + EPS);
      ok(Math.abs(prob![t]!) <= Math.max(...values) * Math.abs(gain) + EPS);
    });
    return log!.some((gain, t) =>
      Math.abs(gain) > 0.1 && isInterior(belief[t]!) && isInterior(belief[t + 1]!)
    );
  }));

Deno.test("law 5: a belief of equal token log-probs does not depend on their number", () =>
  law(0.2, fc.tuple(logProb, fc.integer({ min: 1, max: 30 })), ([ell, length]) => {
    const belief = beliefOf(new Float64Array(length).fill(ell), null);
    assertClose([belief], [ell], { atol: 1e-12, rtol: 1e-12 });
    const perplexity = Math.exp(-ell);
    assertClose([valueOf(belief, "prob")], [1 / perplexity], { atol: 1e-12 });
    return length > 1 && isInterior(ell);
  }));

Deno.test("law 6: the scored span is the gold's own ids, whatever prefix and suffix are", () => {
  const ids = fc.array(fc.nat(1000), { maxLength: 6 });
  fc.assert(fc.property(ids, ids, ids, (prefix, gold, suffix) => {
    const probe = assembleProbe(prefix, gold, suffix);
    strictEqual(probe.ids.slice(probe.start, probe.end).join(), gold.join());
    strictEqual(probe.ids.join(), [...prefix, ...gold, ...suffix].join());
  }));
});

Deno.test("law 10: T turns have T-1 gains and T rewards, one turn has no gain (all presets)", () => {
  fc.assert(fc.property(beliefs, (belief) => {
    strictEqual(gainsOf(belief, "logprob").length, belief.length - 1);
  }));
  fc.assert(fc.property(episode, (rollout) => {
    for (const preset of ALL) {
      strictEqual(turnRewards(rollout, preset).length, rollout.gain.length + 1);
    }
  }));
});

Deno.test("law 11: a further turn that changes no belief adds a zero gain and nothing else", () => {
  fc.assert(fc.property(beliefs, (belief) => {
    const longer = Float64Array.of(...belief, belief.at(-1)!);
    for (const measure of MEASURES) {
      assertClose(gainsOf(longer, measure), [...gainsOf(belief, measure), 0], { atol: 0 });
    }
  }));
});

Deno.test("a log-prob floor never lowers a belief and bounds it from below", () =>
  law(0.3, fc.array(logProb, { minLength: 1 }), (list) => {
    const row = Float64Array.from(list);
    const [floored, plain] = [beliefOf(row, -4), beliefOf(row, null)];
    ok(floored >= plain - EPS && floored >= -4 - EPS);
    ok(list.some((ell) => ell < -4) === floored > plain + EPS || Math.abs(floored - plain) < 1e-9);
    return floored > plain + 0.1 && floored > -3.9;
  }));

Deno.test("law 41: with raw rewards and gamma 1 the return is r^O + V_{T-1} - V_{t-1}", () =>
  law(0.25, fc.tuple(beliefs, real(-2, 1)), ([belief, outcome]) => {
    const rollout = rewards(gainsOf(belief, "logprob"), outcome);
    const raw = turnRewards(rollout, ALL[0]!);
    discountedReturns(raw, 1).forEach((got, t) => {
      assertClose([got], [outcome + belief.at(-1)! - belief[t]!], { atol: 1e-11 });
    });
    return outcome !== 0 && belief.length >= 3;
  }));

Deno.test("law 41: a belief in several golds is the first, the best, or their sum of probabilities (TIPS)", () =>
  law(0.18, fc.array(logProb, { minLength: 1, maxLength: 4 }), (golds) => {
    const best = Math.max(...golds);
    strictEqual(combineBeliefs(golds, "first"), golds[0]);
    strictEqual(combineBeliefs(golds, "max"), best);
    const all = combineBeliefs(golds, "logsumexp");
    assertClose([Math.exp(all)], [golds.reduce((sum, ell) => sum + Math.exp(ell), 0)], {
      atol: 1e-12,
    });
    ok(all >= best - EPS && all <= best + Math.log(golds.length) + EPS);
    return golds.length > 1 && golds[0]! < best && all > best + 0.01;
  }));

Deno.test("law 13: an episode without a well-formed answer keeps its gains (presets that do not replace them)", () =>
  law(0.3, episode, (rollout) => {
    const invalid = {
      ...rollout,
      outcome: -2,
      malformed: rollout.malformed.map((_, t) => t === 0),
    };
    for (const preset of ALL.filter(({ gain }) => gain.malformedTurn === null)) {
      const [valid, kept] = [rollout, invalid].map((one) => turnRewards(one, preset));
      deepStrictEqual(kept!.slice(0, -1), valid!.slice(0, -1), preset.name);
      strictEqual(kept!.at(-1), -2);
    }
    return rollout.gain.some((gain) => gain !== 0);
  }));
