import { ok } from "node:assert/strict";
import { groupAdvantages } from "../../src/igpo/advantages.ts";
import { answerWords, normaliseAnswer } from "../../src/igpo/answer_text.ts";
import { beliefOf, gainsOf, valueOf } from "../../src/igpo/belief.ts";
import { broadcastAdvantages } from "../../src/igpo/broadcast.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { discountedReturns } from "../../src/igpo/returns.ts";
import { goldsOf, isBalanced, scoreTranscript } from "./transcript.ts";
import { placeTurnRewards, TURN_SEPARATOR } from "./transcript_rewards.ts";
import {
  byOutcome,
  byToken,
  outcomeEpisode,
  reinforcePlusPlus,
  runAdvantageCases,
  startBaseline,
} from "./advantage_cases.ts";
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
import { NOT_OFFERED } from "./not_offered.ts";
import { type Family, goldenTest } from "./summary.ts";

const SCORE = { atol: 1e-12 };
const MODES = ["f1", "em", "noformatf1"] as const;

Deno.test("golden igpo holds no file without a test", () => {
  assertKnown(goldenNames("igpo"), [
    "advantages.json",
    "entropy.json",
    "f1.json",
    "paper-advantages.json",
    "paper-info-gain.json",
    "policy-loss.json",
    "preprocess.json",
    "pseudo-answer-spans.json",
    "token-scores.json",
    ...NOT_OFFERED.igpoFiles,
  ], "golden/igpo");
});

goldenTest("igpo f1", ["igpo/f1.json"], (family) => {
  for (const goldenCase of readGolden("igpo/f1.json").cases) {
    const { id, kind: _, solution, ground_truth, data_source, balanced_lower, balanced_raw } =
      goldenCase;
    assertKnown(Object.keys(goldenCase), [
      "id",
      "kind",
      "solution",
      "ground_truth",
      "data_source",
      "balanced_lower",
      "balanced_raw",
      ...MODES,
    ], "f1 case");
    const golds = goldsOf(text(ground_truth), text(data_source));
    family.equal(isBalanced(text(solution)), balanced_raw, `case ${id} balanced_raw`);
    family.equal(
      isBalanced(text(solution).toLowerCase()),
      balanced_lower,
      `case ${id} balanced_lower`,
    );
    for (const mode of MODES) {
      const got = scoreTranscript(text(solution), golds, mode);
      family.close([got], [num(goldenCase[mode])], SCORE, `case ${id} ${mode}`);
    }
    family.countCase();
  }
});

goldenTest("igpo preprocess", ["igpo/preprocess.json"], (family) => {
  for (const goldenCase of readGolden("igpo/preprocess.json").cases) {
    const fields = ["id", "text", "preprocessed", "tokens", "lower_preprocessed"];
    assertKnown(Object.keys(goldenCase), fields, "preprocess case");
    const source = text(goldenCase.text);
    const label = `case ${goldenCase.id}`;
    family.equal(normaliseAnswer(source), goldenCase.preprocessed, label);
    family.equal(answerWords(source), goldenCase.tokens, label);
    family.equal(normaliseAnswer(source.toLowerCase()), goldenCase.lower_preprocessed, label);
    family.countCase();
  }
});

goldenTest("igpo token scores", ["igpo/token-scores.json"], (family) => {
  const modeFields = MODES.flatMap((mode) => [`nonzero_${mode}`, `last_${mode}`]);
  const { cases } = readGolden("igpo/token-scores.json");
  let returned = 0;
  for (const goldenCase of cases) {
    const fields = ["id", "turns", "solution", "ground_truth", "info_gain_reward", "length"];
    assertKnown(Object.keys(goldenCase), [...fields, ...modeFields], "token-scores case");
    const solution = text(goldenCase.solution);
    const golds = goldsOf(text(goldenCase.ground_truth), "");
    const gains = [...vector(goldenCase.info_gain_reward)];
    for (const mode of MODES) {
      const outcome = scoreTranscript(solution, golds, mode);
      const placed = placeTurnRewards(solution, { gains, outcome }, (chunk) => [...chunk].length);
      const want = new Float64Array(num(goldenCase.length));
      for (const [token, reward] of matrix(goldenCase[`nonzero_${mode}`])) want[token!] = reward!;
      const label = `case ${goldenCase.id} ${mode}`;
      family.close(placed, want, SCORE, label);
      returned += Number(checkReturns({ solution, gains, outcome }, want, family, label));
      const last = num(goldenCase[`last_${mode}`]);
      family.close(placed.slice(-1), [last], SCORE, `case ${goldenCase.id} last_${mode}`);
    }
    family.countCase();
  }
  ok(
    2 * returned >= MODES.length * cases.length,
    `returns of ${returned} transcripts were compared`,
  );
});

