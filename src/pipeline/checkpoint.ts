import { Effect, Schema } from "effect";
import { DateText } from "../domain/date.ts";
import { decodeRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { shorten } from "../domain/quote.ts";
import { writeFolderAtomic } from "../files/atomic.ts";
import { syncFolder, writeNewFile } from "../files/disk.ts";
import { jsonText, readJsonFile } from "../files/json_file.ts";
import {
  type Float32Tensor,
  readSafetensorsHeader,
  readTensor,
  writeSafetensors,
} from "../files/safetensors.ts";
import { checkpointPath, listCheckpoints } from "../files/run_checkpoints.ts";
import { toTrainable } from "../files/tensor_types.ts";
import { loraParametersOf } from "../model/lora.ts";
import { type Parameter, parametersOf } from "../model/parameters.ts";
import { readParameters } from "../model/weight_source.ts";
import type { LearnerState, PolicyWeights } from "../policy/policy.ts";
import { readAdapterFolder, writeAdapterFiles } from "./adapter_folder.ts";
import { finiteState } from "./finite_state.ts";
import { type ModelFolder, readModelFolder } from "./model_folder.ts";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

/** The state in a checkpoint besides weights and moments. */
export const CheckpointState = Schema.Struct({
  /** Steps done. */
  step: Count,
  /** Updates applied to the weights; a skipped update does not count. */
  updates: Count,
  /** Updates that the weights of {@link BEHAVIOUR_FILE} have seen, where the checkpoint has that file. */
  behaviourUpdates: Schema.optionalKey(Count),
  seed: Schema.Int,
  /** The date in the system prompt, so that a resumed run uses the same prompts. */
  date: DateText,
});

/** The state in a checkpoint besides weights and moments. */
export type CheckpointState = typeof CheckpointState.Type;

const STATE_FILE = "state.json";
const OPTIMIZER_FILE = "optimizer.safetensors";
/** The trained weights that play the next step, where they are not the checkpoint's own. */
const BEHAVIOUR_FILE = "behaviour.safetensors";

/** The trained parameters of a model, in the order in which its checkpoints hold them. */
export function trainedOf(
  { architecture, lora }: Pick<ModelFolder, "architecture" | "lora">,
): ReadonlyArray<Parameter> {
  return lora === null ? parametersOf(architecture) : loraParametersOf(architecture, lora);
}

/**
 * Writes a checkpoint to `checkpoints/step-N` of a run, whole or not at all. It holds the trained weights (a model in
 * the layout of the Hugging Face hub, or adapters in PEFT's), the optimiser's moments and the state; and where older weights play the next step, these.
 */
export const saveCheckpoint = Effect.fn("saveCheckpoint")(
  function* (
    run: string,
    state: Pick<CheckpointState, "step" | "seed" | "date">,
    model: ModelFolder & { readonly base: string; readonly behaviour: PolicyWeights | null },
  ) {
    const { updates, weights, moments } = yield* finiteState;
    const parameters = trainedOf(model);
    const { lora, behaviour } = model;
    // Listing creates the folder of the checkpoints if it is missing.
    yield* listCheckpoints(run);
    yield* writeFolderAtomic(checkpointPath(run, state.step), (folder) =>
      Effect.gen(function* () {
        if (lora !== null) yield* writeAdapterFiles(folder, { ...model, lora, weights });
        else {
          yield* writeSafetensors(
            `${folder}/model.safetensors`,
            weightTensors(parameters, weights),
          );
        }
        yield* writeSafetensors(`${folder}/${OPTIMIZER_FILE}`, momentTensors(parameters, moments));
        if (behaviour !== null) {
          yield* writeSafetensors(
            `${folder}/${BEHAVIOUR_FILE}`,
            weightTensors(parameters, behaviour.weights),
          );
        }
        const texts = {
          ...(lora === null
            ? { "config.json": jsonText(model.config), ...model.tokenizerFiles }
            : {}),
          [STATE_FILE]: jsonText({
            ...state,
            updates,
            ...(behaviour === null ? {} : { behaviourUpdates: behaviour.updates }),
          }),
        };
        for (const [name, text] of Object.entries(texts)) {
          yield* writeNewFile(`${folder}/${name}`, [new TextEncoder().encode(text)]);
        }
      }));
    // The folder of the checkpoints may be new.
    yield* syncFolder(run);
  },
);

/** The newest checkpoint of a run of `model`, or null when it has none. */
export const loadLatestCheckpoint = Effect.fn("loadLatestCheckpoint")(
  function* (run: string, model: ModelFolder) {
    const step = (yield* listCheckpoints(run)).at(-1);
    if (step === undefined) return null;
    const path = checkpointPath(run, step);
    const loaded = yield* loadCheckpoint(path, model);
    if (loaded.state.step === step) return loaded;
    return yield* new BadInput({
      message: `Cannot resume from "${path}" as ${STATE_FILE} must have the step of its folder, ` +
        `${step}: it has ${loaded.state.step}`,
    });
  },
);

/** A learner's state from a checkpoint, and the checkpoint's other state. */
export interface LoadedCheckpoint {
  readonly learner: LearnerState;
  /** The weights that play the next step; null if the learner's do. */
  readonly behaviour: PolicyWeights | null;
  readonly state: CheckpointState;
}

/** Reads a checkpoint's folder: the adapters of `model` if it has some, else a whole model. */
export const loadCheckpoint = Effect.fn("loadCheckpoint")(function* (
  path: string,
  model: ModelFolder,
) {
  const held = model.lora === null
    ? yield* readWhole(path)
    : { ...model, ...(yield* readAdapterFolder(path, model.architecture)) };
  const { weights } = held;
  const said = yield* readJsonFile(`${path}/${STATE_FILE}`, "the state of the checkpoint");
  const state = yield* decodeRecord(CheckpointState, said, "the state of the checkpoint");
  const parameters = trainedOf(held);
  const readMoment = yield* tensorsOf(path, OPTIMIZER_FILE);
  const moments = new Map<string, { readonly m: Float32Array; readonly v: Float32Array }>();
  for (const parameter of parameters) {
    const { name } = parameter;
    moments.set(name, {
      m: yield* readMoment(parameter, `m ${name}`),
      v: yield* readMoment(parameter, `v ${name}`, 0),
    });
  }
  const learner: LearnerState = { updates: state.updates, weights, moments };
  const behaviour = yield* readBehaviour(path, state, parameters);
  return { learner, behaviour, state } satisfies LoadedCheckpoint;
});

/** Reads tensors of a file of a checkpoint by name; each must have the shape of its parameter. */
const tensorsOf = Effect.fnUntraced(function* (path: string, name: string) {
  const file = `${path}/${name}`;
  const { tensors } = yield* readSafetensorsHeader(file);
  return Effect.fnUntraced(function* ({ shape }: Parameter, wanted: string, least?: number) {
    const tensor = tensors.get(wanted);
    if (tensor !== undefined && String(tensor.shape) === String(shape)) {
      return yield* Effect.fromResult(toTrainable(yield* readTensor(file, tensor), least));
    }
    return yield* new BadInput({
      message: `Cannot resume from "${path}" as ${name} must hold "${wanted}" with shape ` +
        `[${shape}]: ${
          tensor === undefined ? "there is none" : `it has [${shorten(String(tensor.shape))}]`
        }`,
    });
  });
});

const readBehaviour = Effect.fnUntraced(function* (
  path: string,
  { behaviourUpdates: updates }: CheckpointState,
  parameters: ReadonlyArray<Parameter>,
) {
  if (updates === undefined) return null;
  const read = yield* tensorsOf(path, BEHAVIOUR_FILE);
  const weights = new Map<string, Float32Array>();
  for (const parameter of parameters) {
    weights.set(parameter.name, yield* read(parameter, parameter.name));
  }
  return { updates, weights } satisfies PolicyWeights;
});

const readWhole = Effect.fnUntraced(function* (path: string) {
  const model = yield* readModelFolder(path);
  const weights = yield* readParameters(model.weights, parametersOf(model.architecture));
  return { ...model, weights };
});

/** Fails unless each tensor of a checkpoint has as many values as in the model that the run began with. */
export function checkSameModel(
  { learner }: Pick<LoadedCheckpoint, "learner">,
  model: ModelFolder,
): Effect.Effect<void, BadInput> {
  for (const { name, rows, cols } of trainedOf(model)) {
    const length = rows * cols;
    const found = learner.weights.get(name)?.length ?? 0;
    if (found === length) continue;
    return Effect.fail(
      new BadInput({
        message: `Cannot resume as the checkpoint's "${name}" must have as many values as the ` +
          `model's, ${length}: it has ${found}`,
      }),
    );
  }
  return Effect.void;
}

function momentTensors(
  parameters: ReadonlyArray<Parameter>,
  moments: LearnerState["moments"],
): ReadonlyArray<Float32Tensor> {
  return parameters.flatMap((parameter) => {
    const found = moments.get(parameter.name);
    if (found === undefined) return [];
    return [tensorOf(parameter, "m ", found.m), tensorOf(parameter, "v ", found.v)];
  });
}

function weightTensors(
  parameters: ReadonlyArray<Parameter>,
  weights: LearnerState["weights"],
): ReadonlyArray<Float32Tensor> {
  return parameters.map((parameter) => tensorOf(parameter, "", weights.get(parameter.name)!));
}

function tensorOf({ name, shape }: Parameter, prefix: string, values: Float32Array): Float32Tensor {
  return { name: `${prefix}${name}`, shape, values };
}
