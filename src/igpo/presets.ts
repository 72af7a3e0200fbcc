import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { decodePreset, type Preset } from "./preset.ts";

/** IGPO as in arXiv 2510.14967v2, sections 2 and 3, with the numerical form of the released code. */
const paperV2: Preset = {
  name: "paper-v2",
  outcome: { metric: "f1", tokens: "set", golds: "all", formatPenalty: -2 },
  gain: {
    measure: "logprob",
    golds: "first",
    logProbFloor: null,
    scorer: "policy",
    against: "before",
    keep: "all",
    malformedTurn: null,
  },
  pool: {
    members: "separate",
    centre: "mean",
    gainCentre: "centre",
    divideBy: "pool",
    ddof: 0,
    eps: 1e-6,
    varianceFloor: 1e-8,
    singleton: "zero",
  },
  gainScale: "none",
  weights: { gain: 1, outcome: 1, apply: "after", fade: "never" },
  credit: { rule: "return", gamma: 1, alpha: 1, baseline: "none", whiten: false },
  clip: { ratio: "token", low: 0.2, high: 0.2, dual: null, adaptive: 0 },
  staleness: { steps: 0, weightBound: 2 },
  kl: { coefficient: 0.001, estimator: "k3", limit: 10, ratioCorrected: false },
  entropy: { coefficient: 0 },
  aggregation: "seq-mean-token-mean",
};

/** arXiv 2510.14967v1: gains of probability, one pool of all rewards. */
const paperV1: Preset = {
  ...paperV2,
  name: "paper-v1",
  gain: { ...paperV2.gain, measure: "prob" },
  pool: { ...paperV2.pool, members: "joint" },
};

/** Released code of 2025-11-03: raw returns minus the group's mean at the same token index. */
const official2025: Preset = {
  ...paperV2,
  name: "official-2025-11",
  outcome: { ...paperV2.outcome, golds: "first" },
  gain: { ...paperV2.gain, measure: "prob" },
  pool: { ...paperV2.pool, members: "none" },
  credit: { ...paperV2.credit, baseline: "position" },
  clip: { ...paperV2.clip, dual: 3 },
  entropy: { coefficient: 0.001 },
  aggregation: "token-mean",
};

/** Released code of 2026-02-01 as its training script configures it. */
const official2026: Preset = {
  ...paperV2,
  name: "official-2026-02",
  outcome: { ...paperV2.outcome, golds: "first" },
  clip: { ...paperV2.clip, dual: 3 },
  entropy: { coefficient: 0.001 },
  aggregation: "seq-mean-token-sum",
};

/** The same team's successor, arXiv 2604.19859, `scaled_separate`. */
const drVenus: Preset = {
  ...official2026,
  name: "dr-venus",
  outcome: { metric: "f1", tokens: "multiset", golds: "all", formatPenalty: -1 },
  gain: { ...paperV2.gain, malformedTurn: -1 },
  gainScale: "match-outcome",
  credit: { ...paperV2.credit, gamma: 0.95 },
  entropy: { coefficient: 0 },
  aggregation: "token-mean",
};

/**
 * arXiv 2605.06200, `turn-group-v1d`: turn-index pools, rescaled sums, adaptive turn-level clipping, no KL term. Clipping
 * acts from the second update of a step on.
 */
const a2tgpo: Preset = {
  ...paperV2,
  name: "a2tgpo",
  outcome: { ...paperV2.outcome, metric: "em", formatPenalty: -1 },
  pool: { ...paperV2.pool, members: "turn" },
  credit: { ...paperV2.credit, rule: "rescaled", alpha: 0.3 },
  clip: { ratio: "turn", low: 0.003, high: 0.004, dual: null, adaptive: 0.3 },
  kl: { ...paperV2.kl, coefficient: 0 },
};

/** arXiv 2402.03300 as in verl: outcomes only, sample variance. */
const grpo: Preset = {
  ...paperV2,
  name: "grpo",
  gain: { ...paperV2.gain, measure: "none" },
  pool: { ...paperV2.pool, ddof: 1, varianceFloor: 0, singleton: "raw" },
  clip: { ...paperV2.clip, dual: 3 },
};

/** arXiv 2402.14740: outcome minus the mean outcome of the other rollouts. */
const rloo: Preset = {
  ...grpo,
  name: "rloo",
  pool: { ...grpo.pool, centre: "leave-one-out", divideBy: "none" },
};

/** arXiv 2501.03262: outcomes whitened over the batch, no group. */
const reinforcePlusPlus: Preset = {
  ...grpo,
  name: "reinforce++",
  pool: { ...grpo.pool, members: "none" },
  credit: { ...grpo.credit, whiten: true },
};

/** arXiv 2501.03262, its variant for groups: outcome minus group mean, then whitened. */
const reinforcePlusPlusBaseline: Preset = {
  ...grpo,
  name: "reinforce++-baseline",
  pool: { ...grpo.pool, divideBy: "none" },
  credit: { ...grpo.credit, whiten: true },
};

/** arXiv 2507.18071: GRPO's advantage with one ratio a sequence and its narrow clip range. */
const gspo: Preset = {
  ...grpo,
  name: "gspo",
  clip: { ratio: "sequence", low: 0.0003, high: 0.0004, dual: null, adaptive: 0 },
};

