import {
  gainScaleOf,
  subtractPositionMean,
  subtractStartMean,
  whiten,
} from "./batch_statistics.ts";
import { normalisePool, type PoolOptions, type PoolScale, poolScale } from "./pool.ts";
import type { Preset } from "./preset.ts";
import { keptGains } from "./belief.ts";
import { adaptiveClipScale, discountedReturns, ownCredit, rescaledCredit } from "./returns.ts";

/** What advantages need to know about an episode of T turns. */
export interface EpisodeRewards {
  /** (T-1) information gain of each turn but the last. */
  readonly gain: Float64Array;
  /** r^O, the reward of the last turn. */
  readonly outcome: number;
  /** (T) whether each turn's message was malformed. */
  readonly malformed: ReadonlyArray<boolean>;
  /** (T) all tokens of each turn: the header of its message, the message, and the observation. */
  readonly turnTokens: ReadonlyArray<number>;
  /** (T) sampled tokens of each turn: the weight of the turn in statistics of the batch. */
  readonly sampledTokens: ReadonlyArray<number>;
}

/** The advantages of one episode. */
export interface EpisodeAdvantages {
  /** (T) advantage of each turn; the mean over its tokens where `position` is given. */
  readonly turn: Float64Array;
  /** (T) factor on the clip range of each turn's tokens. */
  readonly clipScale: Float64Array;
  /** (sum of turnTokens) advantage of each token, for a baseline by token index only; else null. */
  readonly position: Float64Array | null;
}

/** Rewards of a batch: [group][episode] (T), gains first and the outcome last. */
export type BatchRewards = ReadonlyArray<ReadonlyArray<Float64Array>>;
type BatchEpisodes = ReadonlyArray<ReadonlyArray<EpisodeRewards>>;

/** {@link batchAdvantages} of a batch of one group. */
export function groupAdvantages(
  group: ReadonlyArray<EpisodeRewards>,
  preset: Preset,
): ReadonlyArray<EpisodeAdvantages> {
  return batchAdvantages([group], preset)[0]!;
}

/**
 * The advantage of every turn of a batch. Steps: put rewards on turns, weigh, normalise, scale, fade, weigh, sum up,
 * subtract baselines. A group is the episodes of one question. A group's result depends on other groups only through
 * `gainScale`, `divideBy: "batch"`, `fade: "batch"` and `whiten`.
 */
export function batchAdvantages(
  groups: BatchEpisodes,
  preset: Preset,
): ReadonlyArray<ReadonlyArray<EpisodeAdvantages>> {
  return advantageStages(groups, preset).advantages;
}

/** What {@link batchAdvantages} computes on its way; rows are [group][episode] (T). */
export interface AdvantageStages {
  /** Gains, then the outcome, as they enter the pools. */
  readonly rewards: BatchRewards;
  /** [group] */
  readonly pools: ReadonlyArray<ReadonlyArray<ScaledPool>>;
  readonly normalised: BatchRewards;
  /** Normalised rewards after all factors on gains and outcomes. */
  readonly weighed: BatchRewards;
  /** What a turn gets of its own and of later rewards, before baselines. */
  readonly credit: BatchRewards;
  readonly advantages: ReadonlyArray<ReadonlyArray<EpisodeAdvantages>>;
}

/** {@link batchAdvantages} with all that leads to it. */
export function advantageStages(groups: BatchEpisodes, preset: Preset): AdvantageStages {
  const raw = mapRows(groups, (episode) => turnRewards(episode, preset));
  const rewards = weigh(raw, preset, "before");
  const pools = scaledPools(rewards, preset);
  const normalised = rewards.map((group, g) => normaliseGroup(group, pools[g]!));
  const weighed = weigh(fade(groups, matchOutcomes(normalised, preset), preset), preset, "after");
  const credit = mapRows(weighed, (row) => creditOf(row, preset));
  const scales = mapRows(normalised, (row) => adaptiveClipScale(row, preset.clip.adaptive));
  const advantages = baselined(groups, { credit, scales }, preset);
  return { rewards, pools, normalised, weighed, credit, advantages };
}

