/** "Why this number": an advantage as the formulas that lead to it, with their values. */
import type { ScaledPool } from "../igpo/advantages.ts";
import { valueOf } from "../igpo/belief.ts";
import type { CreditConfig, PoolConfig } from "../igpo/preset.ts";
import { type CreditedEpisode, type StepCredit, trainedTokens } from "./credit.ts";
import { print, term } from "./numbers.ts";

/** A number, how it comes about, and what the run itself recorded, where it recorded it. */
export interface Reason {
  readonly name: string;
  readonly formula: string;
  readonly value: number;
  /** Null where the run has no such number. */
  readonly recorded: number | null;
}

/** A turn of a step: indices of its group, of its episode among those of the group that were trained on, of itself. */
export interface Place {
  readonly g: number;
  readonly i: number;
  readonly t: number;
}

/** What an explanation is made from. */
interface Turn extends Place {
  readonly credit: StepCredit;
  readonly episode: CreditedEpisode;
  /** Whether it is the episode's last turn, whose reward is the outcome. */
  readonly isLast: boolean;
}

/** The steps from beliefs to the weight in the loss, in order, of one turn. */
export function explain(credit: StepCredit, place: Place): ReadonlyArray<Reason> {
  const { g, i, t } = place;
  const episode = credit.groups[g]![i]!;
  const turn = { ...place, credit, episode, isLast: t === episode.rewards.malformed.length - 1 };
  return [
    ...beliefReasons(turn),
    ...rewardReasons(turn),
    ...poolReasons(turn),
    ...creditReasons(turn),
    ...lossReasons(turn),
  ];
}

/** Where a record stands among the episodes that were trained on; null for one that was not. */
export function placeOf(credit: StepCredit, id: string): Omit<Place, "t"> | null {
  const places = credit.groups.flatMap((group, g) =>
    group.map(({ record }, i) => ({ record, g, i }))
  );
  const found = places.find(({ record }) => record.id === id);
  return found === undefined ? null : { g: found.g, i: found.i };
}

function beliefReasons({ credit, episode, t, isLast }: Turn): ReadonlyArray<Reason> {
  const { belief, record } = episode;
  const { measure, against } = credit.preset.gain;
  if (measure === "none") return [];
  const before: Reason = {
    name: "belief before",
    formula: t === 0
      ? "mean log-prob of a gold token, from the question alone"
      : `mean log-prob of a gold token after turn ${t}`,
    value: belief[t]!,
    recorded: record.turns[t]!.belief,
  };
  if (isLast) return [before];
  if (against === "without") {
    const last = belief.at(-1)!;
    const without = record.turns[t]!.without!;
    const name = "last belief without this turn";
    const formula = `mean log-prob of a gold token; with it ${print(last)}`;
    return [before, { name, formula, value: without, recorded: without }];
  }
  return [before, {
    name: "belief after",
    formula: `mean log-prob of a gold token after turn ${t + 1}`,
    value: belief[t + 1]!,
    recorded: record.turns[t + 1]!.belief,
  }];
}

function rewardReasons(turn: Turn): ReadonlyArray<Reason> {
  const { credit, episode, g, i, t, isLast } = turn;
  const raw = isLast ? outcomeReason(turn) : gainReason(turn);
  const entered = credit.stages.rewards[g]![i]![t]!;
  if (raw === null) return [];
  if (entered === raw.value) return [raw];
  const { gain, weights } = credit.preset;
  const isReplaced = episode.rewards.malformed[t]! && gain.malformedTurn !== null;
  const factor = weights.apply === "before" ? (isLast ? weights.outcome : weights.gain) : 1;
  const rule = isReplaced
    ? `${print(gain.malformedTurn)}, as the turn is malformed`
    : isLast || gain.keep === "all"
    ? print(raw.value)
    : gain.keep === "positive"
    ? `max(0, ${print(raw.value)})`
    : "rise of the belief above its best so far";
  const formula = factor === 1 ? rule : `${print(factor)} × ${rule}`;
  return [raw, { name: "reward", formula, value: entered, recorded: null }];
}

