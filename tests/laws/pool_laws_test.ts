import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type EpisodeRewards, groupAdvantages } from "../../src/igpo/advantages.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { assertClose } from "../support/comparison.ts";
import { episode, grid, group, rewards } from "./arbitraries.ts";
import { affine, hasSpread, law, normalised, sum, values } from "./support.ts";

const V2 = PRESETS["paper-v2"]!;
const V1 = PRESETS["paper-v1"]!;
const OFFICIAL_2025 = PRESETS["official-2025-11"]!;
const A2TGPO = PRESETS.a2tgpo!;
const NOISE = { atol: 1e-9 };

Deno.test("law 14: paper-v2 gains and outcomes each sum to 0 within a question", () => {
  law(0.3, group, (rollouts) => {
    const z = normalised(rollouts, V2);
    assertClose([sum(z.map((row) => row.at(-1)!))], [0], NOISE);
    assertClose([sum(z.flatMap((row) => [...row.slice(0, -1)]))], [0], NOISE);
    return hasSpread(rollouts);
  });
});

Deno.test("law 14: paper-v1 sums to 0 only jointly", () => {
  law(0.3, group, (rollouts) => {
    assertClose([sum(normalised(rollouts, V1).flatMap((row) => [...row]))], [0], NOISE);
    return hasSpread(rollouts);
  });
  const z = normalised([rewards([1], 0), rewards([1], 0.5)], V1);
  ok(Math.abs(sum(z.map((row) => row.at(-1)!))) > 0.1);
});

Deno.test("law 15: |z| <= sqrt(n - 1) in pools with ddof 0 (paper-v2, paper-v1, a2tgpo)", () => {
  law(0.3, group, (rollouts) => {
    const gains = sum(rollouts.map(({ gain }) => gain.length));
    for (const row of normalised(rollouts, V2)) {
      ok(Math.abs(row.at(-1)!) <= Math.sqrt(rollouts.length - 1) + 1e-9);
      ok(row.slice(0, -1).every((z) => Math.abs(z) <= Math.sqrt(Math.max(0, gains - 1)) + 1e-9));
    }
    for (const row of normalised(rollouts, V1)) {
      ok(row.every((z) => Math.abs(z) <= Math.sqrt(gains + rollouts.length - 1) + 1e-9));
    }
    for (const row of normalised(rollouts, A2TGPO)) {
      ok(Math.abs(row.at(-1)!) <= Math.sqrt(rollouts.length - 1) + 1e-9);
    }
    return hasSpread(rollouts);
  });
});

Deno.test("law 16: paper-v2 ignores independent affine maps of gains and outcomes", () => {
  law(
    0.3,
    fc.tuple(group, grid(0.5, 3), grid(-2, 2), grid(0.5, 3), grid(-2, 2)),
    ([rollouts, a, b, c, d]) => {
      if (!(hasSpread(rollouts))) return false;
      const got = values(groupAdvantages(affine(rollouts, a, b, c, d), V2));
      // eps and the floor change z by a share of up to (1e-6 + 1e-8 / (2 std)) / std; the grid's least std is 0.03.
      assertClose(got, values(groupAdvantages(rollouts, V2)), { atol: 1e-3 });
      return a !== c && (b !== 0 || d !== 0);
    },
  );
});

Deno.test("law 17: paper-v1 ignores one affine map of both, and not two different ones", () => {
  law(0.25, fc.tuple(group, grid(0.5, 3), grid(-2, 2)), ([rollouts, a, b]) => {
    if (!(hasSpread(rollouts))) return false;
    const got = values(groupAdvantages(affine(rollouts, a, b, a, b), V1));
    assertClose(got, values(groupAdvantages(rollouts, V1)), { atol: 1e-3 });
    return a !== 1 || b !== 0;
  });
  const rollouts = [rewards([0.2, -0.1], 0.5), rewards([0.4], 1), rewards([], -2)];
  const changed = values(groupAdvantages(affine(rollouts, 1, 0, 3, 0), V1));
  const kept = values(groupAdvantages(rollouts, V1));
  ok(changed.some((x, i) => Math.abs(x - kept[i]!) > 0.1));
});

Deno.test("law 18: official-2025-11 is linear in the rewards", () => {
  law(0.4, fc.tuple(group, grid(-3, 3)), ([rollouts, a]) => {
    const want = values(groupAdvantages(rollouts, OFFICIAL_2025)).map((x) => a * x);
    assertClose(values(groupAdvantages(affine(rollouts, a, 0, a, 0), OFFICIAL_2025)), want, NOISE);
    return a !== 0 && a !== 1;
  });
});

Deno.test("law 18: official-2025-11 feels a shift of all outcomes only where rollouts have ended", () => {
  law(0.2, fc.tuple(group, grid(-2, 2)), ([rollouts, d]) => {
    const shifted = groupAdvantages(affine(rollouts, 1, 0, 1, d), OFFICIAL_2025);
    groupAdvantages(rollouts, OFFICIAL_2025).forEach(({ position }, i) => {
      const want = position!.map((x, p) => {
        const alive = rollouts.filter(({ turnTokens }) => sum(turnTokens) > p).length;
        return x + d * (1 - alive / rollouts.length);
      });
      assertClose(shifted[i]!.position!, want, NOISE);
    });
    return d !== 0 && new Set(rollouts.map(({ turnTokens }) => sum(turnTokens))).size > 1;
  });
});

