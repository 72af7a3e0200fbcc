import { Effect } from "effect";
import { BadInput } from "./domain/errors.ts";
import { writeCheckpoint } from "./files/checkpoint_dir.ts";
import { writeFolderAtomic } from "./files/atomic.ts";
import { pathExists } from "./files/disk.ts";
import type { Screen } from "./files/screen.ts";
import { scalingOf } from "./model/lora.ts";
import { parametersOf } from "./model/parameters.ts";
import { writeAdapterFiles } from "./pipeline/adapter_folder.ts";
import type { ModelFolder } from "./pipeline/model_folder.ts";

/** The weights of a model with its adapters added in: W + s B A for each projection that has one. */
export function mergedWeights(model: ModelFolder): ReadonlyMap<string, Float32Array> {
  const { architecture, lora = null, weights } = model;
  if (lora === null) return weights;
  const scale = scalingOf(lora);
  return new Map(
    parametersOf(architecture).map(({ name, rows, cols }) => {
      const values = weights.get(name)!;
      const factor = (letter: "A" | "B") =>
        name.endsWith(".weight")
          ? weights.get(name.replace(/weight$/, `lora_${letter}.weight`))
          : undefined;
      const [first, second] = [factor("A"), factor("B")];
      if (first === undefined || second === undefined) return [name, values];
      const merged = values.slice();
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
          let sum = 0;
          for (let r = 0; r < lora.rank; r++) {
            sum += second[row * lora.rank + r]! * first[r * cols + col]!;
          }
          merged[row * cols + col] = values[row * cols + col]! + scale * sum;
        }
      }
      return [name, merged];
    }),
  );
}

/** Writes a model's adapters in PEFT's layout, or with `merge` the whole model with its adapters added in. */
export const exportModel = Effect.fn("exportModel")(
  function* (model: ModelFolder, { base, merge, out, screen }: {
    /** Folder or name of the model that the adapters belong to. */
    readonly base: string;
    readonly merge: boolean;
    readonly out: string;
    readonly screen: Screen;
  }) {
    const { architecture, config, lora = null, tokenizerFiles } = model;
    if (lora === null) {
      return yield* new BadInput({
        message: "Cannot export adapters as there must be some: --init-adapter names their folder",
      });
    }
    if (yield* pathExists(out)) {
      return yield* new BadInput({
        message: `Cannot export to "${out}" as it must be a new folder: it is there already`,
      });
    }
    if (merge) {
      const weights = mergedWeights(model);
      const tensors = parametersOf(architecture).map(({ name, shape }) => ({
        ...{ name, shape, values: weights.get(name)! },
      }));
      yield* writeCheckpoint(out, { config, tensors, dtype: "F32", files: tokenizerFiles });
    } else {
      yield* writeFolderAtomic(
        out,
        (folder) => writeAdapterFiles(folder, { architecture, base, lora, weights: model.weights }),
      );
    }
    yield* screen.print(`${merge ? "The merged model" : "The adapter"} is in ${out}`);
  },
);
