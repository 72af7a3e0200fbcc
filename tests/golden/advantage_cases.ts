import { type EpisodeRewards, groupAdvantages } from "../../src/igpo/advantages.ts";
import {
  subtractPositionMean,
  subtractStartMean,
  whiten,
} from "../../src/igpo/batch_statistics.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { discountedReturns } from "../../src/igpo/returns.ts";
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
        compare(estimator(batch, optionsOf(parts)), record(expected), family, label);
        family.countCase();
      }
    }
  }
}

function compare(
  got: { readonly adv: Rows; readonly ret?: Rows },
  expected: GoldenRecord,
  family: Family,
  label: string,
): void {
  assertKnown(Object.keys(expected), ["adv", "ret", "f32_dev", "f64_dev"], label);
  const allowed = 100 * num(expected.f64_dev);
  for (const field of ["adv", "ret"] as const) {
    const rows = got[field];
    if (!(field in expected)) continue;
    const want = flat(matrix(expected[field]));
    const atol = 1e-9 * Math.max(1, largestMagnitude(want)) + allowed;
    family.close(flat(rows ?? got.adv), want, { atol }, `${label} ${field}`);
  }
}

function optionsOf(parts: ReadonlyArray<string>): Options {
  const options = Object.fromEntries(parts.map((part) => part.split("=")));
  assertKnown(Object.keys(options), ["gamma", "norm"], "estimator options");
  return options;
}

/** An estimator that gives each row one number, from the row's summed reward, on its mask. */
export function outcomeEstimator(presetOf: (options: Options) => Preset): Estimator {
  return (batch, options) => {
    const outcomes = outcomeAdvantages(batch, presetOf(options));
    return { adv: masked(batch.mask.map((row, i) => row.map(() => outcomes[i]!)), batch.mask) };
  };
}

/** Group mean off, then whitened over the mask; `keepMasked` leaves values outside the mask. */
export function whitenedBaseline({ keepMasked }: { readonly keepMasked: boolean }): Estimator {
  return (batch) => {
    const preset = PRESETS["reinforce++-baseline"]!;
    const credit = { ...preset.credit, whiten: false };
    const outcomes = outcomeAdvantages(batch, { ...preset, credit });
    const rows = batch.mask.map((row, i) => row.map((m) => m * outcomes[i]!));
    const adv = whiten(rows, batch.mask);
    return { adv: keepMasked ? adv : masked(adv, batch.mask) };
  };
}

export const whitenedReturns: Estimator = (batch, options) => {
  const ret = returnsOf(batch, Number(options.gamma));
  return { adv: masked(whiten(ret, batch.mask), batch.mask), ret };
};

export const positionBaseline: Estimator = (batch) => {
  const ret = returnsOf(batch, 1);
  const adv = perGroup(batch, ret, subtractPositionMean);
  return { adv: masked(adv, batch.mask), ret: masked(ret, batch.mask) };
};

export const startBaseline: Estimator = (batch, options) => {
  const ret = returnsOf(batch, Number(options.gamma));
  const divideBy = options.norm === "True" ? "pool" as const : "none" as const;
  const pool = { ...PRESETS.grpo!.pool, divideBy };
  const adv = perGroup(batch, ret, (rows) => subtractStartMean(rows, pool));
  return { adv: masked(adv, batch.mask), ret: masked(ret, batch.mask) };
};

function returnsOf(batch: TokenBatch, gamma: number): Rows {
  return batch.reward.map((reward, i) => discountedReturns(reward, gamma, batch.mask[i]));
}

function outcomeAdvantages(batch: TokenBatch, preset: Preset): ReadonlyArray<number> {
  const episodes = batch.reward.map((reward) => outcomeEpisode(reward.reduce((a, b) => a + b, 0)));
  const advantages = new Array<number>(episodes.length);
  for (const members of groupsOf(batch)) {
    groupAdvantages(members.map((i) => episodes[i]!), preset).forEach((episode, n) => {
      advantages[members[n]!] = episode.turn[0]!;
    });
  }
  return advantages;
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

function perGroup(batch: TokenBatch, rows: Rows, subtract: (rows: Rows) => Rows): Rows {
  const based = new Array<Float64Array>(rows.length);
  for (const members of groupsOf(batch)) {
    subtract(members.map((i) => rows[i]!)).forEach((row, n) => based[members[n]!] = row);
  }
  return based;
}

function groupsOf(batch: TokenBatch): ReadonlyArray<ReadonlyArray<number>> {
  const names = [...new Set(batch.group)];
  return names.map((name) => [...batch.group.keys()].filter((i) => batch.group[i] === name));
}

function masked(rows: Rows, mask: Rows): Rows {
  return rows.map((row, i) => row.map((x, p) => mask[i]![p] === 0 ? 0 : x));
}
