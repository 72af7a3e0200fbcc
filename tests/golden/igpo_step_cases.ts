import { Effect } from "effect";
import { groupAdvantages } from "../../src/igpo/advantages.ts";
import { beliefOf, gainsOf } from "../../src/igpo/belief.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import {
  assertKnown,
  flat,
  type GoldenRecord,
  largestMagnitude,
  list,
  matrix,
  num,
  record,
  text,
  vector,
} from "./golden_dir.ts";
import {
  checkAdamwSettings,
  checkGradients,
  checkParameters,
  LATER_LOSS,
  MODEL_LOSS,
} from "./model_cases.ts";
import {
  cutRows,
  floatsOf,
  readTensors,
  recordsOf,
  trainedOf,
  trainedPositions,
} from "./model_folder.ts";
import type { Session } from "./model_session.ts";
import type { Family } from "./summary.ts";

/** Tolerances from the README of the golden data. */
const GAIN_OF_PROBABILITY = { atol: 1e-6 };
const MEAN_LOG_PROB = { atol: 1e-4 };

const FIELDS = [
  "provenance",
  "seed",
  "prompt",
  "answer",
  "group",
  "gamma",
  "variant",
  "ddof",
  "eps",
  "normalised",
  "discounted",
  "batch",
  "loss",
  "adamw",
];
const MEMBER = ["turns", "outcome", "answer_log_probs", "mean_log_prob", "prob", "ig", "rewards"];

/** A trajectory of the group as ids. */
interface Member {
  readonly golden: GoldenRecord;
  readonly tokens: Uint32Array;
  /** Context lengths before the first turn and after each observation but the last. */
  readonly boundaries: ReadonlyArray<number>;
  readonly turnTokens: ReadonlyArray<readonly [assistant: number, all: number]>;
}

function memberOf(prompt: ReadonlyArray<number>, golden: GoldenRecord): Member {
  const turns = recordsOf(golden["turns"], ["assistant", "observation"], "turn")
    .map(({ assistant, observation }) => [vector(assistant), vector(observation)] as const);
  const tokens = [...prompt];
  const boundaries = [tokens.length];
  for (const [assistant, observation] of turns) {
    tokens.push(...assistant, ...observation);
    boundaries.push(tokens.length);
  }
  return {
    golden,
    tokens: Uint32Array.from(tokens),
    boundaries: boundaries.slice(0, -1),
    turnTokens: turns.map(([assistant, observation]) => [
      assistant.length,
      assistant.length + observation.length,
    ]),
  };
}

/** The whole IGPO step: beliefs, gains, advantages, batch, and clipped losses over steps of AdamW. */
export const checkIgpoStep = Effect.fnUntraced(function* (
  session: Session,
  { folder, step }: { readonly folder: string; readonly step: GoldenRecord },
  family: Family,
) {
  assertKnown(Object.keys(step), FIELDS, "igpo-step.json");
  const members = recordsOf(step["group"], MEMBER, "group")
    .map((member) => memberOf([...vector(step["prompt"])], member));
  const gains = yield* checkBeliefs(session, step, members, family);
  checkAdvantages(step, members, gains, family);
  yield* checkUpdates(session, { folder, step }, members, family);
  family.countCase();
});

const checkBeliefs = Effect.fnUntraced(function* (
  { policy }: Session,
  step: GoldenRecord,
  members: ReadonlyArray<Member>,
  family: Family,
) {
  const answer = record(step["answer"]);
  assertKnown(Object.keys(answer), ["prefix", "answer", "suffix"], "answer");
  const part = (name: string) => [...vector(answer[name])];
  const start = part("prefix").length;
  const probe = {
    ids: Uint32Array.from([...part("prefix"), ...part("answer"), ...part("suffix")]),
    start,
    end: start + part("answer").length,
  };
  const requests = members.map(({ tokens, boundaries }, i) => ({
    sequence: `member ${i}`,
    tokens,
    boundaries,
    probe,
  }));
  const logProbs = yield* policy.beliefs(requests);
  return members.map(({ golden }, i) => {
    const label = `member ${i}`;
    family.close(
      flat(logProbs[i]!),
      flat(matrix(golden["answer_log_probs"])),
      MEAN_LOG_PROB,
      label,
    );
    const belief = Float64Array.from(logProbs[i]!, (row) => beliefOf(row, null));
    family.close(belief, vector(golden["mean_log_prob"]), MEAN_LOG_PROB, `${label} belief`);
    const probability = belief.map(Math.exp);
    family.close(probability, vector(golden["prob"]), GAIN_OF_PROBABILITY, `${label} probability`);
    const gain = gainsOf(belief, "prob");
    family.close(gain, vector(golden["ig"]), GAIN_OF_PROBABILITY, `${label} gain`);
    return gain;
  });
});

function presetOf(step: GoldenRecord): Preset {
  assertKnown([text(step["variant"])], ["joint", "separate"], "variant");
  const base = step["variant"] === "joint" ? PRESETS["paper-v1"]! : PRESETS["paper-v2"]!;
  const ddof = num(step["ddof"]) === 1 ? 1 as const : 0 as const;
  // The presets' floor under the variance is not in the reference.
  const pool = { ...base.pool, ddof, eps: num(step["eps"]), varianceFloor: 0 };
  return { ...base, pool, credit: { ...base.credit, gamma: num(step["gamma"]) } };
}