/** The paper's preset without its gains: the ablation that differs in nothing else. */
const noGain: Preset = {
  ...paperV2,
  name: "igpo-no-gain",
  weights: { ...paperV2.weights, gain: 0 },
};

/** The paper's preset without its outcomes. */
const gainOnly: Preset = {
  ...paperV2,
  name: "igpo-gain-only",
  weights: { ...paperV2.weights, outcome: 0 },
};

/** Probability gains in a pool of their own, the paper's Table 5: bounded by 1, they reward a likely answer. */
const prob: Preset = {
  ...paperV2,
  name: "igpo-prob",
  gain: { ...paperV2.gain, measure: "prob" },
};

/** Log-prob gains that no single token can dominate: a token's probability counts as at least e^-4. */
const floor: Preset = {
  ...paperV2,
  name: "igpo-floor",
  gain: { ...paperV2.gain, logProbFloor: -4 },
};

/**
 * Gains by a scorer that is not trained, after the idea of TRACE (arXiv 2607.13988; only its summary was read). Its
 * values are log-ratios to the belief at the prompt, which cancels in their differences.
 */
const frozen: Preset = {
  ...paperV2,
  name: "igpo-frozen",
  gain: { ...paperV2.gain, scorer: "start" },
};

/**
 * What the last belief loses when a turn is cut out, credited to that turn, after the idea of LOTAPO (arXiv 2607.13501;
 * only its summary was read).
 */
const without: Preset = {
  ...paperV2,
  name: "igpo-without",
  gain: { ...paperV2.gain, against: "without" },
  credit: { ...paperV2.credit, rule: "own" },
};

/** Rises of belief are rewarded and falls are not punished, as in DeltaBelief-RL (arXiv 2602.12342). */
const positive: Preset = {
  ...paperV2,
  name: "igpo-positive",
  gain: { ...paperV2.gain, keep: "positive" },
};

/** Gains count only in groups whose outcomes are all equal. */
const silent: Preset = {
  ...prob,
  name: "igpo-silent",
  weights: { ...paperV2.weights, fade: "group" },
};

/** Gains are multiplied by the share of groups whose outcomes are all equal. */
const fading: Preset = {
  ...prob,
  name: "igpo-fading",
  weights: { ...paperV2.weights, fade: "batch" },
};

/** A turn is rewarded for the rise of the belief above its best so far, divided by the group's root mean square. */
const highWater: Preset = {
  ...paperV2,
  name: "igpo-high-water",
  gain: { ...paperV2.gain, keep: "rise" },
  pool: { ...paperV2.pool, gainCentre: "zero" },
  credit: { ...paperV2.credit, rule: "own", alpha: 0.3 },
};

/**
 * Rises of probability, not centred, reward every turn that led to them. If gains are centred on their mean, their
 * returns at the first turns of a group sum to zero, whatever is found (docs/collapse.md). With this preset gains never
 * reward a search less than answering at once. It is our own.
 */
const uplift: Preset = {
  ...prob,
  name: "igpo-uplift",
  gain: { ...prob.gain, keep: "positive" },
  pool: { ...paperV2.pool, gainCentre: "zero" },
};

/** Every preset by its name. */
export const PRESETS: Readonly<Record<string, Preset>> = Object.fromEntries(
  [
    paperV2,
    paperV1,
    official2025,
    official2026,
    drVenus,
    a2tgpo,
    grpo,
    rloo,
    reinforcePlusPlus,
    reinforcePlusPlusBaseline,
    gspo,
    noGain,
    gainOnly,
    prob,
    floor,
    frozen,
    without,
    positive,
    silent,
    fading,
    highWater,
    uplift,
  ].map((preset) => [preset.name, preset]),
);

/**
 * A preset from what a user gives: a name, or an object. An object with `base` changes only the
 * fields it names: `{ base: "paper-v2", credit: { gamma: 0.9 } }`; any other must be complete.
 */
export function resolvePreset(input: unknown): Effect.Effect<Preset, BadInput> {
  if (typeof input === "string") return presetNamed(input);
  if (!isRecord(input) || !("base" in input)) return decodePreset(input);
  const { base, ...changes } = input;
  return Effect.flatMap(
    presetNamed(base),
    (preset) => decodePreset(merge(preset, { name: `${base}, changed`, ...changes })),
  );
}

/** The preset of that name; the message of a failure lists all names. */
export function presetNamed(name: unknown): Effect.Effect<Preset, BadInput> {
  const isKnown = typeof name === "string" && Object.hasOwn(PRESETS, name);
  const preset = isKnown ? PRESETS[name] : undefined;
  if (preset !== undefined) return Effect.succeed(preset);
  const names = Object.keys(PRESETS).join(", ");
  return Effect.fail(
    new BadInput({
      message: `Cannot find the preset as its name must be one of ${names}: current value is ${
        quote(name)
      }`,
    }),
  );
}

function merge(
  base: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
) {
  const merged: Record<string, unknown> = { ...base };
  for (const [field, change] of Object.entries(changes)) {
    const old = merged[field];
    merged[field] = isRecord(old) && isRecord(change) ? merge(old, change) : change;
  }
  return merged;
}
