import {
  batchAdvantages,
  type EpisodeAdvantages,
  type EpisodeRewards,
} from "../../src/igpo/advantages.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import {
  assertKnown,
  flat,
  type GoldenFile,
  type GoldenRecord,
  largestMagnitude,
  list,
  matrix,
  num,
  record,
  text,
} from "./golden_dir.ts";
import { isNotOffered } from "./not_offered.ts";
import type { Family } from "./summary.ts";

/** A batch of token rewards as both reference projects take it. */
interface TokenBatch {
  /** [B] (T) */
  readonly reward: ReadonlyArray<Float64Array>;
  /** [B] (T) */
  readonly mask: ReadonlyArray<Float64Array>;
  /** [B] group of each row */
  readonly group: ReadonlyArray<string>;
}

/** Options behind the name: `grpo_discounted|gamma=0.5|norm=True`. */
type Options = Readonly<Record<string, string>>;
type Rows = ReadonlyArray<Float64Array>;
type Estimator = (
  batch: TokenBatch,
  options: Options,
) => { readonly adv: Rows; readonly ret?: Rows };

const CASE_FIELDS = [
  "id",
  "style",
  "gap",
  "rewards",
  "mask",
  "index",
  "values",
  "baselines",
  "turn_ends",
  "expected",
];

/** Checks every offered estimator of an advantages file. */
export function runAdvantageCases(
  file: GoldenFile,
  estimators: Readonly<Record<string, Estimator>>,
  family: Family,
): void {
  for (const goldenCase of file.cases) {
    assertKnown(Object.keys(goldenCase), CASE_FIELDS, "advantages case");
    const batch: TokenBatch = {
      reward: matrix(goldenCase.rewards),
      mask: matrix(goldenCase.mask),
      group: list(goldenCase.index).map(text),
    };
    for (const [key, expected] of Object.entries(record(goldenCase.expected))) {
      const [name = "", ...parts] = key.split("|");
      const label = `case ${goldenCase.id} ${key}`;
      if (isNotOffered("advantages", name)) family.countNotOffered();
      else if ("error" in record(expected)) family.countUndefined();
      else {
        const estimator = Object.hasOwn(estimators, name) ? estimators[name] : undefined;
        if (estimator === undefined) throw new Error(`Unknown estimator "${name}"`);
        compare(estimator(batch, optionsOf(parts)), batch, record(expected), family, label);
        family.countCase();
      }
    }
  }
}

function compare(
  got: ReturnType<Estimator>,
  { mask }: TokenBatch,
  expected: GoldenRecord,
  family: Family,
  label: string,
): void {
  assertKnown(Object.keys(expected), ["adv", "ret", "f32_dev", "f64_dev"], label);
  const allowed = 100 * num(expected.f64_dev);
  for (const field of ["adv", "ret"] as const) {
    const rows = got[field];
    if (!(field in expected)) continue;
    const want = trained(matrix(expected[field]), mask);
    const atol = 1e-9 * Math.max(1, largestMagnitude(want)) + allowed;
    family.close(trained(rows ?? got.adv, mask), want, { atol }, `${label} ${field}`);
  }
}

function optionsOf(parts: ReadonlyArray<string>): Options {
  const options = Object.fromEntries(parts.map((part) => part.split("=")));
  assertKnown(Object.keys(options), ["gamma", "norm"], "estimator options");
  return options;
}

/** Each row is an episode of one turn that earned the sum of its rewards. */
export const byOutcome =
  (presetOf: (options: Options) => Preset): Estimator => (batch, options) => {
    const episodes = batch.reward.map((reward, i) => ({
      ...outcomeEpisode(reward.reduce((a, b) => a + b, 0)),
      sampledTokens: [batch.mask[i]!.reduce((a, b) => a + b, 0)],
    }));
    const found = advantagesOf(batch, episodes, presetOf(options));
    return { adv: batch.mask.map((row, i) => row.map(() => found[i]!.turn[0]!)) };
  };

/** Each row is an episode whose tokens are its turns, so that each token has a reward of its own. */
export const byToken = (presetOf: (options: Options) => Preset): Estimator => (batch, options) => {
  const preset = presetOf(options);
  const episodes = batch.reward.map((reward, i) => {
    const rewards = uncutRewards(reward, batch.mask[i]!, preset.credit.gamma);
    return {
      gain: rewards.slice(0, -1),
      outcome: rewards.at(-1)!,
      malformed: Array.from(rewards, () => false),
      turnTokens: Array.from(rewards, () => 1),
      sampledTokens: [...batch.mask[i]!],
    };
  });
  const rowsOf = (credit: Partial<Preset["credit"]>) =>
    advantagesOf(batch, episodes, { ...preset, credit: { ...preset.credit, ...credit } })
      .map(({ turn, position }) => position ?? turn);
  return { adv: rowsOf({}), ret: rowsOf({ baseline: "none", whiten: false }) };
};

/** `reinforce++` with a reward at each token: the preset itself has the outcome alone, at any discount. */
export function reinforcePlusPlus({ gamma }: Options): Preset {
  const preset = PRESETS["reinforce++"]!;
  const gain = { ...preset.gain, measure: "prob" as const };
  return { ...preset, gain, credit: { ...preset.credit, gamma: Number(gamma) } };
}

/** The official code's unused sibling of its estimator: no preset, but a value of its fields. */
export function startBaseline({ gamma, norm }: Options): Preset {
  const preset = PRESETS["official-2025-11"]!;
  const divideBy = norm === "True" ? "pool" as const : "none" as const;
  const pool = { ...PRESETS.grpo!.pool, members: "none" as const, divideBy };
  const credit = { ...preset.credit, gamma: Number(gamma), baseline: "start" as const };
  return { ...preset, pool, credit };
}

/**
 * The references cut a return at masked tokens, R_t = r_t + gamma m_{t+1} R_{t+1}, and ours never. Less what is cut off
 * there, r_t - gamma (1 - m_{t+1}) R_{t+1}, rewards have the same returns without a cut.
 */
function uncutRewards(reward: Float64Array, mask: Float64Array, gamma: number): Float64Array {
  const uncut = new Float64Array(reward.length);
  let later = 0;
  for (let t = reward.length - 1; t >= 0; t--) {
    const passed = t + 1 < mask.length ? mask[t + 1]! * later : 0;
    uncut[t] = reward[t]! - gamma * (later - passed);
    later = reward[t]! + gamma * passed;
  }
  return uncut;
}

/** The advantages of each row under a whole preset, all groups in one batch. */
function advantagesOf(
  { group }: TokenBatch,
  episodes: ReadonlyArray<EpisodeRewards>,
  preset: Preset,
): ReadonlyArray<EpisodeAdvantages> {
  const groups = [...new Set(group)].map((name) =>
    [...group.keys()].filter((i) => group[i] === name)
  );
  const found = batchAdvantages(groups.map((rows) => rows.map((i) => episodes[i]!)), preset);
  const byRow = new Map(groups.flatMap((rows, g) => rows.map((i, n) => [i, found[g]![n]!])));
  return episodes.map((_, i) => byRow.get(i)!);
}

/** An episode of one turn that earned `outcome`. */
export function outcomeEpisode(outcome: number): EpisodeRewards {
  return {
    gain: new Float64Array(0),
    outcome,
    malformed: [false],
    turnTokens: [1],
    sampledTokens: [1],
  };
}

/** The numbers at trained tokens; what a reference has at others is never read. */
function trained(rows: Rows, mask: Rows): Float64Array {
  return flat(rows.map((row, i) => row.filter((_, p) => mask[i]![p] !== 0)));
}