function checkAdvantages(
  step: GoldenRecord,
  members: ReadonlyArray<Member>,
  gains: ReadonlyArray<Float64Array>,
  family: Family,
): void {
  const preset = presetOf(step);
  const advantagesOf = (gainOf: (index: number) => Float64Array, gamma: number) => {
    const episodes = members.map(({ golden, turnTokens }, i) => ({
      gain: gainOf(i),
      outcome: num(golden["outcome"]),
      malformed: turnTokens.map(() => false),
      turnTokens: turnTokens.map(([, all]) => all),
      sampledTokens: turnTokens.map(([assistant]) => assistant),
    }));
    const credit = { ...preset.credit, gamma };
    return flat(groupAdvantages(episodes, { ...preset, credit }).map(({ turn }) => turn));
  };
  const given = (i: number) => vector(members[i]!.golden["rewards"]).slice(0, -1);
  for (const [field, gamma] of [["normalised", 0], ["discounted", preset.credit.gamma]] as const) {
    const want = flat(matrix(step[field]));
    const size = Math.max(1, largestMagnitude(want));
    family.close(advantagesOf(given, gamma), want, { atol: 1e-9 * size }, field);
    // Gains may be off by 1e-6, and are divided by the spread of their pool.
    const spread = spreadOf(members.flatMap((_, i) => [...given(i)]));
    const atol = size * (1e-9 + 4e-6 / Math.max(spread, 1e-6));
    family.close(advantagesOf((i) => gains[i]!, gamma), want, { atol }, `own ${field}`);
  }
}

function spreadOf(values: ReadonlyArray<number>): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length));
}

const checkUpdates = Effect.fnUntraced(function* (
  session: Session,
  { folder, step }: { readonly folder: string; readonly step: GoldenRecord },
  members: ReadonlyArray<Member>,
  family: Family,
) {
  const { rows, columns } = batchOf(step, members, family);
  const loss = record(step["loss"]);
  const fields = ["clip_low", "clip_high", "aggregation", "values_over_3_steps"];
  assertKnown(Object.keys(loss), [...fields, "grad_norms_before_clip"], "loss");
  family.equal(loss["aggregation"], "token-mean", "aggregation");
  const adamw = record(step["adamw"]);
  checkAdamwSettings(adamw, [], family);
  const objective = {
    clip: {
      ratio: "token",
      low: num(loss["clip_low"]),
      high: num(loss["clip_high"]),
      dual: null,
      adaptive: 0,
    },
    kl: { coefficient: 0, estimator: "k3", limit: null, ratioCorrected: false },
    entropy: { coefficient: 0 },
  } as const;
  const tensors = yield* Effect.promise(() => readTensors(folder, "igpo-step.safetensors"));
  const prefixes = ["grad", "after_step1"];
  assertKnown(Array.from(tensors.keys(), (name) => name.split(".")[0]!), prefixes, "igpo-step");
  yield* session.restart();
  for (const [i, value] of vector(loss["values_over_3_steps"]).entries()) {
    const result = yield* session.surrogateGradient(rows, columns, objective);
    family.equal(result.bad, null, "finite");
    family.close([result.loss], [value], i === 0 ? MODEL_LOSS : LATER_LOSS, `loss of step ${i}`);
    const wanted = (prefix: string) => (name: string) => floatsOf(tensors, `${prefix}.${name}`);
    if (i === 0) yield* checkGradients(session, wanted("grad"), family, "gradient");
    yield* session.learner.update({
      learningRate: num(adamw["lr"]),
      clipNorm: num(adamw["max_grad_norm"]),
    });
    if (i > 0) continue;
    const want = {
      of: wanted("after_step1"),
      gradientOf: wanted("grad"),
      learningRate: num(adamw["lr"]),
      steps: 1,
    };
    yield* checkParameters(session, want, family, "after step 1");
  }
  yield* session.restart();
});

/** The batch of the step: the members' tokens, with each turn's advantage on its sampled tokens. */
function batchOf(step: GoldenRecord, members: ReadonlyArray<Member>, family: Family) {
  const batch = record(step["batch"]);
  const fields = ["input_ids", "attention_mask", "loss_mask", "advantages", "old_log_probs"];
  assertKnown(Object.keys(batch), fields, "batch");
  const rowsOf = (name: string) => matrix(batch[name]).map((row) => [...row]);
  const ids = rowsOf("input_ids");
  const sequences = cutRows({
    width: ids[0]!.length,
    ids,
    attention: rowsOf("attention_mask"),
    loss: rowsOf("loss_mask"),
  });
  const credit = list(step["discounted"]).map(vector);
  members.forEach(({ tokens, turnTokens }, i) => {
    const sequence = sequences[i]!;
    family.equal([...sequence.tokens], [...tokens], `tokens of member ${i}`);
    const own = turnTokens.flatMap(([assistant], turn) =>
      new Array<number>(assistant).fill(credit[i]![turn]!)
    );
    const want = trainedOf(sequence, rowsOf("advantages").flat());
    // The batch holds its advantages as f32.
    family.close(own, want, { atol: 0, rtol: 1e-6 }, `token advantages of member ${i}`);
  });
  return {
    rows: sequences.map((sequence) => ({
      tokens: sequence.tokens,
      position: trainedPositions(sequence),
    })),
    columns: sequences.map((sequence) => ({
      advantage: trainedOf(sequence, rowsOf("advantages").flat()),
      behaviourLogProb: trainedOf(sequence, rowsOf("old_log_probs").flat()),
      referenceLogProb: null,
    })),
  };
}
