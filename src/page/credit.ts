/** Advantages of a step computed again from what was kept of it, by the functions that the run used. */
import { type AdvantageStages, advantageStages, type EpisodeRewards } from "../igpo/advantages.ts";
import { tokenWeights } from "../igpo/aggregation.ts";
import { outcomeOf } from "../igpo/answer_score.ts";
import { beliefOf, gainsAgainstWithout, gainsOf } from "../igpo/belief.ts";
import type { GainConfig, Preset } from "../igpo/preset.ts";
import type { PageEpisode } from "./data.ts";

/** An episode with what its advantages are computed from. */
export interface CreditedEpisode {
  readonly record: PageEpisode;
  /** (T), or empty if the preset measures no beliefs. */
  readonly belief: Float64Array;
  readonly rewards: EpisodeRewards;
  /** Weight of each of its trained tokens in the loss. */
  readonly lossWeight: number;
}

/** A step under a preset; groups without the episodes that were lost. */
export interface StepCredit {
  readonly preset: Preset;
  readonly groups: ReadonlyArray<ReadonlyArray<CreditedEpisode>>;
  readonly stages: AdvantageStages;
}

/** Where the records are from: the run's preset, null for traces, and the tokens that an episode may have. */
export interface Origin {
  readonly preset: Preset | null;
  readonly contextTokens: number;
}

/** How beliefs of traces are measured. */
const TRACED: Pick<GainConfig, "golds" | "logProbFloor" | "scorer"> = {
  golds: "first",
  logProbFloor: null,
  scorer: "policy",
};

/** The advantages of a step under a preset, or one sentence on what the preset needs that was not measured. */
export function creditStep(
  records: ReadonlyArray<PageEpisode>,
  preset: Preset,
  { preset: own, contextTokens }: Origin,
): StepCredit | string {
  const trained = records.filter(({ dropped, turns }) => dropped === null && turns.length > 0);
  const measured = trained.map((record) => measure(record, preset, own?.gain ?? TRACED));
  const missing = measured.find((one) => typeof one === "string");
  if (typeof missing === "string") return missing;
  const found = measured.filter((one) => typeof one !== "string");
  const weights = lossWeights(found, preset, contextTokens);
  const groups = [
    ...Map.groupBy(
      found.map((one, i): CreditedEpisode => ({ ...one, lossWeight: weights[i]! })),
      ({ record }) => record.group,
    ).values(),
  ];
  const stages = advantageStages(groups.map((group) => group.map((one) => one.rewards)), preset);
  return { preset, groups, stages };
}

type Measured = Omit<CreditedEpisode, "lossWeight">;

function measure(
  record: PageEpisode,
  preset: Preset,
  own: typeof TRACED,
): Measured | string {
  const { turns, answer, question, environmentOutcome, id } = record;
  const counts = preset.credit.whiten || preset.credit.baseline === "position";
  if (counts && turns.some(({ tokens, sampled }) => tokens === null || sampled === null)) {
    return `Preset ${preset.name} needs numbers of tokens, which are not known of episode ${id}`;
  }
  if (environmentOutcome === null && question.golds.length === 0) {
    return `Preset ${preset.name} needs an outcome, and episode ${id} has neither a gold answer nor one`;
  }
  const belief = beliefsOf(record, preset, own);
  if (typeof belief === "string") return belief;
  const gain = gainOf(record, belief, preset);
  if (typeof gain === "string") return gain;
  const rewards: EpisodeRewards = {
    gain,
    outcome: environmentOutcome ?? outcomeOf(answer, question.golds, preset.outcome),
    malformed: turns.map(({ action }) => action === "malformed"),
    turnTokens: turns.map(({ tokens }) => tokens ?? 0),
    sampledTokens: turns.map(({ sampled }) => sampled ?? 0),
  };
  return { record, belief, rewards };
}

function beliefsOf(
  { id, turns, goldLogProb, question: { golds } }: PageEpisode,
  { name, gain }: Preset,
  own: typeof TRACED,
): Float64Array | string {
  if (gain.measure === "none") return new Float64Array(0);
  const isFirst = golds.length === 1 || (gain.golds === "first" && own.golds === "first");
  if (!isFirst && gain.golds !== own.golds) {
    return `Preset ${name} believes in other gold answers than those whose beliefs were measured`;
  }
  if (gain.scorer !== own.scorer) {
    return `Preset ${name} asks the weights of another moment for beliefs than those that were asked`;
  }
  const known = turns.map(({ belief }) => belief).filter((belief) => belief !== null);
  if (known.length < turns.length) {
    return `Preset ${name} needs the belief before each turn, which was not measured in episode ${id}`;
  }
  if (gain.logProbFloor === own.logProbFloor) return Float64Array.from(known);
  const rows = goldLogProb.map((row) => row.filter((logProb) => logProb !== null));
  if (!isFirst || rows.length < turns.length) {
    return `Preset ${name} needs the log-probs of all gold tokens, which were not kept of episode ${id}`;
  }
  return Float64Array.from(rows, (row) => beliefOf(Float64Array.from(row), gain.logProbFloor));
}

function gainOf(
  { id, turns }: PageEpisode,
  belief: Float64Array,
  { name, gain: { measure, against } }: Preset,
): Float64Array | string {
  if (measure === "none") return new Float64Array(turns.length - 1);
  if (against === "before") return gainsOf(belief, measure);
  const without = turns.slice(0, -1).map((turn) => turn.without).filter((x) => x !== null);
  if (without.length < turns.length - 1) {
    return `Preset ${name} needs beliefs without each turn, which were not measured in episode ${id}`;
  }
  return gainsAgainstWithout(belief, Float64Array.from(without), measure);
}

/** The weight of each episode's tokens in the loss of the update that it belongs to. */
function lossWeights(
  episodes: ReadonlyArray<Measured>,
  { aggregation }: Preset,
  length: number,
): Float64Array {
  const weights = new Float64Array(episodes.length);
  const places = episodes.map((one, i) => ({ i, update: one.record.miniBatch }));
  for (const batch of Map.groupBy(places, ({ update }) => update).values()) {
    const lengths = batch.map(({ i }) => trainedTokens(episodes[i]!.rewards));
    tokenWeights(lengths, aggregation, { length }).forEach((weight, k) => {
      weights[batch[k]!.i] = weight;
    });
  }
  return weights;
}

/** Sampled tokens of an episode. */
export function trainedTokens({ sampledTokens }: Pick<EpisodeRewards, "sampledTokens">): number {
  return sampledTokens.reduce((sum, count) => sum + count, 0);
}