/**
 * Our turns of a transcript have the returns of the reference's token rewards: the header of a message is part of its
 * turn. Beside an episode without tokens the baseline is half the return. Left out are transcripts for which the
 * reference finds no place for a gain: then false.
 */
function checkReturns(
  { solution, gains, outcome }: { solution: string; gains: Array<number>; outcome: number },
  tokenRewards: Float64Array,
  family: Family,
  label: string,
): boolean {
  const chunks = solution.split(TURN_SEPARATOR);
  const isPlaced = chunks.slice(0, -1).every((chunk, turn) => {
    const before = chunks.slice(0, turn).join(TURN_SEPARATOR) + (turn === 0 ? "" : TURN_SEPARATOR);
    return chunk !== "" && solution.indexOf(chunk) === before.length;
  });
  if (gains.length !== chunks.length - 1 || !isPlaced || solution === "") return false;
  const turnTokens = chunks.map((chunk, turn) =>
    [...(turn === 0 ? "" : TURN_SEPARATOR) + chunk].length
  );
  const episode = { ...outcomeEpisode(outcome), gain: Float64Array.from(gains), turnTokens };
  const silent = { ...outcomeEpisode(0), turnTokens: [0] };
  const [found] = groupAdvantages(
    [{ ...episode, malformed: chunks.map(() => false), sampledTokens: turnTokens }, silent],
    PRESETS["official-2025-11"]!,
  );
  const want = discountedReturns(tokenRewards, 1);
  family.close(found!.position!.map((x) => 2 * x), want, SCORE, `${label} return`);
  return true;
}

goldenTest("igpo advantages", ["igpo/advantages.json"], (family) => {
  runAdvantageCases(readGolden("igpo/advantages.json"), {
    grpo_outcome: byToken(() => PRESETS["official-2025-11"]!),
    grpo_discounted: byToken(startBaseline),
    rloo: byOutcome(() => PRESETS.rloo!),
    reinforce_pp_baseline: byOutcome(() => PRESETS["reinforce++-baseline"]!),
    reinforce_pp: byToken(reinforcePlusPlus),
  }, family);
});

goldenTest("igpo paper info gain", ["igpo/paper-info-gain.json"], (family) => {
  for (const goldenCase of readGolden("igpo/paper-info-gain.json").cases) {
    const known = ["prob", "ig", "ig_log", "telescoped", "total_logprob"];
    assertKnown(
      Object.keys(goldenCase),
      ["id", "logprobs", "mean_logprob", ...known],
      "info-gain case",
    );
    const label = `case ${goldenCase.id}`;
    const rows = matrix(goldenCase.logprobs);
    const belief = Float64Array.from(rows, (row) => beliefOf(row, null));
    const gains = gainsOf(belief, "prob");
    const close = (got: ArrayLike<number>, field: string) =>
      family.close(
        got,
        vector(goldenCase[field]),
        { atol: 1e-12, rtol: 1e-12 },
        `${label} ${field}`,
      );
    close(belief, "mean_logprob");
    close(belief.map((ell) => valueOf(ell, "prob")), "prob");
    close(gains, "ig");
    close(gainsOf(belief, "logprob"), "ig_log");
    close(rows.map((row) => beliefOf(row, null) * row.length), "total_logprob");
    const total = gains.reduce((sum, gain) => sum + gain, 0);
    family.close([total], [num(goldenCase.telescoped)], { atol: 1e-12 }, `${label} telescoped`);
    family.countCase();
  }
});

