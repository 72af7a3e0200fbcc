import { Effect, Result } from "effect";
import { type Lora, loraParametersOf } from "../../src/model/lora.ts";
import { PEFT_PREFIX, readPeftConfig } from "../../src/model/peft.ts";
import { assertKnown, num, record, vector } from "./golden_dir.ts";
import {
  checkAdamwSettings,
  checkForward,
  checkGradients,
  checkParameters,
  LATER_LOSS,
  lossColumnsOf,
  MODEL_LOSS,
  NORM,
  objectiveOf,
  trainedRowsOf,
} from "./model_cases.ts";
import {
  floatsOf,
  type GoldenModel,
  goldenNamesIn,
  readJson,
  readTensors,
} from "./model_folder.ts";
import type { Session } from "./model_session.ts";
import type { Family } from "./summary.ts";

const FILES = ["adapter_config.json", "adapter_model.safetensors", "golden.safetensors"];
const FORWARD = ["logits", "log_probs", "entropy"];
const STEPS = 3;

/** A golden model with the adapter of its folder `lora`, whose values are among the weights. */
export async function readGoldenLora(
  model: GoldenModel,
): Promise<{ readonly model: GoldenModel; readonly lora: Lora }> {
  assertKnown(goldenNamesIn(`${model.folder}/lora`), FILES, `${model.folder}/lora`);
  const lora = Result.getOrThrow(
    readPeftConfig(readJson(model.folder, "lora/adapter_config.json")),
  );
  const tensors = await readTensors(model.folder, "lora/adapter_model.safetensors");
  const names = loraParametersOf(model.architecture, lora).map(({ name }) => name);
  assertKnown(tensors.keys(), names.map((name) => PEFT_PREFIX + name), "adapter_model.safetensors");
  const adapters = names.map((name) => [name, floatsOf(tensors, PEFT_PREFIX + name)] as const);
  return { lora, model: { ...model, weights: new Map([...model.weights, ...adapters]) } };
}

/** Logits, losses, gradients and AdamW steps of a golden adapter. */
export const checkLora = Effect.fnUntraced(function* (
  session: Session,
  model: GoldenModel,
  lora: Lora,
  family: Family,
) {
  const tensors = yield* Effect.promise(() => readTensors(model.folder, "lora/golden.safetensors"));
  const names = loraParametersOf(model.architecture, lora).map(({ name }) => PEFT_PREFIX + name);
  const kinds = ["grad_nll", "grad_ppo"];
  for (let step = 1; step <= STEPS; step++) kinds.push(`adamw_step${step}`);
  const known = kinds.flatMap((kind) => names.map((name) => `${kind}.${name}`));
  assertKnown(tensors.keys(), [...FORWARD, ...known], "lora/golden.safetensors");
  const of = (kind: string) => (name: string) => floatsOf(tensors, `${kind}.${PEFT_PREFIX}${name}`);

  yield* checkForward(session, model, (name) => floatsOf(tensors, name), family);
  const losses = record(model.golden["lora_losses"]);
  assertKnown(Object.keys(losses), ["nll", "ppo"], "lora_losses");
  const base = yield* Effect.promise(() => readTensors(model.folder, "golden.safetensors"));
  const rows = trainedRowsOf(model);
  const columns = lossColumnsOf(model, (name) => floatsOf(base, name));
  for (const name of Object.keys(losses)) {
    const objective = () => objectiveOf(record(model.golden[name]));
    const result = name === "nll"
      ? yield* session.nllGradient(rows)
      : yield* session.surrogateGradient(rows, columns, objective());
    family.equal(result.bad, null, `${name} with adapters finite`);
    family.close([result.loss], [num(losses[name])], MODEL_LOSS, `loss ${name} with adapters`);
    yield* checkGradients(session, of(`grad_${name}`), family, `lora ${name}`);
    family.countCase();
  }
  yield* checkSteps(session, model, of, family);
});

const checkSteps = Effect.fnUntraced(function* (
  session: Session,
  model: GoldenModel,
  of: (kind: string) => (name: string) => Float32Array,
  family: Family,
) {
  const settings = record(model.golden["adamw"]);
  checkAdamwSettings(settings, ["losses", "grad_norms_before_clip"], family);
  const traces = record(model.golden["lora"]);
  assertKnown(
    Object.keys(traces),
    ["r", "alpha", "scaling", "adamw_losses", "adamw_grad_norms"],
    "lora",
  );
  const losses = vector(traces["adamw_losses"]);
  const norms = vector(traces["adamw_grad_norms"]);
  yield* session.restart();
  for (const [step, wanted] of losses.entries()) {
    const { loss } = yield* session.nllGradient(trainedRowsOf(model));
    family.close([loss], [wanted], step === 0 ? MODEL_LOSS : LATER_LOSS, `lora loss ${step}`);
    const report = yield* session.learner.update({
      learningRate: num(settings["lr"]),
      clipNorm: num(settings["max_grad_norm"]),
    });
    family.close([report.gradientNorm], [norms[step]!], NORM, `lora gradient norm ${step}`);
    const want = {
      of: of(`adamw_step${step + 1}`),
      gradientOf: of("grad_nll"),
      learningRate: num(settings["lr"]),
      steps: step + 1,
    };
    yield* checkParameters(session, want, family, `lora step ${step + 1}`);
    family.countCase();
  }
});
