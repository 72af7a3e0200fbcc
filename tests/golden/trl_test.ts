import { batchAdvantages } from "../../src/igpo/advantages.ts";
import type { Aggregation, Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { standardDeviation } from "../../src/math/statistics.ts";
import { klTerm } from "../../src/igpo/kl.ts";
import { outcomeEpisode } from "./advantage_cases.ts";
import {
  assertKnown,
  flat,
  goldenNames,
  type GoldenRecord,
  largestMagnitude,
  list,
  matrix,
  num,
  readGolden,
  record,
  text,
  vector,
} from "./golden_dir.ts";
import {
  type MatrixLoss,
  matrixLoss,
  rowWeights,
  type TokenMatrix,
  tokenMatrix,
} from "./loss_cases.ts";
import { isNotOffered } from "./not_offered.ts";
import { type Family, goldenTest } from "./summary.ts";

const GRPO = PRESETS.grpo!;
const CLIP_DEFAULT = 0.2;

Deno.test("golden trl holds no file without a test", () => {
  assertKnown(goldenNames("trl"), ["advantages.json", "grpo-loss.json"], "golden/trl");
});

goldenTest("trl advantages", ["trl/advantages.json"], (family) => {
  const divisions: Readonly<Record<string, Preset["pool"]["divideBy"]>> = {
    group: "pool",
    batch: "batch",
    none: "none",
  };
  for (const goldenCase of readGolden("trl/advantages.json").cases) {
    assertKnown(Object.keys(goldenCase), ["id", "rewards", "advantages"], "advantages case");
    const groups = matrix(goldenCase.rewards).map((row) => Array.from(row, outcomeEpisode));
    const expected = record(goldenCase.advantages);
    assertKnown(Object.keys(expected), Object.keys(divisions), "advantage scaling");
    for (const [name, rows] of Object.entries(expected)) {
      const pool = { ...GRPO.pool, divideBy: divisions[name]!, eps: 1e-4 };
      const got = batchAdvantages(groups, { ...GRPO, pool });
      const want = flat(matrix(rows));
      const atol = 1e-9 * Math.max(1, largestMagnitude(want));
      const rewards = matrix(goldenCase.rewards);
      const values = got.flatMap((group, g) => {
        const pooled = name === "batch" ? flat(rewards) : rewards[g]!;
        const factor = name === "none" ? 1 : besselCorrection(pooled, pool.eps);
        return group.map(({ turn }) => turn[0]! * factor);
      });
      family.close(values, want, { atol }, `case ${goldenCase.id} ${name}`);
      family.countCase();
    }
  }
});

/**
 * TRL's nanstd divides two integer tensors, so its n / (n - 1) has float32 precision even where everything else is
 * float64: an error of up to 3e-8 of the standard deviation. This factor gives our std + eps the same error.
 */
function besselCorrection(values: Float64Array, eps: number): number {
  const bessel = values.length / (values.length - 1);
  const std = standardDeviation(values, 1);
  return (std + eps) / (std * Math.sqrt(Math.fround(bessel) / bessel) + eps);
}

goldenTest("trl loss", ["trl/grpo-loss.json"], (family) => {
  const inputs = ["old_log_prob", "log_prob", "ref_log_prob", "mask", "advantages"];
  for (const goldenCase of readGolden("trl/grpo-loss.json").cases) {
    const known = ["id", ...inputs, "seq_advantages", "losses"];
    assertKnown(Object.keys(goldenCase), known, "grpo-loss case");
    for (const expected of list(goldenCase.losses).map(record)) {
      const options = record(expected.options);
      const offered = !isNotOffered("trlLosses", text(options.loss_type)) &&
        !Object.keys(options).some((option) => isNotOffered("trlOptions", option));
      if (offered) checkLoss(goldenCase, expected, options, family);
      else family.countNotOffered();
    }
  }
});

function checkLoss(
  goldenCase: GoldenRecord,
  expected: GoldenRecord,
  options: GoldenRecord,
  family: Family,
): void {
  assertKnown(Object.keys(expected), ["options", "loss", "grad_log_prob", "metrics"], "trl loss");
  const clips = ["lo", "hi", "delta", "level"];
  const known = ["loss_type", ...clips, "beta", "bias_kl", "maxlen", "seq_adv"];
  assertKnown(Object.keys(options), known, "trl options");
  const padded = tokenMatrix(goldenCase);
  const batch = options.seq_adv === false ? padded : withSequenceAdvantages(padded, goldenCase);
  const objective = objectiveOf(options);
  const got = matrixLoss(batch, objective, weightsOf(batch, options));
  const label = `case ${goldenCase.id} ${JSON.stringify(options)}`;
  const close = (value: number, want: number, field: string) =>
    family.close(
      [value],
      [want],
      { atol: 1e-7 * Math.max(1, Math.abs(want)) },
      `${label} ${field}`,
    );
  close(got.loss, num(expected.loss), "loss");
  const want = flat(matrix(expected.grad_log_prob));
  const atol = 1e-7 * Math.max(1, largestMagnitude(want));
  family.close(flat(got.grad), want, { atol }, `${label} gradient`);
  const metrics = metricsOf(batch, objective, got);
  const wanted = record(expected.metrics);
  assertKnown(Object.keys(wanted), Object.keys(metrics), `metrics of ${label}`);
  for (const [name, value] of Object.entries(wanted)) close(metrics[name]!, num(value), name);
  family.countCase();
}

function objectiveOf(options: GoldenRecord): Pick<Preset, "clip" | "kl" | "entropy"> {
  assertKnown([text(options.level ?? "token")], ["token", "sequence"], "ratio levels");
  const high = num(options.hi ?? CLIP_DEFAULT);
  const dual = options.delta === undefined ? null : num(options.delta);
  if (dual !== null && dual < 1 + high) throw new Error("A delta inside the clip range is unknown");
  return {
    clip: {
      ratio: options.level === "sequence" ? "sequence" : "token",
      low: num(options.lo ?? CLIP_DEFAULT),
      high,
      dual,
      adaptive: 0,
    },
    kl: {
      coefficient: num(options.beta ?? 0),
      estimator: "k3",
      limit: null,
      ratioCorrected: options.bias_kl === true,
    },
    entropy: { coefficient: 0 },
  };
}

function weightsOf(batch: TokenMatrix, options: GoldenRecord): Float64Array {
  const modes: Readonly<Record<string, Aggregation>> = {
    grpo: "seq-mean-token-mean",
    bnpo: "token-mean",
    dapo: "token-mean",
    dr_grpo: "seq-mean-token-sum-norm",
  };
  const name = text(options.loss_type);
  assertKnown([name], Object.keys(modes), "trl loss types");
  const length = batch.mask.length * num(options.maxlen ?? 16);
  return rowWeights(batch, modes[name]!, { countEmpty: true, length });
}

function withSequenceAdvantages(batch: TokenMatrix, { seq_advantages }: GoldenRecord): TokenMatrix {
  const advantages = vector(seq_advantages);
  return { ...batch, advantage: batch.mask.map((row, i) => row.map(() => advantages[i]!)) };
}

/**
 * TRL's metrics. A clipped share depends on the sign of A. At sequence level a row has one ratio, so the share is a
 * mean over rows and not over trained tokens.
 */
function metricsOf(
  batch: TokenMatrix,
  { kl, clip }: Pick<Preset, "clip" | "kl">,
  { rows }: MatrixLoss,
): Readonly<Record<string, number>> {
  const tokens = batch.mask.flatMap((mask, i) => {
    let next = 0;
    const trained = [...mask.keys()].filter((p) => mask[p] !== 0);
    return trained.map((p) => ({
      rowShare: 1 / (trained.length * batch.mask.length),
      ratio: rows[i]!.ratio[next++]!,
      advantage: batch.advantage[i]![p]!,
      kl: klTerm(batch.logProb[i]![p]!, batch.referenceLogProb[i]![p]!, kl).value,
    }));
  });
  const average = (of: (token: (typeof tokens)[number]) => number) =>
    tokens.reduce((sum, token) => sum + of(token), 0) / Math.max(1, tokens.length);
  const share = (of: (token: (typeof tokens)[number]) => boolean) =>
    clip.ratio === "sequence"
      ? tokens.reduce((sum, token) => sum + token.rowShare * Number(of(token)), 0)
      : average((token) => Number(of(token)));
  const low = share((t) => t.ratio < 1 - clip.low && t.advantage < 0);
  const high = share((t) => t.ratio > 1 + clip.high && t.advantage > 0);
  return {
    kl: average((t) => kl.ratioCorrected ? t.kl * t.ratio : t.kl),
    "clip_ratio/low_mean": low,
    "clip_ratio/high_mean": high,
    "clip_ratio/region_mean": low + high,
  };
}
