import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  batchAdvantages,
  type EpisodeRewards,
  groupAdvantages,
} from "../../src/igpo/advantages.ts";
import { broadcastAdvantages, broadcastClipScale } from "../../src/igpo/broadcast.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { assertClose } from "../support/comparison.ts";

/** The specification's example (section 10.1): one question, three rollouts. */
const GROUP: ReadonlyArray<EpisodeRewards> = [
  episode([0.2, -0.1], 0.5, [3, 2, 2]),
  episode([0.4], 1, [2, 3]),
  episode([], -2, [4]),
];

/** Printed to six places in the specification. */
const PRINTED = { atol: 6e-7 };

function episode(
  gains: ReadonlyArray<number>,
  outcome: number,
  turnTokens: ReadonlyArray<number>,
): EpisodeRewards {
  return {
    gain: Float64Array.from(gains),
    outcome,
    malformed: turnTokens.map(() => false),
    turnTokens,
    sampledTokens: turnTokens,
  };
}

function withGamma(preset: Preset, gamma: number): Preset {
  return { ...preset, credit: { ...preset.credit, gamma } };
}

function assertTurns(preset: Preset, want: ReadonlyArray<ReadonlyArray<number>>): void {
  groupAdvantages(GROUP, preset).forEach(({ turn }, i) => {
    assertClose(turn, want[i]!, PRINTED, `${preset.name}, rollout ${i + 1}`);
  });
}

Deno.test("groupAdvantages() repeats the printed example of separate pools", () => {
  assertTurns(PRESETS["paper-v2"]!, [
    [-0.627544, -0.789765, 0.508],
    [2.024544, 0.889],
    [-1.397],
  ]);
  assertTurns(withGamma(PRESETS["paper-v2"]!, 0.5), [
    [-0.359662, -1.043765, 0.508],
    [1.580044, 0.889],
    [-1.397],
  ]);
});

Deno.test("groupAdvantages() repeats the printed example of one joint pool", () => {
  assertTurns(PRESETS["paper-v1"]!, [
    [0.62897, 0.419313, 0.524142],
    [1.467597, 1.048284],
    [-2.096567],
  ]);
  assertTurns(withGamma(PRESETS["paper-v1"]!, 0.5), [
    [0.288278, 0.157243, 0.524142],
    [0.943455, 1.048284],
    [-2.096567],
  ]);
});

Deno.test("groupAdvantages() repeats the printed example of turn-index pools", () => {
  for (const gamma of [1, 0.5]) {
    assertTurns(withGamma(PRESETS.a2tgpo!, gamma), [
      [0.29587, 0.508, 0.508],
      [1.188997, 0.889],
      [-1.397],
    ]);
  }
  const scales = groupAdvantages(GROUP, PRESETS.a2tgpo!).map(({ clipScale }) => clipScale);
  assertClose(scales[0]!, [0.861366, 1, 1], PRINTED);
  assertClose(scales[1]!, [1.138634, 1], PRINTED);
  assertClose(scales[2]!, [1], PRINTED);
});

Deno.test("groupAdvantages() repeats the printed example of a baseline by token index", () => {
  const rows = groupAdvantages(GROUP, PRESETS["official-2025-11"]!).map((row) => row.position!);
  assertClose(rows[0]!, [0.6, 0.6, 0.733333, 0.6, -0.066667, 0.333333, 0.333333], PRINTED);
  assertClose(rows[1]!, [1.4, 1.4, 1.133333, 1.2, 0.533333], PRINTED);
  assertClose(rows[2]!, [-2, -2, -1.866667, -1.8], PRINTED);
});

Deno.test("turn advantages of a baseline by token index are means over the turn's tokens", () => {
  const [first] = groupAdvantages(GROUP, PRESETS["official-2025-11"]!);
  assertClose(first!.turn, [(0.6 + 0.6 + 0.733333) / 3, 0.266667, 0.333333], PRINTED);
});

Deno.test("broadcastAdvantages() follows turn ids, also where neighbours are equal or 0", () => {
  const advantages = {
    turn: Float64Array.of(0, 0, 2),
    clipScale: Float64Array.of(0.9, 1.1, 1),
    position: null,
  };
  const places = { turn: [0, 0, 1, 2], responseIndex: [0, 1, 5, 9] };
  deepStrictEqual([...broadcastAdvantages(advantages, places)], [0, 0, 0, 2]);
  deepStrictEqual([...broadcastClipScale(advantages, places)], [0.9, 0.9, 1.1, 1]);
});

