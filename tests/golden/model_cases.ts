import { Effect } from "effect";
import type { Objective } from "../../src/igpo/surrogate.ts";
import { assertClose } from "../support/comparison.ts";
import {
  assertKnown,
  type GoldenRecord,
  largestMagnitude,
  list,
  num,
  record,
  vector,
} from "./golden_dir.ts";
import {
  floatsOf,
  type GoldenModel,
  readTensors,
  recordsOf,
  trainedOf,
  trainedPositions,
} from "./model_folder.ts";
import type { LossColumns, Session } from "./model_session.ts";
import type { Family } from "./summary.ts";

/** Tolerances from the README of the golden data. */
export const MODEL_VALUES = { atol: 1e-4 };
export const MODEL_LOSS = { atol: 2e-5 };
/** Losses after weights have moved by steps of AdamW. */
export const LATER_LOSS = { atol: 1e-3 };
const GRADIENT_SHARE = 2e-5;
const ADAMW_WORST = 2e-4;
const ADAMW_CLOSE = 1e-5;
const ADAMW_FAR_SHARE = 1e-3;
/** Error of f32 gradients as a share of the largest gradient, as the README says of its own reference. */
const F32_GRADIENT_ERROR = 4e-6;
// The README bounds gradients, not their norm; sqrt(parameters) times that bound is below this.
export const NORM = { atol: 1e-5, rtol: 2e-3 };

const GOLDEN_FIELDS = [
  "provenance",
  "model",
  "config",
  "weights",
  "parameters",
  "batch",
  "losses",
  "lora_losses",
  "ppo",
  "full",
  "adamw",
  "lora",
  "clipped_share",
  "greedy",
  "deviation_from_float64",
];
const TENSORS = [
  "input_ids",
  "attention_mask",
  "position_ids",
  "targets",
  "loss_mask",
  "logits",
  "log_probs",
  "entropy",
  "old_log_probs",
  "ref_log_probs",
  "advantages",
];

/** All numbers of a model's golden files except the IGPO step. */
export const checkModel = Effect.fnUntraced(function* (
  session: Session,
  model: GoldenModel,
  family: Family,
) {
  assertKnown(Object.keys(model.golden), GOLDEN_FIELDS, "golden.json");
  const tensors = yield* Effect.promise(() => readTensors(model.folder, "golden.safetensors"));
  assertKnown(tensors.keys(), TENSORS, "golden.safetensors");
  const column = (name: string) => floatsOf(tensors, name);
  yield* checkForward(session, model, column, family);
  yield* checkLosses(session, model, column, family);
  yield* checkGreedy(session, model, family);
  yield* checkAdamw(session, model, family);
});

type Column = (name: string) => Float32Array;

/** Logits, log-probs and entropies of every token against golden columns. */
export const checkForward = Effect.fnUntraced(function* (
  { architecture, logits, policy }: Session,
  { sequences }: GoldenModel,
  column: Column,
  family: Family,
) {
  const { vocabulary } = architecture;
  const got = yield* logits(sequences);
  let row = 0;
  for (const { tokens, place } of sequences) {
    for (let s = 0; s < tokens.length; s++) {
      const z = got.subarray(row * vocabulary, ++row * vocabulary);
      const at = place[s]!;
      const want = column("logits").subarray(at * vocabulary, (at + 1) * vocabulary);
      family.close(z, want, MODEL_VALUES, `logits ${at}`);
      const { logProbs, entropy } = distributionOf(z);
      family.close([entropy], [column("entropy")[at]!], MODEL_VALUES, `entropy of logits ${at}`);
      if (s + 1 === tokens.length) continue;
      const logProb = logProbs[tokens[s + 1]!]!;
      family.close([logProb], [column("log_probs")[at]!], MODEL_VALUES, `log-prob of logits ${at}`);
    }
  }
  const evaluations = yield* policy.logProbs(
    sequences.map(({ tokens }) => ({ tokens, position: Uint32Array.from(tokens.keys()).slice(1) })),
    1,
  );
  evaluations.forEach(({ logProb, entropy }, i) => {
    const wanted = (name: string) =>
      sequences[i]!.place.slice(0, -1).map((at) => column(name)[at]!);
    family.close(logProb, wanted("log_probs"), MODEL_VALUES, `log_probs of row ${i}`);
    family.close(entropy, wanted("entropy"), MODEL_VALUES, `entropy of row ${i}`);
    family.countCase();
  });
});

