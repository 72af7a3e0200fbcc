import { correlation, mean, standardDeviation } from "../math/statistics.ts";
import { type EpisodeAdvantages, type EpisodeRewards, hasEqualOutcomes } from "./advantages.ts";

/** Early signs of whether a preset suits a policy: one record per batch. */
export interface Diagnostics {
  /** Share of groups whose advantages are all 0, so that they teach nothing. */
  readonly zeroAdvantageShare: number;
  /** Share of groups whose outcomes are all equal. */
  readonly equalOutcomeShare: number;
  /** Mean number of turns of an episode. */
  readonly turnsMean: number;
  /** Mean and standard deviation (ddof 0) of all gains, in the unit of the preset's measure. */
  readonly gainMean: number;
  readonly gainStd: number;
  /** Mean gain of turn t over the episodes that have it; [0] is the first turn. */
  readonly gainByTurn: ReadonlyArray<number>;
  /** Mean advantage of turn t over the episodes that have it: turn-index bias shows here. */
  readonly advantageByTurn: ReadonlyArray<number>;
  /**
   * Pearson correlation, over episodes with a gain, of turns and mean gain; it shows turn-count bias.
   * 0 when either does not vary.
   */
  readonly turnsGainCorrelation: number;
}

/** An advantage below this counts as 0: it is float64 noise of a constant pool. */
const ZERO = 1e-12;

/** Diagnostics of one batch; `advantages` in the same order as `groups`. */
export function diagnose(
  groups: ReadonlyArray<ReadonlyArray<EpisodeRewards>>,
  advantages: ReadonlyArray<ReadonlyArray<EpisodeAdvantages>>,
): Diagnostics {
  const episodes = groups.flat();
  const gains = Float64Array.from(episodes.flatMap((episode) => [...episode.gain]));
  const withGains = episodes.filter((episode) => episode.gain.length > 0);
  return {
    zeroAdvantageShare: share(advantages, (group) => group.every(isZero)),
    equalOutcomeShare: share(groups, hasEqualOutcomes),
    turnsMean: mean(Float64Array.from(episodes, turnsOf)),
    gainMean: mean(gains),
    gainStd: standardDeviation(gains, 0),
    gainByTurn: meanByIndex(episodes.map(({ gain }) => gain)),
    advantageByTurn: meanByIndex(advantages.flat().map(({ turn }) => turn)),
    turnsGainCorrelation: correlation(
      Float64Array.from(withGains, turnsOf),
      Float64Array.from(withGains, ({ gain }) => mean(gain)),
    ),
  };
}

function isZero({ turn, position }: EpisodeAdvantages): boolean {
  return (position ?? turn).every((advantage) => Math.abs(advantage) <= ZERO);
}

function turnsOf({ gain }: EpisodeRewards): number {
  return gain.length + 1;
}

function share<A>(items: ReadonlyArray<A>, test: (item: A) => boolean): number {
  return items.length === 0 ? 0 : items.filter(test).length / items.length;
}

/** Mean of the t-th elements of the rows that have one. */
function meanByIndex(rows: ReadonlyArray<Float64Array>): ReadonlyArray<number> {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, t) => {
    return mean(Float64Array.from(rows.filter((row) => row.length > t), (row) => row[t]!));
  });
}
