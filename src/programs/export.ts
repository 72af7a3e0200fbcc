import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { writeFolderAtomic } from "../files/atomic.ts";
import { writeCheckpoint } from "../files/checkpoint_dir.ts";
import { pathExists } from "../files/disk.ts";
import type { Screen } from "../files/screen.ts";
import { catchSignals } from "../files/signals.ts";
import type { FloatDtype } from "../files/tensor_types.ts";
import { factorsOf, type Lora, loraParametersOf, scalingOf } from "../model/lora.ts";
import { parametersOf } from "../model/parameters.ts";
import { readParameters, streamParameter, type WeightSource } from "../model/weight_source.ts";
import { writeAdapterFiles } from "../pipeline/adapter_folder.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";

/** The weights of a model with its adapters added in: W + s B A for each projection that has one. */
export const mergedWeights = Effect.fn("mergedWeights")(function* (
  { architecture, weights }: Pick<ModelFolder, "architecture" | "weights">,
  lora: Lora,
) {
  const factors = yield* readParameters(weights, loraParametersOf(architecture, lora));
  const columns = new Map(parametersOf(architecture).map(({ name, cols }) => [name, cols]));
  const scale = scalingOf(lora);
  const read: WeightSource["read"] = Effect.fnUntraced(function* (name, from, count) {
    const values = yield* weights.read(name, from, count);
    const [first, second] = factorsOf(name).map((factor) => factors.get(factor));
    if (first === undefined || second === undefined) return values;
    const cols = columns.get(name)!;
    return values.map((value, i) => {
      const [row, col] = [Math.floor((from + i) / cols), (from + i) % cols];
      let sum = 0;
      for (let r = 0; r < lora.rank; r++) {
        sum += second[row * lora.rank + r]! * first[r * cols + col]!;
      }
      return value + scale * sum;
    });
  });
  return { read } satisfies WeightSource;
});

const DTYPES: ReadonlyMap<unknown, FloatDtype> = new Map([
  ["bfloat16", "BF16"],
  ["float16", "F16"],
]);

/** The type of the stored weights, as the model's configuration says. */
function dtypeOf(config: unknown): FloatDtype {
  const said = isRecord(config) ? config["torch_dtype"] ?? config["dtype"] : undefined;
  return DTYPES.get(said) ?? "F32";
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
    const { architecture, config, lora, tokenizerFiles } = model;
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
    yield* catchSignals;
    if (merge) {
      const merged = yield* mergedWeights(model, lora);
      const tensors = parametersOf(architecture).map((parameter) => ({
        name: parameter.name,
        shape: parameter.shape,
        values: streamParameter(merged, parameter),
      }));
      const dtype = dtypeOf(config);
      yield* writeCheckpoint(out, { config, tensors, dtype, files: tokenizerFiles });
    } else {
      const weights = yield* readParameters(model.weights, loraParametersOf(architecture, lora));
      yield* writeFolderAtomic(
        out,
        (folder) => writeAdapterFiles(folder, { architecture, base, lora, weights }),
      );
    }
    yield* screen.print(`${merge ? "The merged model" : "The adapter"} is in ${out}`);
  },
);
