import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote, shorten } from "../domain/quote.ts";
import type { Recipe } from "../domain/recipe.ts";
import { writeNewFile } from "../files/disk.ts";
import { jsonText, readJsonFile } from "../files/json_file.ts";
import { readSafetensorsHeader, readTensor, writeSafetensors } from "../files/safetensors.ts";
import type { TensorInfo } from "../files/safetensors_header.ts";
import { toTrainable } from "../files/tensor_types.ts";
import { hashString, keyFromSeed, splitKey } from "../math/threefry.ts";
import type { Architecture } from "../model/architecture.ts";
import { checkLora, initialLora, type Lora, loraParametersOf } from "../model/lora.ts";
import { PEFT_PREFIX, readPeftConfig, writePeftConfig } from "../model/peft.ts";
import { withWeights } from "../model/weight_source.ts";
import type { ModelFolder } from "./model_folder.ts";

const CONFIG_FILE = "adapter_config.json";
const TENSORS_FILE = "adapter_model.safetensors";

/** Adapters and their values, by name. */
export interface Adapters {
  readonly lora: Lora;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Reads adapters in PEFT's layout, and fails on those of another model. */
export const readAdapterFolder = Effect.fn("readAdapterFolder")(
  function* (path: string, architecture: Architecture) {
    const config = yield* readJsonFile(`${path}/${CONFIG_FILE}`, "the adapter's configuration");
    const lora = yield* Effect.fromResult(readPeftConfig(config));
    const file = `${path}/${TENSORS_FILE}`;
    // A file may hold anything: nothing is read before names and shapes are those of this model.
    const { tensors } = yield* readSafetensorsHeader(file);
    const wanted: Array<readonly [name: string, tensor: TensorInfo]> = [];
    for (const { name, shape } of loraParametersOf(architecture, lora)) {
      const tensor = tensors.get(PEFT_PREFIX + name);
      if (tensor === undefined || String(tensor.shape) !== String(shape)) {
        const found = tensor === undefined
          ? "there is none"
          : `it has [${shorten(String(tensor.shape))}]`;
        return yield* new BadInput({
          message: `Cannot load the adapter "${path}" on this model as "${PEFT_PREFIX}${name}" ` +
            `must have shape [${shape}]: ${found}`,
        });
      }
      wanted.push([name, tensor]);
    }
    const known = new Set(wanted.map(([, tensor]) => tensor.name));
    const extra = [...tensors.keys()].find((name) => !known.has(name));
    if (extra !== undefined) {
      return yield* new BadInput({
        message: `Cannot load the adapter "${path}" on this model as ${CONFIG_FILE} must explain ` +
          `every tensor: ${quote(extra)} is extra`,
      });
    }
    const weights = new Map<string, Float32Array>();
    for (const [name, tensor] of wanted) {
      const raw = yield* readTensor(file, tensor);
      weights.set(name, yield* Effect.fromResult(toTrainable(raw)));
    }
    return { lora, weights } satisfies Adapters;
  },
);

/** Writes adapters in PEFT's layout into an existing folder. */
export const writeAdapterFiles = Effect.fn("writeAdapterFiles")(
  function* (folder: string, { architecture, base, lora, weights }: Adapters & {
    readonly architecture: Architecture;
    /** Folder or name of the model that they belong to. */
    readonly base: string;
  }) {
    const tensors = loraParametersOf(architecture, lora).map(({ name, shape }) => ({
      name: PEFT_PREFIX + name,
      shape,
      values: weights.get(name)!,
    }));
    yield* writeSafetensors(`${folder}/${TENSORS_FILE}`, tensors);
    const text = jsonText(writePeftConfig(lora, base));
    yield* writeNewFile(`${folder}/${CONFIG_FILE}`, [new TextEncoder().encode(text)]);
  },
);

/** A model with the adapters of a folder, or with fresh ones if the recipe asks for adapters. */
export const withAdapters = Effect.fn("withAdapters")(function* (
  model: ModelFolder,
  { adapter, recipe: { lora: sizes }, seed }: {
    readonly adapter: string | null;
    readonly recipe: Pick<Recipe, "lora">;
    readonly seed: number;
  },
) {
  const { architecture } = model;
  const asked = sizes === null
    ? null
    : yield* Effect.fromResult(checkLora({ ...sizes, targets: new Set(sizes.targets) }));
  if (adapter === null) {
    if (asked === null) return model;
    const key = splitKey(keyFromSeed(seed), hashString("lora"));
    const fresh = initialLora(architecture, asked, key);
    return { ...model, lora: asked, weights: withWeights(model.weights, fresh) };
  }
  const { lora, weights } = yield* readAdapterFolder(adapter, architecture);
  const text = ({ rank, alpha, rankStabilized, targets }: Lora) =>
    JSON.stringify({ rank, alpha, rankStabilized, targets: [...targets].sort() });
  if (asked !== null && text(asked) !== text(lora)) {
    return yield* new BadInput({
      message: `Cannot go on with the adapter "${adapter}" as the recipe's lora must be null or ` +
        `the adapter's own: they are ${text(asked)} and ${text(lora)}`,
    });
  }
  return { ...model, lora, weights: withWeights(model.weights, weights) };
});