Deno.test("law 26: a pool of one and a pool of equals give exactly 0 (paper-v2, paper-v1, a2tgpo)", () => {
  law(
    0.4,
    fc.tuple(episode, grid(-2, 2), fc.integer({ min: 1, max: 6 })),
    ([single, value, size]) => {
      const equals = new Array<EpisodeRewards>(size).fill(rewards([value, value], value));
      for (const preset of [V2, V1, A2TGPO]) {
        const got = values(groupAdvantages(equals, preset));
        assertClose(got, got.map(() => 0), { atol: 0 }, preset.name);
      }
      strictEqual(groupAdvantages([single], V2)[0]!.turn.at(-1), 0);
      return size > 1 && value !== 0;
    },
  );
});

Deno.test("law 27: raising one gain never lowers its z, raising an outcome never lowers its own", () => {
  law(0.12, fc.tuple(group, fc.nat(4), fc.nat(2), grid(0.1, 3)), ([rollouts, i, t, rise]) => {
    const index = i % rollouts.length;
    for (const preset of [V2, V1, A2TGPO]) {
      const outcomesUp = rollouts.map((r, n) =>
        n === index ? { ...r, outcome: r.outcome + rise } : r
      );
      const gainsUp = rollouts.map((r, n) =>
        n === index ? { ...r, gain: r.gain.map((x, k) => k === t ? x + rise : x) } : r
      );
      const lastOf = (list: typeof rollouts) => normalised(list, preset)[index]!.at(-1)!;
      ok(lastOf(outcomesUp) >= lastOf(rollouts) - 1e-9);
      if (preset === A2TGPO || t >= rollouts[index]!.gain.length) continue;
      ok(
        normalised(gainsUp, preset)[index]![t]! >= normalised(rollouts, preset)[index]![t]! - 1e-9,
      );
    }
    return hasSpread(rollouts) && t < rollouts[index]!.gain.length;
  });
});

Deno.test("law 28: paper-v2 has no cross-talk between gains and outcomes, paper-v1 has", () => {
  const lasts = (rollouts: ReadonlyArray<EpisodeRewards>, preset: Preset) =>
    normalised(rollouts, preset).map((row) => row.at(-1)!);
  const firsts = (rollouts: ReadonlyArray<EpisodeRewards>) =>
    normalised(rollouts, V2).flatMap((row) => [...row.slice(0, -1)]);
  law(0.3, fc.tuple(group, grid(0.5, 3), grid(-2, 2)), ([rollouts, a, b]) => {
    const moved = affine(rollouts, a, b, 1, 0);
    assertClose(lasts(moved, V2), lasts(rollouts, V2), { atol: 0 });
    assertClose(firsts(affine(rollouts, 1, 0, a, b)), firsts(rollouts), { atol: 0 });
    return hasSpread(rollouts);
  });
  const rollouts = [rewards([1], 0), rewards([2], 0.5)];
  ok(Math.abs(lasts(affine(rollouts, 3, 0, 1, 0), V1)[0]! - lasts(rollouts, V1)[0]!) > 0.1);
});

Deno.test("law 42: weights after normalisation: (1, 1) is the identity, gain 0 leaves outcome returns", () => {
  law(0.3, group, (rollouts) => {
    const weighed = (gain: number, outcome: number) =>
      values(groupAdvantages(rollouts, { ...V2, weights: { ...V2.weights, gain, outcome } }));
    assertClose(weighed(1, 1), values(groupAdvantages(rollouts, V2)), { atol: 0 });
    const outcomeOnly: Preset = { ...V2, gain: { ...V2.gain, measure: "none" } };
    assertClose(weighed(0, 1), values(groupAdvantages(rollouts, outcomeOnly)), NOISE);
    return hasSpread(rollouts);
  });
});

Deno.test("law 42: weights before normalisation cancel in separate pools, which is why they are refused", () => {
  law(0.3, group, (rollouts) => {
    if (!(hasSpread(rollouts))) return false;
    const before: Preset = {
      ...V2,
      weights: { ...V2.weights, gain: 0.5, outcome: 2, apply: "before" },
    };
    const got = values(groupAdvantages(rollouts, before));
    assertClose(got, values(groupAdvantages(rollouts, V2)), { atol: 1e-3 });
    return true;
  });
});

Deno.test("law 14: rloo measures each outcome against the mean of the others", () =>
  law(0.3, group, (rollouts) => {
    const found = groupAdvantages(rollouts, PRESETS.rloo!);
    if (rollouts.length < 2) return false;
    rollouts.forEach(({ outcome }, i) => {
      const others = rollouts.filter((_, n) => n !== i);
      const mean = sum(others.map((one) => one.outcome)) / others.length;
      assertClose([found[i]!.turn.at(-1)!], [outcome - mean], NOISE);
    });
    return new Set(rollouts.map(({ outcome }) => outcome)).size > 1;
  }));