function distributionOf(logits: ArrayLike<number>) {
  const z = Float64Array.from(logits);
  const max = z.reduce((most, x) => Math.max(most, x), -Infinity);
  const logSum = max + Math.log(z.reduce((sum, x) => sum + Math.exp(x - max), 0));
  const logProbs = z.map((x) => x - logSum);
  return { logProbs, entropy: -logProbs.reduce((sum, l) => sum + Math.exp(l) * l, 0) };
}

/** The clipped loss that a record of golden.json describes. */
export function objectiveOf(settings: GoldenRecord): Objective {
  const fields = ["clip_low", "clip_high", "dual_clip_c", "kl_coef", "kl", "entropy_coef"];
  assertKnown(Object.keys(settings), fields, "loss settings");
  assertKnown([String(settings["kl"] ?? "k3")], ["k3"], "kl of the golden loss");
  const optional = (name: string) => settings[name] === undefined ? 0 : num(settings[name]);
  const dual = settings["dual_clip_c"];
  return {
    clip: {
      ratio: "token",
      low: num(settings["clip_low"]),
      high: num(settings["clip_high"]),
      dual: dual === undefined ? null : num(dual),
      adaptive: 0,
    },
    kl: { coefficient: optional("kl_coef"), estimator: "k3", limit: null, ratioCorrected: false },
    entropy: { coefficient: optional("entropy_coef") },
  };
}

/** The sequences of the golden batch as a learner takes them. */
export function trainedRowsOf({ sequences }: GoldenModel) {
  return sequences.map((sequence) => ({
    tokens: sequence.tokens,
    position: trainedPositions(sequence),
  }));
}

/** What the clipped loss needs of each golden sequence. */
export function lossColumnsOf({ sequences }: GoldenModel, column: Column) {
  return sequences.map((sequence): LossColumns => ({
    advantage: trainedOf(sequence, column("advantages")),
    behaviourLogProb: trainedOf(sequence, column("old_log_probs")),
    referenceLogProb: trainedOf(sequence, column("ref_log_probs")),
  }));
}

const checkLosses = Effect.fnUntraced(function* (
  session: Session,
  model: GoldenModel,
  column: Column,
  family: Family,
) {
  const { golden } = model;
  const losses = record(golden["losses"]);
  assertKnown(Object.keys(losses), ["nll", "ppo", "full"], "losses");
  const rows = trainedRowsOf(model);
  const columns = lossColumnsOf(model, column);
  for (const name of Object.keys(losses)) {
    const result = name === "nll"
      ? yield* session.nllGradient(rows)
      : yield* session.surrogateGradient(rows, columns, objectiveOf(record(golden[name])));
    family.equal(result.bad, null, `${name} finite`);
    family.close([result.loss], [num(losses[name])], MODEL_LOSS, `loss ${name}`);
    const file = `grad_${name}.safetensors`;
    if (!model.files.includes(file)) continue;
    const tensors = yield* Effect.promise(() => readTensors(model.folder, file));
    yield* checkGradients(session, (parameter) => floatsOf(tensors, parameter), family, file);
    family.equal([...tensors.keys()].sort(), [...model.weights.keys()].sort(), `names of ${file}`);
    family.countCase();
  }
});

/** Every parameter's gradient, relative to the largest of the whole model. */
export const checkGradients = Effect.fnUntraced(function* (
  session: Session,
  want: (parameter: string) => Float32Array,
  family: Family,
  label: string,
) {
  const gradients = yield* session.gradients();
  const largest = Math.max(...gradients.keys().map((name) => largestMagnitude(want(name))));
  for (const [name, got] of gradients) {
    family.close(got, want(name), { atol: GRADIENT_SHARE * largest }, `${label} ${name}`);
  }
});

/** Golden parameters after `steps` updates at `learningRate`, and the gradients of the first. */
export interface WantedParameters {
  readonly of: (parameter: string) => Float32Array;
  readonly gradientOf: (parameter: string) => Float32Array;
  readonly learningRate: number;
  readonly steps: number;
}

/**
 * Checks all parameters after updates: none may be far off, and few may be off at all. In f32 the sign of a gradient
 * that is smaller than its error is noise, and AdamW divides a gradient by its size: such an element may have moved in
 * the other direction.
 */
