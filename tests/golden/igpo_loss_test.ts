import { tokenWeights } from "../../src/igpo/aggregation.ts";
import { clipFractions } from "../../src/igpo/clip_fractions.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { entropyGradient, entropyOf, logProbGradient, logSoftmax } from "./softmax.ts";
import {
  assertKnown,
  flat,
  type GoldenRecord,
  largestMagnitude,
  list,
  matrix,
  num,
  readGolden,
  record,
} from "./golden_dir.ts";
import { checkKlPenalty } from "./kl_cases.ts";
import {
  aggregationOf,
  matrixLoss,
  meanLogRatio,
  rowWeights,
  type TokenMatrix,
  tokenMatrix,
} from "./loss_cases.ts";
import { NOT_OFFERED } from "./not_offered.ts";
import { type Family, goldenTest } from "./summary.ts";

goldenTest("igpo policy loss", ["igpo/policy-loss.json"], (family) => {
  const fields = [
    "id",
    "old_log_prob",
    "log_prob",
    "advantages",
    "ref_log_prob",
    "mask",
    "configs",
  ];
  const checked = ["policy", "kl_penalty", "agg_of_advantages"];
  for (const goldenCase of readGolden("igpo/policy-loss.json").cases) {
    const known = [...fields, ...checked, ...NOT_OFFERED.policyLossFields];
    assertKnown(Object.keys(goldenCase), known, "policy-loss case");
    const batch = tokenMatrix(goldenCase);
    const configs = list(goldenCase.configs).map(record);
    for (const expected of list(goldenCase.policy).map(record)) {
      checkPolicyLoss(batch, configs[num(expected.config)]!, expected, family);
    }
    checkKlPenalty(batch, record(goldenCase.kl_penalty), family);
    for (const [mode, want] of Object.entries(record(goldenCase.agg_of_advantages))) {
      checkAggregation(batch, { mode, want: num(want) }, family);
    }
    for (const field of NOT_OFFERED.policyLossFields) {
      if (field in goldenCase) family.countNotOffered();
    }
  }
});

function checkPolicyLoss(
  batch: TokenMatrix,
  config: GoldenRecord,
  expected: GoldenRecord,
  family: Family,
): void {
  const optional = ["cliprange_low", "cliprange_high", "clip_ratio_c"];
  assertKnown(Object.keys(config), ["cliprange", ...optional], "policy-loss config");
  const results = ["loss", "clipfrac", "ppo_kl", "clipfrac_lower", "grad_log_prob", "f32_dev"];
  assertKnown(Object.keys(expected), ["config", "agg", ...results], "policy-loss result");
  if (isUndefined(batch, expected.agg, num(expected.loss))) return family.countUndefined();
  const preset = PRESETS["official-2026-02"]!;
  const objective = {
    clip: {
      ...preset.clip,
      low: num(config.cliprange_low ?? config.cliprange),
      high: num(config.cliprange_high ?? config.cliprange),
      dual: num(config.clip_ratio_c ?? 3),
    },
    kl: { ...preset.kl, coefficient: 0 },
    entropy: { coefficient: 0 },
  };
  const weights = rowWeights(batch, aggregationOf(expected.agg), { countEmpty: true });
  const got = matrixLoss(batch, objective, weights);
  const fractions = clipFractions(got.rows.map((result) => ({
    turn: new Uint32Array(result.ratio.length),
    result,
  }))).all;
  const label = `${expected.agg} config ${expected.config}`;
  const close = (value: number, field: string) => {
    const want = num(expected[field]);
    family.close(
      [value],
      [want],
      { atol: 1e-7 * Math.max(1, Math.abs(want)) },
      `${label} ${field}`,
    );
  };
  close(got.loss, "loss");
  close(fractions.clipped, "clipfrac");
  close(fractions.dual, "clipfrac_lower");
  close(meanLogRatio(batch), "ppo_kl");
  const want = flat(matrix(expected.grad_log_prob));
  const atol = 1e-7 * Math.max(1, largestMagnitude(want));
  family.close(flat(got.grad), want, { atol }, `${label} gradient`);
  family.countCase();
}

/** Only where a row has no token and rows are averaged, the reference divides 0 by 0. */
function isUndefined(batch: TokenMatrix, aggregation: unknown, want: number): boolean {
  const hasEmptyRow = batch.mask.some((row) => row.every((m) => m === 0));
  return Number.isNaN(want) && hasEmptyRow && aggregation === "seq-mean-token-mean";
}

function checkAggregation(
  batch: TokenMatrix,
  { mode, want }: { readonly mode: string; readonly want: number },
  family: Family,
): void {
  if (isUndefined(batch, mode, want)) return family.countUndefined();
  const weights = rowWeights(batch, aggregationOf(mode), { countEmpty: true });
  const got = batch.advantage.reduce(
    (sum, row, i) => row.reduce((s, x, p) => s + weights[i]! * batch.mask[i]![p]! * x, sum),
    0,
  );
  family.close([got], [want], { atol: 1e-7 * Math.max(1, Math.abs(want)) }, `mean ${mode}`);
  family.countCase();
}

goldenTest("igpo entropy", ["igpo/entropy.json"], (family) => {
  const outputs = ["entropy", "entropy_loss", "grad_entropy_masked_sum"];
  const logProbs = ["log_prob", "grad_log_prob_masked_sum"];
  for (const goldenCase of readGolden("igpo/entropy.json").cases) {
    const fields = ["id", "logits", "labels", "mask", ...outputs, ...logProbs];
    assertKnown(Object.keys(goldenCase), fields, "entropy case");
    const rows = list(goldenCase.logits).flatMap((row) => matrix(row)).map(logSoftmax);
    const labels = flat(matrix(goldenCase.labels));
    const mask = flat(matrix(goldenCase.mask));
    const entropies = Float64Array.from(rows, entropyOf);
    const label = `case ${goldenCase.id}`;
    const close = (got: ArrayLike<number>, want: Float64Array, field: string) =>
      family.close(
        got,
        want,
        { atol: 1e-7 * Math.max(1, largestMagnitude(want)) },
        `${label} ${field}`,
      );
    const gradientsOf = (field: string) =>
      flat(list(goldenCase[field]).flatMap((row) => matrix(row)));
    close(entropies, flat(matrix(goldenCase.entropy)), "entropy");
    const weights = tokenWeights(
      matrix(goldenCase.mask).map((row) => row.reduce((a, b) => a + b, 0)),
      "token-mean",
    );
    const width = matrix(goldenCase.mask)[0]!.length;
    const average = entropies.reduce(
      (sum, h, p) => sum + h * mask[p]! * weights[Math.floor(p / width)]!,
      0,
    );
    close([average], Float64Array.of(num(goldenCase.entropy_loss)), "entropy_loss");
    close(
      flat(rows.map((row, p) => entropyGradient(row).map((x) => x * mask[p]!))),
      gradientsOf("grad_entropy_masked_sum"),
      "entropy gradient",
    );
    close(rows.map((row, p) => row[labels[p]!]!), flat(matrix(goldenCase.log_prob)), "log_prob");
    close(
      flat(rows.map((row, p) => logProbGradient(row, labels[p]!).map((x) => x * mask[p]!))),
      gradientsOf("grad_log_prob_masked_sum"),
      "log-prob gradient",
    );
    family.countCase();
  }
});
