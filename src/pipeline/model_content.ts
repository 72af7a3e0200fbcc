import { Effect, Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote, shorten } from "../domain/quote.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { TensorPart } from "../files/read_safetensors.ts";
import type { TensorInfo } from "../files/safetensors_header.ts";
import { type RawTensor, type TensorDtype, toFloat32 } from "../files/tensor_types.ts";
import { type Architecture, readArchitecture } from "../model/architecture.ts";
import { type Parameter, parametersOf } from "../model/parameters.ts";
import type { WeightSource } from "../model/weight_source.ts";
import type { ModelFolder } from "./model_folder.ts";

/** What a model is read from, in the layout of the Hugging Face hub, wherever its bytes lie. */
export interface ModelContent extends TensorSource {
  /** `config.json`, parsed but not decoded. */
  readonly config: unknown;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Where tensors are read from. */
export interface TensorSource {
  /** The model's name in errors. */
  readonly path: string;
  /** A part of a tensor as it is stored. */
  readonly read: (name: string, part: TensorPart) => Effect.Effect<RawTensor, BadInput>;
}

/** A model without the files of its tokenizer; fails if its tensors are not those of its config. */
export function modelOf(
  content: ModelContent,
): Result.Result<Omit<ModelFolder, "tokenizerFiles">, BadInput> {
  const { config, tensors } = content;
  return Result.gen(function* () {
    const architecture = yield* readArchitecture(config);
    yield* checkTensors(content, architecture);
    return {
      architecture,
      weights: weightsFrom(content),
      storedAs: STORED_AS[tensors.get(EMBEDDING)?.dtype ?? "F32"] ?? "f32",
      lora: null,
      config,
    };
  });
}

/** Formats that store tensors of a file's type exactly; other types are widened to f32. */
const STORED_AS: Partial<Readonly<Record<TensorDtype, WeightFormat>>> = {
  BF16: "bf16",
  F16: "f16",
};

/** A tensor that every model has; its type is taken for that of all matrices. */
const EMBEDDING = "model.embed_tokens.weight";

/** The tensors of a source, read on demand; reading fails on numbers that are not finite. */
export function weightsFrom({ path, read }: TensorSource): WeightSource {
  return {
    read: Effect.fnUntraced(function* (name, from, count) {
      const raw = yield* read(name, { from, count });
      const values = yield* Effect.fromResult(toFloat32(raw));
      const wrong = firstNonFinite(values);
      if (wrong < 0) return values;
      return yield* new BadInput({
        message: `Cannot load "${path}" as the tensor "${name}" must hold finite numbers: ` +
          `value ${from + wrong} is ${values[wrong]}`,
      });
    }),
  };
}

/** Index of the first value that is not finite, or -1. A plain loop for speed: models have billions of weights. */
function firstNonFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) return i;
  }
  return -1;
}

/** Tensors that checkpoints may hold although nothing reads them. */
const SPARE = /rotary_emb\.inv_freq$/;

/** Fails unless the content holds each parameter in its shape, and nothing that the config does not explain. */
function checkTensors(
  { path, tensors }: ModelContent,
  architecture: Architecture,
): Result.Result<void, BadInput> {
  const parameters = parametersOf(architecture);
  const wrong = parameters.find(({ name, shape }) => !sameShape(tensors.get(name)?.shape, shape));
  if (wrong !== undefined) {
    return Result.fail(wrongTensor(path, wrong, tensors.get(wrong.name)?.shape));
  }
  const known = new Set(parameters.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) =>
    !known.has(name) && !SPARE.test(name) && !(architecture.tied && name === "lm_head.weight")
  );
  if (extra === undefined) return Result.void;
  return Result.fail(
    new BadInput({
      message: `Cannot load "${path}" as config.json must explain every tensor: ${
        quote(extra)
      } is extra`,
    }),
  );
}

function sameShape(found: ReadonlyArray<number> | undefined, wanted: ReadonlyArray<number>) {
  return found?.length === wanted.length && wanted.every((size, i) => found[i] === size);
}

function wrongTensor(
  path: string,
  { name, shape }: Parameter,
  found: ReadonlyArray<number> | undefined,
): BadInput {
  return new BadInput({
    message: `Cannot load "${path}" as the tensor "${name}" must have shape [${shape}]: ${
      found === undefined ? "there is none" : `it has [${shorten(String(found))}]`
    }`,
  });
}