export const checkParameters = Effect.fnUntraced(function* (
  session: Session,
  want: WantedParameters,
  family: Family,
  label: string,
) {
  const parameters = yield* session.parameters();
  const names = [...parameters.keys()];
  const exact = session.policy.adapter.kind === "interpreter";
  const largest = Math.max(...names.map((name) => largestMagnitude(want.gradientOf(name))));
  const noise = exact ? -1 : F32_GRADIENT_ERROR * largest;
  const reach = 2 * want.learningRate * want.steps;
  let [elements, far] = [0, 0];
  for (const name of names) {
    const [got, wanted, gradient] = [parameters.get(name)!, want.of(name), want.gradientOf(name)];
    const firm = [...wanted.keys()].filter((i) => Math.abs(gradient[i]!) > noise);
    const pick = (values: ArrayLike<number>) => firm.map((i) => values[i]!);
    family.close(pick(got), pick(wanted), { atol: ADAMW_WORST }, `${label} ${name}`);
    assertClose(got, wanted, { atol: Math.max(ADAMW_WORST, reach) }, `${label} ${name}`);
    elements += wanted.length;
    far += wanted.filter((w, i) => !(Math.abs(got[i]! - w) <= ADAMW_CLOSE)).length;
  }
  const allowed = Math.floor(elements * ADAMW_FAR_SHARE);
  if (far > allowed) throw new Error(`${label}: ${far} elements are off, ${allowed} may be`);
});

const checkGreedy = Effect.fnUntraced(function* (
  { policy }: Session,
  { golden }: GoldenModel,
  family: Family,
) {
  const fields = ["prompt", "tokens", "margin_top1_top2", "min_margin", "token_log_probs"];
  const cases = recordsOf(golden["greedy"], fields, "greedy");
  const generations = yield* policy.generate(
    cases.map(({ prompt, tokens }, i) => ({
      sequence: `greedy ${i}`,
      tokens: Uint32Array.from(vector(prompt)),
      key: [0, 0],
      maxTokens: list(tokens).length,
    })),
    { sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 }, stopIds: [] },
  );
  generations.forEach(({ tokens, logProbs }, i) => {
    family.equal([...tokens], cases[i]!["tokens"], `greedy ${i}`);
    const want = vector(cases[i]!["token_log_probs"]);
    family.close(logProbs, want, MODEL_VALUES, `log-probs of greedy ${i}`);
    family.countCase();
  });
});

const checkAdamw = Effect.fnUntraced(function* (
  session: Session,
  model: GoldenModel,
  family: Family,
) {
  const settings = record(model.golden["adamw"]);
  checkAdamwSettings(settings, ["losses", "grad_norms_before_clip"], family);
  const losses = vector(settings["losses"]);
  const norms = vector(settings["grad_norms_before_clip"]);
  const rows = trainedRowsOf(model);
  // The step's own gradients; where the folder has golden ones, the two have been compared.
  let gradients: ReadonlyMap<string, Float32Array> = new Map();
  yield* session.restart();
  for (const [step, wanted] of losses.entries()) {
    const { loss } = yield* session.nllGradient(rows);
    family.close([loss], [wanted], step === 0 ? MODEL_LOSS : LATER_LOSS, `AdamW loss ${step}`);
    if (step === 0) gradients = floatsBy(yield* session.gradients());
    const report = yield* session.learner.update({
      learningRate: num(settings["lr"]),
      clipNorm: num(settings["max_grad_norm"]),
    });
    family.equal(report, { ...report, applied: true }, `AdamW step ${step + 1}`);
    family.close([report.gradientNorm], [norms[step]!], NORM, `gradient norm ${step}`);
    const file = `adamw_step${step + 1}.safetensors`;
    if (!model.files.includes(file)) continue;
    const tensors = yield* Effect.promise(() => readTensors(model.folder, file));
    const want = {
      of: (name: string) => floatsOf(tensors, name),
      gradientOf: (name: string) => gradients.get(name)!,
      learningRate: num(settings["lr"]),
      steps: step + 1,
    };
    yield* checkParameters(session, want, family, file);
    family.countCase();
  }
  yield* session.restart();
});

function floatsBy(values: ReadonlyMap<string, ArrayLike<number>>) {
  return new Map(values.entries().map(([name, array]) => [name, Float32Array.from(array)]));
}

/** Fails on settings of AdamW that the update does not support. */
export function checkAdamwSettings(
  settings: GoldenRecord,
  traces: ReadonlyArray<string>,
  family: Family,
): void {
  const fields = ["lr", "betas", "eps", "weight_decay", "max_grad_norm", "decay", ...traces];
  assertKnown(Object.keys(settings), fields, "adamw");
  family.equal(settings["decay"], "all parameters", "decay");
}
