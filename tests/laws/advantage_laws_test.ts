import { ok } from "node:assert/strict";
import fc from "fast-check";
import {
  batchAdvantages,
  type EpisodeRewards,
  groupAdvantages,
} from "../../src/igpo/advantages.ts";
import { broadcastAdvantages } from "../../src/igpo/broadcast.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { assertClose } from "../support/comparison.ts";
import {
  ALL,
  batch,
  discounted,
  episode,
  gamma,
  grid,
  group,
  mixture,
  presets,
  rewards,
} from "./arbitraries.ts";
import { hasSpread, law, normalised, sum, values } from "./support.ts";

const V2 = PRESETS["paper-v2"]!;
const V1 = PRESETS["paper-v1"]!;
const OFFICIAL_2025 = PRESETS["official-2025-11"]!;
const NOISE = { atol: 1e-9 };
/** The presets with statistics of the batch, in which groups affect each other. */
const BATCH_WIDE = presets("dr-venus", "reinforce++", "reinforce++-baseline", "igpo-fading");
const GROUP_WISE = ALL.filter((preset) => !BATCH_WIDE.includes(preset));

Deno.test("law 19: permuting rollouts permutes advantages, permuting questions permutes groups (all presets)", () => {
  law(0.3, batch, (groups) => {
    for (const preset of ALL) {
      const want = batchAdvantages(groups, preset).map((rows) => rows.toReversed()).reverse();
      const got = batchAdvantages(groups.map((rows) => rows.toReversed()).reverse(), preset);
      assertClose(values(got.flat()), values(want.flat()), { atol: 1e-6, rtol: 1e-6 });
    }
    return groups.some(hasSpread);
  }, 50);
});

Deno.test("law 20: another question's rewards change nothing (presets without batch statistics)", () => {
  law(0.2, fc.tuple(group, group, group), ([own, other, changed]) => {
    for (const preset of GROUP_WISE) {
      const before = values(batchAdvantages([own, other], preset)[0]!);
      assertClose(values(batchAdvantages([own, changed], preset)[0]!), before, { atol: 0 });
    }
    return hasSpread(own) && hasSpread(changed);
  }, 50);
});

Deno.test("law 20: fails for presets with batch statistics", () => {
  const own = [rewards([1, 2], 0.5), rewards([0.5], 1)];
  const other = [rewards([3], 0), rewards([0], 0), rewards([9], 0)];
  for (const preset of BATCH_WIDE) {
    const alone = values(batchAdvantages([own], preset)[0]!);
    const together = values(batchAdvantages([own, other], preset)[0]!);
    ok(alone.some((x, i) => Math.abs(x - together[i]!) > 0.01), preset.name);
  }
});

Deno.test("law 21: R_t = z_t + gamma R_{t+1}, R_T = z_T (paper-v2, paper-v1, official-2026-02)", () => {
  law(0.15, fc.tuple(group, gamma), ([rollouts, rate]) => {
    for (const preset of presets("paper-v2", "paper-v1", "official-2026-02")) {
      const z = normalised(rollouts, preset);
      groupAdvantages(rollouts, discounted(preset, rate)).forEach(({ turn }, i) => {
        const want = turn.map((_, t) => z[i]![t]! + rate * (turn[t + 1] ?? 0));
        assertClose(turn, want, NOISE);
      });
    }
    return hasSpread(rollouts) && rate > 0 && rate < 1;
  });
});

Deno.test("law 22: at gamma 1 the first turns' returns sum to 0 (paper-v2, paper-v1)", () => {
  law(0.3, group, (rollouts) => {
    for (const preset of [V2, V1]) {
      const firsts = groupAdvantages(rollouts, preset).map(({ turn }) => turn[0]!);
      assertClose([sum(firsts)], [0], NOISE);
    }
    return hasSpread(rollouts);
  });
});

Deno.test("law 22: at any gamma the last turns' returns sum to 0 (paper-v2, not paper-v1)", () => {
  const lasts = (rollouts: ReadonlyArray<EpisodeRewards>, preset: Preset) =>
    sum(groupAdvantages(rollouts, preset).map(({ turn }) => turn.at(-1)!));
  law(0.2, fc.tuple(group, gamma), ([rollouts, rate]) => {
    assertClose([lasts(rollouts, discounted(V2, rate))], [0], NOISE);
    return hasSpread(rollouts) && rate < 1;
  });
  ok(Math.abs(lasts([rewards([1], 0), rewards([2], 0)], V1)) > 0.1);
});

Deno.test("law 23: identical rollouts teach nothing under official-2025-11, a2tgpo, grpo, rloo, gspo", () => {
  law(0.3, fc.tuple(episode, fc.integer({ min: 2, max: 5 })), ([rollout, size]) => {
    const rollouts = new Array<EpisodeRewards>(size).fill(rollout);
    for (const preset of presets("official-2025-11", "a2tgpo", "grpo", "rloo", "gspo")) {
      const got = values(groupAdvantages(rollouts, preset));
      assertClose(got, got.map(() => 0), { atol: 1e-12 }, preset.name);
    }
    return rollout.gain.some((x) => x !== 0);
  });
});

