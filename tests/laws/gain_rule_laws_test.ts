import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { batchAdvantages, type EpisodeRewards } from "../../src/igpo/advantages.ts";
import { gainsAgainstWithout, gainsOf, keptGains } from "../../src/igpo/belief.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { sum } from "../../src/math/statistics.ts";
import { assertClose } from "../support/comparison.ts";
import { batch, beliefs, grid, group, rewards } from "./arbitraries.ts";
import { hasSpread, law } from "./support.ts";

const paper = PRESETS["paper-v2"]!;

const turnsOf = (groups: ReadonlyArray<ReadonlyArray<EpisodeRewards>>, preset: Preset) =>
  batchAdvantages(groups, preset).map((own) => own.map(({ turn }) => [...turn]));

/** Gains on a grid, so that a belief often returns to an earlier value. */
const gains = fc.array(grid(-2, 2, 8), { maxLength: 6 }).map((list) => Float64Array.from(list));

Deno.test("law: positive gains are the gains without the losses", () => {
  law(0.2, gains, (gain) => {
    const kept = keptGains(gain, "positive");
    gain.forEach((g, t) => strictEqual(kept[t], g > 0 ? g : 0));
    return gain.some((g) => g < 0) && gain.some((g) => g > 0);
  });
});

Deno.test("law: rises sum to the best belief less the first, and none exceeds its gain", () => {
  law(0.15, gains, (gain) => {
    const rises = keptGains(gain, "rise");
    let belief = 0;
    const best = gain.reduce((most, g) => Math.max(most, belief += g), 0);
    assertClose([sum(rises)], [best], { atol: 1e-12 });
    rises.forEach((rise, t) => ok(rise >= 0 && rise <= Math.max(0, gain[t]!) + 1e-12));
    return gain.some((g) => g < 0) && best > 0;
  });
});

Deno.test("law: a rise is paid once, however often it is lost and found again", () => {
  law(0.3, fc.tuple(gains, grid(0.25, 2, 7)), ([gain, lost]) => {
    const again = Float64Array.of(...gain, -lost, lost);
    deepStrictEqual(
      [...keptGains(again, "rise")].map((x) => Number(x.toFixed(9))),
      [...keptGains(gain, "rise"), 0, 0].map((x) => Number(x.toFixed(9))),
    );
    return gain.some((g) => g > 0);
  });
});

Deno.test("law: against the belief without a turn, one that changes nothing gains 0, and one search gains as before", () => {
  law(
    0.3,
    fc.tuple(beliefs, fc.constantFrom("logprob" as const, "prob" as const)),
    ([all, measure]) => {
      const without = new Float64Array(all.length - 1).fill(all.at(-1)!);
      ok(gainsAgainstWithout(all, without, measure).every((g) => g === 0));
      // Without a single search, only the prompt is left.
      const two = Float64Array.of(all[0]!, all.at(-1)!);
      deepStrictEqual(gainsAgainstWithout(two, two.slice(0, 1), measure), gainsOf(two, measure));
      return all.length > 2;
    },
  );
});

const zeroCentred: Preset = {
  ...paper,
  pool: { ...paper.pool, gainCentre: "zero", eps: 0, varianceFloor: 0 },
  credit: { ...paper.credit, rule: "own", alpha: 1 },
  weights: { ...paper.weights, outcome: 0 },
};

Deno.test("law: gains centred on zero keep their signs and have a root mean square of 1 in their group", () => {
  law(0.3, group, (own) => {
    const found = turnsOf([own], zeroCentred)[0]!.flatMap((turns) => turns.slice(0, -1));
    const raw = own.flatMap(({ gain }) => [...gain]);
    raw.forEach((g, i) => strictEqual(Math.sign(found[i]!), Math.sign(g)));
    if (raw.some((g) => g !== 0)) {
      assertClose([sum(found.map((z) => z * z)) / found.length], [1], { atol: 1e-9 });
    }
    return raw.some((g) => g < 0) && raw.some((g) => g > 0);
  });
});