goldenTest("igpo paper advantages", ["igpo/paper-advantages.json"], (family) => {
  for (const goldenCase of readGolden("igpo/paper-advantages.json").cases) {
    const fields = ["id", "style", "rewards", "expected", "token_turn", "token_advantage"];
    assertKnown(Object.keys(goldenCase), fields, "paper-advantages case");
    const label = `case ${goldenCase.id}`;
    for (const expected of list(goldenCase.expected).map(record)) {
      checkPaperAdvantages(matrix(goldenCase.rewards), expected, family, label);
    }
    checkTokenAdvantage(goldenCase, family, label);
    family.countCase();
  }
});

function checkPaperAdvantages(
  rewards: ReadonlyArray<Float64Array>,
  expected: GoldenRecord,
  family: Family,
  label: string,
): void {
  const fields = ["variant", "ddof", "eps", "gamma", "normalised", "discounted", "f64_dev"];
  assertKnown(Object.keys(expected), fields, "paper advantages");
  const preset = paperPreset(expected);
  for (const [field, gamma] of [["normalised", 0], ["discounted", preset.credit.gamma]] as const) {
    const want = flat(matrix(expected[field]));
    const atol = 1e-9 * Math.max(1, largestMagnitude(want)) + 100 * num(expected.f64_dev);
    const got = paperAdvantages(rewards, { ...preset, credit: { ...preset.credit, gamma } });
    family.close(flat(got.map(({ turn }) => turn)), want, { atol }, `${label} ${field}`);
  }
}

/** paper-v1 or v2 with the case's constants; the presets' variance floor is 0 in these cases. */
function paperPreset({ variant, ddof, eps, gamma }: GoldenRecord): Preset {
  assertKnown([text(variant)], ["joint", "separate"], "variants");
  const base = variant === "joint" ? PRESETS["paper-v1"]! : PRESETS["paper-v2"]!;
  const pool = {
    ...base.pool,
    ddof: num(ddof) === 1 ? 1 as const : 0 as const,
    eps: num(eps),
    varianceFloor: 0,
  };
  return { ...base, pool, credit: { ...base.credit, gamma: num(gamma) } };
}

function paperAdvantages(rewards: ReadonlyArray<Float64Array>, preset: Preset) {
  const episodes = rewards.map((row) => ({
    gain: row.slice(0, -1),
    outcome: row.at(-1)!,
    malformed: Array.from(row, () => false),
    turnTokens: Array.from(row, () => 1),
    sampledTokens: Array.from(row, () => 1),
  }));
  return groupAdvantages(episodes, preset);
}

function checkTokenAdvantage(goldenCase: GoldenRecord, family: Family, label: string): void {
  const expected = record(goldenCase.token_advantage);
  const fields = ["variant", "ddof", "eps", "gamma", "value"];
  assertKnown(Object.keys(expected), fields, "token advantage");
  const advantages = paperAdvantages(matrix(goldenCase.rewards), paperPreset(expected));
  const turns = matrix(goldenCase.token_turn);
  matrix(expected.value).forEach((want, i) => {
    const trained = [...turns[i]!.keys()].filter((p) => turns[i]![p]! >= 0);
    const turn = trained.map((p) => turns[i]![p]!);
    const got = broadcastAdvantages(advantages[i]!, { turn, responseIndex: trained });
    const row = new Float64Array(want.length);
    trained.forEach((p, n) => row[p] = got[n]!);
    const atol = 1e-9 * Math.max(1, largestMagnitude(want));
    family.close(row, want, { atol }, `${label} token advantage of row ${i}`);
  });
}

goldenTest("igpo kl controller", NOT_OFFERED.igpoFiles.map((name) => `igpo/${name}`), (family) => {
  for (const name of NOT_OFFERED.igpoFiles) {
    if (!goldenNames("igpo").includes(name)) continue;
    readGolden(`igpo/${name}`).cases.forEach(() => family.countNotOffered());
  }
});