Deno.test("law 23: identical rollouts do teach under paper-v2 and paper-v1, after the first turn", () => {
  const rollouts = new Array<EpisodeRewards>(4).fill(rewards([0.3, -0.1, 0.25], 0.5));
  const turnsOf = (preset: Preset) => groupAdvantages(rollouts, preset)[0]!.turn;
  assertClose(turnsOf(V2), [0, -0.84, 0.56, 0], { atol: 5e-3 });
  assertClose(turnsOf(V1), [0, -0.29, 1.27, 1.21], { atol: 5e-3 });
});

Deno.test("law 24: paper-v2 with equal outcomes is the gains alone, with equal gains z(outcome) gamma^(T-t)", () => {
  const gainsOnly: Preset = { ...V2, weights: { ...V2.weights, outcome: 0 } };
  law(0.2, fc.tuple(group, gamma, grid(-2, 1), grid(-2, 2)), ([rollouts, rate, outcome, gain]) => {
    const equalOutcomes = rollouts.map((rollout) => ({ ...rollout, outcome }));
    assertClose(
      values(groupAdvantages(equalOutcomes, discounted(V2, rate))),
      values(groupAdvantages(equalOutcomes, discounted(gainsOnly, rate))),
      NOISE,
    );
    const equalGains = rollouts.map((rollout) => ({
      ...rollout,
      gain: rollout.gain.map(() => gain),
    }));
    const z = normalised(equalGains, V2);
    groupAdvantages(equalGains, discounted(V2, rate)).forEach(({ turn }, i) => {
      const last = turn.length - 1;
      assertClose(turn, turn.map((_, t) => z[i]![last]! * rate ** (last - t)), NOISE);
    });
    return hasSpread(rollouts) && rate > 0 && rate < 1;
  });
});

Deno.test("law 25: paper-v2 of one-turn rollouts is GRPO with population std, sqrt(G / (G - 1)) times GRPO's", () => {
  law(
    0.4,
    fc.tuple(fc.array(grid(0, 1), { minLength: 2, maxLength: 8 }), gamma),
    ([outcomes, rate]) => {
      if (!(new Set(outcomes).size > 1)) return false;
      const rollouts = outcomes.map((outcome) => rewards([], outcome));
      const igpo = values(groupAdvantages(rollouts, discounted(V2, rate)));
      const factor = Math.sqrt(outcomes.length / (outcomes.length - 1));
      const grpo = values(groupAdvantages(rollouts, PRESETS.grpo!)).map((x) => x * factor);
      assertClose(igpo, grpo, { atol: 1e-3 });
      const population: Preset = { ...PRESETS.grpo!, pool: V2.pool };
      assertClose(igpo, values(groupAdvantages(rollouts, population)), { atol: 0 });
      return true;
    },
  );
});

Deno.test("law 29: finite rewards give finite advantages, also for one rollout, one turn, all invalid (all presets)", () => {
  const extreme = mixture([-1e6, 1e6], [-1e-6, 1e-6], [-3, 3]);
  const wild = fc.array(
    fc.tuple(fc.array(extreme, { maxLength: 3 }), fc.constantFrom(-2, 0, 1)).map(([g, o]) =>
      rewards(g, o)
    ),
    { minLength: 1, maxLength: 4 },
  );
  law(0.4, fc.array(wild, { minLength: 1, maxLength: 3 }), (groups) => {
    for (const preset of ALL) {
      const got = batchAdvantages(groups, preset).flat();
      ok(values(got).every(Number.isFinite), preset.name);
      ok(got.every(({ clipScale }) => clipScale.every(Number.isFinite)));
    }
    return groups.some((own) => own.length > 1 && own.some(({ gain }) => gain.length > 1));
  }, 50);
});

Deno.test("law 30: tokens of a turn share one advantage (all presets but official-2025-11)", () => {
  law(0.3, group, (rollouts) => {
    for (const preset of ALL.filter((p) => p !== OFFICIAL_2025)) {
      groupAdvantages(rollouts, preset).forEach((advantages, i) => {
        const turn = rollouts[i]!.turnTokens.flatMap((n, t) => new Array<number>(n).fill(t));
        const tokens = broadcastAdvantages(advantages, { turn, responseIndex: [...turn.keys()] });
        ok(new Set(tokens).size <= rollouts[i]!.turnTokens.length);
        ok(tokens.every((x, p) => Object.is(x, advantages.turn[turn[p]!])));
      });
    }
    return rollouts.some(({ gain, turnTokens }) =>
      gain.some((x) => x !== 0) && turnTokens.some((n) => n > 1)
    );
  });
});

Deno.test("law 30: fails for official-2025-11", () => {
  const rollouts = [rewards([0.2], 0.5, [3, 2]), rewards([0.4], 1, [2, 3])];
  const { position } = groupAdvantages(rollouts, OFFICIAL_2025)[0]!;
  ok(new Set(position!.slice(0, 3)).size > 1);
});
