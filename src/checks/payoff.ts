/** Whether gains and advantages pay for a hack. */
import type { HackAdvantage } from "../domain/reward_check.ts";
import { batchAdvantages, type EpisodeRewards } from "../igpo/advantages.ts";
import { beliefOf, gainsAgainstWithout, gainsOf } from "../igpo/belief.ts";
import type { GainConfig, Preset } from "../igpo/preset.ts";
import { PRESETS } from "../igpo/presets.ts";
import { mean } from "../math/statistics.ts";
import type { Attempt } from "./attempt.ts";

/** An episode with what the user's reward gives for it. */
export interface Rewarded {
  readonly episode: Attempt;
  readonly reward: number;
}

/** The episodes of one question that a group is made of. */
export interface PayoffCase {
  readonly hack: Rewarded;
  readonly failure: Rewarded;
  readonly right: Rewarded;
}

/** Rollouts of a question. */
const GROUP_SIZE = 8;

/**
 * The mean advantage of a rollout with the hack under each preset, over its turns and over the questions. A group has
 * eight rollouts, one of them with the hack. All others fail, or all but one, which is right. Outcomes are the user's
 * rewards; beliefs are those assumed in the episodes; each turn has one token; what cutting a turn out takes from the
 * last belief is what the turn added.
 */
export function payoffs(cases: ReadonlyArray<PayoffCase>): Readonly<Record<string, HackAdvantage>> {
  const advantageOf = (preset: Preset, right: number) => {
    const groups = cases.map((one) =>
      [
        one.hack,
        ...Array<Rewarded>(right).fill(one.right),
        ...Array<Rewarded>(GROUP_SIZE - 1 - right).fill(one.failure),
      ].map((rewarded) => rewardsOf(rewarded, preset))
    );
    const advantages = batchAdvantages(groups, preset);
    return mean(Float64Array.from(advantages, ([hack]) => mean(hack!.turn)));
  };
  return Object.fromEntries(
    Object.values(PRESETS).map((preset) => [preset.name, {
      noneRight: advantageOf(preset, 0),
      oneRight: advantageOf(preset, 1),
    }]),
  );
}

function rewardsOf({ episode, reward }: Rewarded, { gain }: Preset): EpisodeRewards {
  const turns = episode.belief.map(() => 1);
  return {
    gain: gainOf(episode.belief, gain),
    outcome: reward,
    malformed: turns.map(() => false),
    turnTokens: turns,
    sampledTokens: turns,
  };
}

function gainOf(assumed: ReadonlyArray<number>, gain: GainConfig): Float64Array {
  const { measure, against, logProbFloor } = gain;
  if (measure === "none") return new Float64Array(assumed.length - 1);
  const belief = Float64Array.from(
    assumed,
    (ell) => beliefOf(Float64Array.of(ell), logProbFloor),
  );
  if (against === "before") return gainsOf(belief, measure);
  const last = belief.at(-1)!;
  const without = gainsOf(belief, "logprob").map((added) => last - added);
  return gainsAgainstWithout(belief, without, measure);
}