/** Advantages of turns from their credit: without the baseline, whitened. */
function baselined(
  groups: BatchEpisodes,
  { credit, scales }: { readonly credit: BatchRewards; readonly scales: BatchRewards },
  preset: Preset,
): ReadonlyArray<ReadonlyArray<EpisodeAdvantages>> {
  if (preset.credit.baseline === "position") return positionAdvantages(groups, credit, scales);
  const based = preset.credit.baseline === "start"
    ? credit.map((group) => subtractStartMean(group, preset.pool))
    : credit;
  return turnAdvantages(preset.credit.whiten ? whitenBatch(groups, based) : based, scales);
}

/** (T) the gains that the preset keeps, then the outcome; gains are 0 if the preset measures none. */
export function turnRewards(episode: EpisodeRewards, { gain }: Preset): Float64Array {
  const gains = gain.measure === "none"
    ? episode.gain.map(() => 0)
    : keptGains(episode.gain, gain.keep);
  const rewards = Float64Array.of(...gains, episode.outcome);
  if (gain.malformedTurn === null) return rewards;
  const replacement = gain.malformedTurn;
  return rewards.map((reward, turn) => episode.malformed[turn] ? replacement : reward);
}

function weigh(batch: BatchRewards, { weights }: Preset, stage: "before" | "after"): BatchRewards {
  if (weights.apply !== stage) return batch;
  return mapRows(
    batch,
    (row) => row.map((x, turn) => x * (isOutcome(row, turn) ? weights.outcome : weights.gain)),
  );
}

/** The pools of each group, with what normalises them. */
function scaledPools(
  batch: BatchRewards,
  preset: Preset,
): ReadonlyArray<ReadonlyArray<ScaledPool>> {
  const pools = batch.map((group) => poolsOf(group, preset));
  const batchValues = new Map<PoolKind, Float64Array>();
  for (const kind of ["gain", "outcome", "both"] as const) {
    const members = pools.flat().filter((pool) => pool.kind === kind);
    batchValues.set(kind, Float64Array.from(members.flatMap((pool) => [...pool.values])));
  }
  return pools.map((group) =>
    group.map((pool) => {
      const options = { ...preset.pool, centre: centreOf(pool.kind, preset.pool) };
      return { ...pool, ...poolScale(pool.values, options, batchValues.get(pool.kind)!) };
    })
  );
}

function normaliseGroup(
  group: ReadonlyArray<Float64Array>,
  pools: ReadonlyArray<ScaledPool>,
): ReadonlyArray<Float64Array> {
  const normalised = group.map((row) => row.slice());
  for (const pool of pools) {
    const z = normalisePool(pool.values, pool);
    pool.places.forEach(({ episode, turn }, n) => normalised[episode]![turn] = z[n]!);
  }
  return normalised;
}

type PoolKind = "gain" | "outcome" | "both";

function centreOf(kind: PoolKind, { centre, gainCentre }: Preset["pool"]): PoolOptions["centre"] {
  return kind === "gain" && gainCentre === "zero" ? "zero" : centre;
}

interface Pool {
  readonly kind: PoolKind;
  readonly places: ReadonlyArray<{ readonly episode: number; readonly turn: number }>;
  readonly values: Float64Array;
}

/** Rewards of a group that are normalised together, where they stand, and what normalises them. */
export interface ScaledPool extends Pool, PoolScale {}

/** The pools of a group: rewards that share a mean and a standard deviation. */
function poolsOf(group: ReadonlyArray<Float64Array>, { gain, pool }: Preset): ReadonlyArray<Pool> {
  const places = group.flatMap((row, episode) =>
    [...row.keys()].map((turn) => ({ episode, turn }))
  );
  const outcomes = places.filter(({ episode, turn }) => isOutcome(group[episode]!, turn));
  const gains = gain.measure === "none" ? [] : places.filter((place) => !outcomes.includes(place));
  const poolOf = (kind: PoolKind, members: Pool["places"]): Pool => ({
    kind,
    places: members,
    values: Float64Array.from(members, ({ episode, turn }) => group[episode]![turn]!),
  });
  switch (pool.members) {
    case "separate":
      return [poolOf("gain", gains), poolOf("outcome", outcomes)];
    case "joint":
      return [poolOf("both", [...gains, ...outcomes])];
    case "turn": {
      const turns = [...new Set(gains.map(({ turn }) => turn))];
      const byTurn = turns.map((turn) => poolOf("gain", gains.filter((at) => at.turn === turn)));
      return [...byTurn, poolOf("outcome", outcomes)];
    }
    case "none":
      return [];
    default:
      return pool.members satisfies never;
  }
}

