import { strictEqual } from "node:assert/strict";
import { batchAdvantages, type EpisodeRewards } from "../../src/igpo/advantages.ts";
import { diagnose } from "../../src/igpo/diagnostics.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { assertClose } from "../support/comparison.ts";

function episode(gains: ReadonlyArray<number>, outcome: number): EpisodeRewards {
  const turns = [...gains, outcome];
  return {
    gain: Float64Array.from(gains),
    outcome,
    malformed: turns.map(() => false),
    turnTokens: turns.map(() => 2),
    sampledTokens: turns.map(() => 1),
  };
}

const BATCH = [
  [episode([1, 2], 1), episode([3], 1)],
  [episode([], 0.5), episode([1, 1, 1], 0)],
];

Deno.test("diagnose() counts groups that teach nothing", () => {
  const grpo = diagnose(BATCH, batchAdvantages(BATCH, PRESETS.grpo!));
  strictEqual(grpo.zeroAdvantageShare, 0.5);
  strictEqual(grpo.equalOutcomeShare, 0.5);
  const igpo = diagnose(BATCH, batchAdvantages(BATCH, PRESETS["paper-v2"]!));
  strictEqual(igpo.zeroAdvantageShare, 0);
});

Deno.test("diagnose() averages gains and turns", () => {
  const got = diagnose(BATCH, batchAdvantages(BATCH, PRESETS["paper-v2"]!));
  strictEqual(got.turnsMean, 2.5);
  assertClose([got.gainMean], [1.5], { atol: 1e-12 });
  assertClose(got.gainByTurn, [5 / 3, 1.5, 1], { atol: 1e-12 });
  assertClose([got.gainStd], [Math.sqrt((0.25 * 5 + 2.25) / 6)], { atol: 1e-12 });
  // (turns, mean gain) = (3, 1.5), (2, 3), (4, 1)
  assertClose([got.turnsGainCorrelation], [-0.960769], { atol: 1e-6 });
});
