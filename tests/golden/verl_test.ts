import { clipFractions } from "../../src/igpo/clip_fractions.ts";
import type { Aggregation } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import type { Objective } from "../../src/igpo/surrogate.ts";
import { tokenWeights } from "../../src/igpo/aggregation.ts";
import { byOutcome, byToken, reinforcePlusPlus, runAdvantageCases } from "./advantage_cases.ts";
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
} from "./golden_dir.ts";
import { checkKlPenalty } from "./kl_cases.ts";
import {
  aggregationOf,
  matrixLoss,
  meanLogRatio,
  rowWeights,
  tokenCounts,
  type TokenMatrix,
  tokenMatrix,
} from "./loss_cases.ts";
import { isNotOffered } from "./not_offered.ts";
import { type Family, goldenTest } from "./summary.ts";

const GRPO = PRESETS.grpo!;
const RLOO = PRESETS.rloo!;

Deno.test("golden verl holds no file without a test", () => {
  assertKnown(goldenNames("verl"), ["advantages.json", "policy-loss.json"], "golden/verl");
});

goldenTest("verl advantages", ["verl/advantages.json"], (family) => {
  runAdvantageCases(readGolden("verl/advantages.json"), {
    grpo: byOutcome(({ norm }) => ({
      ...GRPO,
      pool: { ...GRPO.pool, divideBy: norm === "True" ? "pool" : "none" },
    })),
    rloo: byOutcome(() => RLOO),
    rloo_vectorized: byOutcome(() => ({
      ...RLOO,
      pool: { ...RLOO.pool, singleton: "zero" },
    })),
    reinforce_pp_baseline: byOutcome(() => PRESETS["reinforce++-baseline"]!),
    reinforce_pp: byToken(reinforcePlusPlus),
  }, family);
});

goldenTest("verl policy loss", ["verl/policy-loss.json"], (family) => {
  const inputs = ["old_log_prob", "log_prob", "advantages", "ref_log_prob", "mask", "is_weights"];
  const checked = ["configs", "cov_config", "losses", "kl_penalty", "agg_of_advantages"];
  for (const goldenCase of readGolden("verl/policy-loss.json").cases) {
    assertKnown(Object.keys(goldenCase), ["id", ...inputs, ...checked], "policy-loss case");
    const batch = tokenMatrix(goldenCase);
    const configs = list(goldenCase.configs).map(record);
    for (const expected of list(goldenCase.losses).map(record)) {
      if (isNotOffered("verlLosses", text(expected.name))) family.countNotOffered();
      else checkLoss(batch, configs[num(expected.config)]!, expected, family);
    }
    checkKlPenalty(batch, record(goldenCase.kl_penalty), family);
    for (const [key, want] of Object.entries(record(goldenCase.agg_of_advantages))) {
      checkAggregation(batch, { key, want: num(want) }, family);
    }
  }
});

function checkLoss(
  batch: TokenMatrix,
  config: GoldenRecord,
  expected: GoldenRecord,
  family: Family,
): void {
  const results = ["loss", "metrics", "grad_log_prob", "f32_dev"];
  assertKnown(Object.keys(expected), ["name", "agg", "config", ...results], "policy-loss result");
  const objective = objectiveOf(text(expected.name), config);
  const label = `${expected.name} ${expected.agg} config ${expected.config}`;
  const got = matrixLoss(batch, objective, rowWeights(batch, aggregationOf(expected.agg)));
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
  const fractions = clipFractions(got.rows.map((result) => ({
    turn: new Uint32Array(result.ratio.length),
    result,
  }))).all;
  const metrics: Readonly<Record<string, number>> = {
    pg_clipfrac: fractions.clipped,
    pg_clipfrac_lower: fractions.dual,
    ppo_kl: meanLogRatio(batch),
  };
  const wanted = record(expected.metrics);
  assertKnown(Object.keys(wanted), Object.keys(metrics), `metrics of ${label}`);
  for (const [name, value] of Object.entries(wanted)) close(metrics[name]!, num(value), name);
  family.countCase();
}

function objectiveOf(name: string, config: GoldenRecord): Objective {
  // tau_pos and tau_neg belong to sapo; they stand in the config of every loss.
  const known = ["clip_ratio", "clip_ratio_low", "clip_ratio_high", "clip_ratio_c"];
  assertKnown(Object.keys(config), [...known, "tau_pos", "tau_neg"], "policy-loss config");
  assertKnown([name], ["vanilla", "gspo"], "loss names");
  const preset = name === "gspo" ? PRESETS.gspo! : GRPO;
  return {
    clip: {
      ...preset.clip,
      low: num(config.clip_ratio_low),
      high: num(config.clip_ratio_high),
      dual: name === "gspo" ? null : num(config.clip_ratio_c),
    },
    kl: { ...preset.kl, coefficient: 0 },
    entropy: { coefficient: 0 },
  };
}

function checkAggregation(
  batch: TokenMatrix,
  { key, want }: { readonly key: string; readonly want: number },
  family: Family,
): void {
  const [mode, ...parts] = key.split("|");
  const options: Readonly<Record<string, string>> = Object.fromEntries(
    parts.map((part) => part.split("=")),
  );
  const sizes = ["loss_scale_factor", "batch_num_tokens", "global_batch_size"];
  assertKnown(Object.keys(options), [...sizes, "dp_size"], "aggregation options");
  const aggregation: Aggregation = aggregationOf(mode);
  const weights = tokenWeights(tokenCounts(batch), aggregation, {
    length: Number(options.loss_scale_factor ?? batch.mask[0]!.length),
    ...(options.batch_num_tokens ? { tokens: Number(options.batch_num_tokens) } : {}),
    ...(options.global_batch_size ? { sequences: Number(options.global_batch_size) } : {}),
  });
  const share = batch.advantage.reduce(
    (sum, row, i) => row.reduce((s, x, p) => s + weights[i]! * batch.mask[i]![p]! * x, sum),
    0,
  );
  // verl multiplies by the number of workers because its gradients are averaged over them.
  const got = share * Number(options.dp_size ?? 1);
  family.close([got], [want], { atol: 1e-7 * Math.max(1, Math.abs(want)) }, `mean ${key}`);
  family.countCase();
}