function matchOutcomes(batch: BatchRewards, { gainScale }: Preset): BatchRewards {
  if (gainScale === "none") return batch;
  const scale = gainScaleOf(batch.flat());
  return mapRows(batch, (row) => row.map((x, turn) => isOutcome(row, turn) ? x : x * scale));
}

/** Whether all episodes of a group have the same outcome. */
export function hasEqualOutcomes(group: ReadonlyArray<EpisodeRewards>): boolean {
  return group.every(({ outcome }) => outcome === group[0]!.outcome);
}

/** Scales gains by how far `weights.fade` lets them count, given which groups have equal outcomes. */
function fade(groups: BatchEpisodes, batch: BatchRewards, { weights }: Preset): BatchRewards {
  if (weights.fade === "never") return batch;
  const isSilent = groups.map(hasEqualOutcomes);
  const share = isSilent.filter((silent) => silent).length / isSilent.length;
  return batch.map((group, g) => {
    const factor = weights.fade === "batch" ? share : Number(isSilent[g]);
    return group.map((row) => row.map((x, turn) => isOutcome(row, turn) ? x : x * factor));
  });
}

function creditOf(z: Float64Array, { credit }: Preset): Float64Array {
  switch (credit.rule) {
    case "return":
      return discountedReturns(z, credit.gamma);
    case "rescaled":
      return rescaledCredit(z, credit);
    case "own":
      return ownCredit(z, credit);
    default:
      return credit.rule satisfies never;
  }
}

function whitenBatch(groups: BatchEpisodes, credit: BatchRewards): BatchRewards {
  const weights = groups.flat().map((episode) => episode.sampledTokens);
  return regroup(groups, whiten(credit.flat(), weights));
}

function turnAdvantages(credit: BatchRewards, scales: BatchRewards) {
  return credit.map((group, g) =>
    group.map((turn, i) => ({ turn, clipScale: scales[g]![i]!, position: null }))
  );
}

function positionAdvantages(groups: BatchEpisodes, credit: BatchRewards, scales: BatchRewards) {
  return groups.map((group, g) => {
    const tokenReturns = group.map(({ turnTokens }, i) => repeat(credit[g]![i]!, turnTokens));
    return subtractPositionMean(tokenReturns).map((position, i) => ({
      turn: turnMeans(position, group[i]!.turnTokens),
      clipScale: scales[g]![i]!,
      position,
    }));
  });
}

/** Each value as often as its count says. */
function repeat(values: Float64Array, counts: ReadonlyArray<number>): Float64Array {
  return Float64Array.from([...values].flatMap((x, t) => new Array<number>(counts[t]!).fill(x)));
}

function turnMeans(position: Float64Array, counts: ReadonlyArray<number>): Float64Array {
  let start = 0;
  return Float64Array.from(counts, (count) => {
    const tokens = position.subarray(start, start += count);
    return count === 0 ? 0 : tokens.reduce((sum, x) => sum + x, 0) / count;
  });
}

function isOutcome(row: Float64Array, turn: number): boolean {
  return turn === row.length - 1;
}

function mapRows<A>(
  batch: ReadonlyArray<ReadonlyArray<A>>,
  map: (row: A) => Float64Array,
): BatchRewards {
  return batch.map((group) => group.map(map));
}

function regroup(groups: BatchEpisodes, rows: ReadonlyArray<Float64Array>): BatchRewards {
  let next = 0;
  return groups.map((group) => group.map(() => rows[next++]!));
}