Deno.test("law: with credit to its own turn, no turn's gain reaches another turn", () => {
  const raw: Preset = {
    ...zeroCentred,
    pool: { ...zeroCentred.pool, divideBy: "none" },
    weights: { ...paper.weights, outcome: 1 },
    credit: { ...paper.credit, rule: "own", alpha: 0.3 },
  };
  law(0.3, group, (own) => {
    const silent = turnsOf(
      [own.map((one) => ({ ...one, gain: one.gain.map(() => 0) }))],
      raw,
    )[0]!;
    turnsOf([own], raw)[0]!.forEach((turns, i) => {
      const want = [...own[i]!.gain, 0].map((g, t) => silent[i]![t]! + 0.3 * g);
      assertClose(turns, want, { atol: 1e-12 });
    });
    return own.some(({ gain }) => gain.length > 1);
  });
});

const faded = (fade: Preset["weights"]["fade"]): Preset => ({
  ...paper,
  weights: { ...paper.weights, fade },
});
const noGains: Preset = { ...paper, weights: { ...paper.weights, gain: 0 } };
const isSilent = (own: ReadonlyArray<EpisodeRewards>) =>
  own.every(({ outcome }) => outcome === own[0]!.outcome);

/** Batches in which groups of equal outcomes are as frequent as other groups. */
const someSilent = fc.array(
  fc.tuple(group, fc.boolean()).map(([own, silent]) =>
    silent ? own.map(({ gain, turnTokens }) => rewards(gain, 1, turnTokens)) : own
  ),
  { minLength: 1, maxLength: 4 },
);

Deno.test("law: fading by group gives groups of equal outcomes all of their gains and others none", () => {
  law(0.15, someSilent, (groups) => {
    const [found, full, none] = [faded("group"), paper, noGains].map((one) => turnsOf(groups, one));
    groups.forEach((own, g) => {
      assertClose(found![g]!.flat(), (isSilent(own) ? full! : none!)[g]!.flat(), { atol: 1e-12 });
    });
    return groups.some(isSilent) && !groups.every(isSilent);
  });
});

Deno.test("law: fading by batch weighs gains by the share of groups whose outcomes are equal", () => {
  law(0.15, someSilent, (groups) => {
    const share = groups.filter(isSilent).length / groups.length;
    const weighed: Preset = { ...paper, weights: { ...paper.weights, gain: share } };
    assertClose(
      turnsOf(groups, faded("batch")).flat(2),
      turnsOf(groups, weighed).flat(2),
      { atol: 1e-12 },
    );
    return share > 0 && share < 1;
  });
});

Deno.test("law: rules that keep, centre or credit gains otherwise leave a preset without gains as it is", () => {
  const rules: ReadonlyArray<Preset> = [
    { ...noGains, gain: { ...paper.gain, keep: "positive" } },
    { ...noGains, gain: { ...paper.gain, keep: "rise" } },
    { ...noGains, pool: { ...paper.pool, gainCentre: "zero" } },
    { ...noGains, credit: { ...paper.credit, rule: "own" } },
    { ...noGains, weights: { ...noGains.weights, fade: "group" } },
  ];
  law(0.3, fc.tuple(batch, fc.constantFrom(...rules)), ([groups, rule]) => {
    assertClose(turnsOf(groups, rule).flat(2), turnsOf(groups, noGains).flat(2), { atol: 1e-12 });
    return groups.some(hasSpread);
  });
});

/** Groups whose outcomes are all equal: only gains tell their episodes apart. */
const silentGroup = group.map((own) =>
  own.map(({ gain, turnTokens }) => rewards(gain, 0.5, turnTokens))
);

Deno.test("law: centred on their mean, undiscounted gains pay the first turns of a silent group nothing in sum", () => {
  law(0.3, silentGroup, (own) => {
    const first = turnsOf([own], paper)[0]!.map((turns) => turns[0]!);
    assertClose([sum(first)], [0], { atol: 1e-9 });
    return own.length > 1 && own.some(({ gain }) => gain.length > 1);
  });
});

Deno.test("law: rises measured from zero never pay a turn of a silent group less than answering at once", () => {
  const uplift = PRESETS["igpo-uplift"]!;
  law(0.3, silentGroup, (own) => {
    // An episode that answers at once has an advantage of 0 there.
    ok(turnsOf([own], uplift).flat(2).every((advantage) => advantage >= 0));
    const found = own.some(({ gain }) => gain.some((g) => g > 0));
    strictEqual(turnsOf([own], uplift).flat(2).some((advantage) => advantage > 0), found);
    return found;
  });
});