Deno.test("broadcastAdvantages() reads a baseline by token index at the response index", () => {
  const advantages = {
    turn: Float64Array.of(9),
    clipScale: Float64Array.of(1),
    position: Float64Array.of(5, 6, 7),
  };
  const got = broadcastAdvantages(advantages, { turn: [0, 0], responseIndex: [2, 0] });
  deepStrictEqual([...got], [7, 5]);
});

Deno.test("a malformed turn's reward is replaced under dr-venus and kept under paper-v2", () => {
  const broken = { ...GROUP[0]!, malformed: [false, false, true] };
  const outcomeOnly = (preset: Preset) =>
    groupAdvantages([broken, GROUP[1]!], withGamma(preset, 0)).map(({ turn }) => turn.at(-1)!);
  const [kept] = outcomeOnly({ ...PRESETS["dr-venus"]!, gain: PRESETS["paper-v2"]!.gain });
  const [replaced] = outcomeOnly(PRESETS["dr-venus"]!);
  // Two outcomes give z = -1 and 1 whatever their distance, up to the floor under the root.
  assertClose([kept!, replaced!], [-1, -1], { atol: 1e-5 });
  const three = [broken, GROUP[1]!, { ...GROUP[2]!, outcome: 0.5 }];
  const [withPenalty] = groupAdvantages(three, PRESETS["dr-venus"]!).map((e) => e.turn.at(-1)!);
  const [without] = groupAdvantages(three, PRESETS["official-2026-02"]!).map((e) => e.turn.at(-1)!);
  assertClose([withPenalty!], [-1.3728], { atol: 1e-3 });
  assertClose([without!], [-Math.SQRT1_2], { atol: 1e-3 });
});

Deno.test("dr-venus scales gains to a size of at least 0.3", () => {
  const flat = GROUP.map((row) => ({ ...row, outcome: 1 }));
  const z = groupAdvantages(flat, withGamma(PRESETS["official-2026-02"]!, 0));
  const scaled = groupAdvantages(flat, withGamma(PRESETS["dr-venus"]!, 0));
  const size = (0.162221 + 1.297765 + 1.135544) / 3;
  assertClose([scaled[0]!.turn[0]! / z[0]!.turn[0]!], [0.3 / size], { atol: 1e-5 });
});

Deno.test("dr-venus scales gains by at most 10", () => {
  // The floor under the root keeps gains that differ by 1e-6 near 0. Without a limit the scale would blow them up.
  const close = [episode([1], 0, [1, 1]), episode([1 + 1e-6], 1, [1, 1])];
  const z = groupAdvantages(close, withGamma(PRESETS["official-2026-02"]!, 0));
  const scaled = groupAdvantages(close, withGamma(PRESETS["dr-venus"]!, 0));
  assertClose([scaled[0]!.turn[0]! / z[0]!.turn[0]!], [10], { atol: 1e-9 });
});

Deno.test("weights scale normalised gains and outcomes", () => {
  const preset = PRESETS["paper-v2"]!;
  const ablation = (gain: number, outcome: number): Preset => ({
    ...preset,
    weights: { ...preset.weights, gain, outcome },
  });
  const sum = (name: string, weights: Preset) => ({
    name,
    turns: groupAdvantages(GROUP, weights).map(({ turn }) => turn),
  });
  const both = sum("both", preset).turns;
  const gains = sum("gains only", ablation(1, 0)).turns;
  const outcomes = sum("outcomes only", ablation(0, 1)).turns;
  both.forEach((row, i) => {
    assertClose(row.map((_, t) => gains[i]![t]! + outcomes[i]![t]!), row, { atol: 1e-12 });
  });
});

Deno.test("reinforce++ has mean 0 over the sampled tokens of the batch", () => {
  const batch = [GROUP, [episode([0.1], 0.25, [5, 1])]];
  const got = batchAdvantages(batch, PRESETS["reinforce++"]!).flat();
  const total = got.reduce(
    (sum, { turn }, i) =>
      sum + turn.reduce((s, x, t) => s + x * batch.flat()[i]!.sampledTokens[t]!, 0),
    0,
  );
  ok(Math.abs(total) < 1e-6, `weighted sum ${total}`);
});

Deno.test("the start baseline centres every return on the group's first returns", () => {
  const preset: Preset = {
    ...PRESETS["paper-v2"]!,
    pool: { ...PRESETS["paper-v2"]!.pool, members: "none", divideBy: "none" },
    credit: { ...PRESETS["paper-v2"]!.credit, baseline: "start" },
  };
  const got = groupAdvantages(GROUP, preset);
  // Returns at the start are 0.6, 1.4 and -2: their mean is 0.
  assertClose(got[0]!.turn, [0.6, 0.4, 0.5], { atol: 1e-12 });
  strictEqual(got[2]!.turn[0], -2);
});
