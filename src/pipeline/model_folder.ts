import { Effect } from "effect";
import type { WeightFormat } from "../domain/recipe.ts";
import { writeCheckpoint } from "../files/checkpoint_dir.ts";
import { diskFolder } from "../files/disk.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Lora } from "../model/lora.ts";
import { parametersOf } from "../model/parameters.ts";
import type { WeightSource } from "../model/weight_source.ts";
import { finiteState } from "./finite_state.ts";
import { readModel } from "./read_model.ts";

/** A model that was read from a folder. */
export interface ModelFolder {
  readonly architecture: Architecture;
  /** Weights of adapters included. */
  readonly weights: WeightSource;
  /** How its files hold matrices; a model made by this program is f32. */
  readonly storedAs: WeightFormat;
  /** Its adapters, which are trained instead of its own weights; null for none. */
  readonly lora: Lora | null;
  /** `config.json`, parsed. */
  readonly config: unknown;
  /** Texts of the files that make a tokenizer and its chat template, by name. */
  readonly tokenizerFiles: Readonly<Record<"tokenizer.json" | "tokenizer_config.json", string>>;
}

/** Reads a model that lies in a folder on disk. */
export const readModelFolder = (path: string): ReturnType<typeof readModel> =>
  readModel(diskFolder(path));

/** Writes the learner's weights as a folder like the one its model was read from. */
export const saveModelFolder = Effect.fn("saveModelFolder")(
  function* (path: string, { architecture, config, tokenizerFiles }: ModelFolder) {
    const { weights } = yield* finiteState;
    const tensors = parametersOf(architecture).map(({ name, shape }) => ({
      name,
      shape,
      values: weights.get(name)!,
    }));
    yield* writeCheckpoint(path, { config, tensors, dtype: "F32", files: tokenizerFiles });
  },
);