function gainReason({ credit, episode, t }: Turn): Reason | null {
  const { measure, against } = credit.preset.gain;
  if (measure === "none") return null;
  const { belief, record, rewards } = episode;
  const without = against === "without";
  const [later, earlier] = without
    ? [belief.at(-1)!, record.turns[t]!.without!]
    : [belief[t + 1]!, belief[t]!];
  const values = [later, earlier].map((ell) => valueOf(ell, measure));
  const shown = `${term(values[0]!)} − ${term(values[1]!)}`;
  const terms = measure === "prob" ? `exp ${term(later)} − exp ${term(earlier)} = ${shown}` : shown;
  return { name: "gain", formula: terms, value: rewards.gain[t]!, recorded: record.turns[t]!.gain };
}

function outcomeReason({ credit: { preset }, episode: { record, rewards } }: Turn): Reason {
  const { metric, golds, formatPenalty } = preset.outcome;
  const against = golds === "first" ? "the first gold answer" : "the best of the gold answers";
  const formula = record.environmentOutcome !== null
    ? "the environment's own grade"
    : record.answer === null
    ? `${print(formatPenalty)} without a well-formed answer`
    : `${metric === "f1" ? "F1 of words" : "exact match"} against ${against}`;
  return { name: "outcome", formula, value: rewards.outcome, recorded: record.outcome };
}

function poolReasons(turn: Turn): ReadonlyArray<Reason> {
  const { credit: { stages, preset }, episode, g, i, t, isLast } = turn;
  const reward = stages.rewards[g]![i]![t]!;
  const normalised = stages.normalised[g]![i]![t]!;
  const weighed = stages.weighed[g]![i]![t]!;
  if (preset.gain.measure === "none" && !isLast) return [];
  const pool = stages.pools[g]!.find(({ places }) =>
    places.some((at) => at.episode === i && at.turn === t)
  );
  const factor = normalised === 0 ? null : weighed / normalised;
  const name = "normalised";
  const recorded = episode.record.turns[t]!.normalised;
  return [
    ...(pool === undefined ? [] : [
      ...statistics(pool, preset.pool),
      { name, formula: normalisation(reward, pool), value: normalised, recorded },
    ]),
    ...(weighed === normalised ? [] : [{
      name: "weighed",
      formula: `${term(normalised)} × ${print(factor)}, ${factorsOf(turn)}`,
      value: weighed,
      recorded: null,
    }]),
  ];
}

const POOL_NAMES = { gain: "gains", outcome: "outcomes", both: "gains and outcomes" } as const;

function statistics(pool: ScaledPool, config: PoolConfig): ReadonlyArray<Reason> {
  const { kind, values, centre, divisor } = pool;
  const members = POOL_NAMES[kind];
  const of = `of ${values.length} ${members} of the group`;
  const isSigned = kind === "gain" && config.gainCentre === "zero";
  const measure = isSigned ? "root mean square" : "deviation";
  const spread = config.divideBy === "none"
    ? "not divided"
    : divisor === 0
    ? "none, as all are equal or it is alone"
    : `${measure} ${config.divideBy === "batch" ? `of all ${members} of the batch` : of}, + eps`;
  return [
    {
      name: "pool mean",
      formula: isSigned ? "0, so that gains keep their signs" : `mean ${of}`,
      value: centre,
      recorded: null,
    },
    { name: "pool deviation", formula: spread, value: divisor, recorded: null },
  ];
}

function normalisation(reward: number, { centre, stretch, divisor }: ScaledPool): string {
  if (divisor === 0) return "0, as the pool does not vary";
  const difference = `(${print(reward)} − ${term(centre)}) / ${print(divisor)}`;
  return stretch === 1 ? difference : `${print(stretch)} × ${difference}`;
}

function factorsOf({ credit: { preset }, isLast }: Turn): string {
  const { weights, gainScale } = preset;
  const parts = [
    ...(weights.apply === "after" && (isLast ? weights.outcome : weights.gain) !== 1
      ? [isLast ? "weight of outcomes" : "weight of gains"]
      : []),
    ...(gainScale === "none" || isLast ? [] : ["gains brought to the size of outcomes"]),
    ...(weights.fade === "never" || isLast ? [] : ["gains fade where outcomes differ"]),
  ];
  return parts.join(", ");
}

function creditReasons(turn: Turn): ReadonlyArray<Reason> {
  const { credit: { stages, preset }, episode, g, i, t } = turn;
  const credit = stages.credit[g]![i]![t]!;
  const advantage = stages.advantages[g]![i]!.turn[t]!;
  const recorded = episode.record.turns[t]!.advantage;
  const name = "return";
  const formula = creditFormula(stages.weighed[g]![i]!, t, preset.credit);
  const returned: Reason = { name, formula, value: credit, recorded: null };
  const { baseline, whiten } = preset.credit;
  const ways = [
    ...(baseline === "position" ? ["less the group's mean return at each token's index"] : []),
    ...(baseline === "start" ? ["against the group's returns at the first turn"] : []),
    ...(whiten && baseline !== "position" ? ["whitened over the sampled tokens of the batch"] : []),
  ];
  const how = ways.length === 0 ? "the return" : `${print(credit)} ${ways.join(", ")}`;
  return [returned, { name: "advantage", formula: how, value: advantage, recorded }];
}

function creditFormula(z: Float64Array, t: number, { rule, gamma, alpha }: CreditConfig): string {
  const last = z.length - 1;
  const discounted = (end: number) =>
    Array.from(
      z.subarray(t, end),
      (value, k) => k === 0 || gamma === 1 ? term(value) : `${print(gamma ** k)} × ${term(value)}`,
    ).join(" + ");
  if (rule === "return") return discounted(last + 1);
  if (t === last) return term(z[last]!);
  return rule === "own"
    ? `${print(alpha)} × ${term(z[t]!)} + ${term(z[last]!)}`
    : `${print(alpha)} × (${discounted(last)}) / √${last - t} + ${term(z[last]!)}`;
}

function lossReasons(turn: Turn): ReadonlyArray<Reason> {
  const { credit: { preset, stages }, episode: { record, rewards, lossWeight }, g, i, t } = turn;
  // Of traces it is not known how many tokens were sampled.
  if (trainedTokens(rewards) === 0) return [];
  const name = "loss weight";
  const formula = `${weightFormula(turn)}, for each of its tokens`;
  return [
    { name, formula, value: lossWeight, recorded: record.lossWeight },
    ...importanceReasons(turn),
    ...(preset.clip.adaptive === 0 ? [] : [{
      name: "clip range",
      formula: "factor on the clip range, by the normalised gain",
      value: stages.advantages[g]![i]!.clipScale[t]!,
      recorded: null,
    }]),
  ];
}

/** Of a turn that older weights sampled. A token shows its own weight where it is pointed at. */
function importanceReasons(
  { credit: { preset }, episode: { record }, t }: Turn,
): ReadonlyArray<Reason> {
  const { importanceWeight, sampled } = record.turns[t]!;
  if (preset.staleness.steps === 0 || typeof importanceWeight !== "number") return [];
  const bound = print(preset.staleness.weightBound);
  return [{
    name: "importance weight",
    formula: `min(${bound}, probability before the step's updates / probability when sampled), ` +
      `mean of its ${sampled} tokens; each token's loss is multiplied by its own`,
    value: importanceWeight,
    recorded: importanceWeight,
  }];
}

function weightFormula({ credit: { preset, groups }, episode }: Turn): string {
  const counts = groups.flat()
    .filter(({ record }) => record.miniBatch === episode.record.miniBatch)
    .map(({ rewards }) => trainedTokens(rewards)).filter((count) => count > 0);
  switch (preset.aggregation) {
    case "token-mean":
      return `1 / ${counts.reduce((sum, count) => sum + count, 0)} sampled tokens of the update`;
    case "seq-mean-token-mean":
      return `1 / (${counts.length} episodes × ${trainedTokens(episode.rewards)} sampled tokens)`;
    case "seq-mean-token-sum":
      return `1 / ${counts.length} episodes of the update`;
    case "seq-mean-token-sum-norm":
      return "1 / tokens that an episode may have";
  }
}
