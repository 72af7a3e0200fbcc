// deno-lint-ignore-file no-console
/**
 * What storing weights in fewer bits does to log-probs: mean and largest difference from f32, in nats, over 256 random
 * tokens of each model given. Random weights are the hard case: nothing in them is redundant.
 *
 * deno task bench:formats FOLDER...
 */
import { Effect } from "effect";
import { WEIGHT_FORMATS, type WeightFormat } from "../src/domain/recipe.ts";
import { openCheckpoint } from "../src/files/checkpoint_dir.ts";
import { keyFromSeed, uniform } from "../src/math/threefry.ts";
import { readArchitecture } from "../src/model/architecture.ts";
import { formatOf } from "../src/model/decoder.ts";
import { storedBytes } from "../src/model/formats.ts";
import { storedParametersOf } from "../src/model/parameters.ts";
import { weightsOf } from "../src/pipeline/read_model.ts";
import { makePolicy } from "../src/policy/make_policy.ts";
import { createRuntime } from "../src/policy/runtime.ts";
import { openMachine } from "../src/run/machine.ts";

const CAPACITY = { rows: 1, contextTokens: 64, passTokens: 256, messageTokens: 1 };

const logProbs = Effect.fnUntraced(function* (folder: string, format: WeightFormat) {
  const opened = yield* openCheckpoint(folder);
  const architecture = yield* Effect.fromResult(readArchitecture(opened.config));
  const engine = yield* (yield* openMachine("auto")).makeEngine;
  const model = { architecture, weights: weightsOf(opened), format };
  const policy = makePolicy(yield* createRuntime(engine, model, CAPACITY));
  const key = keyFromSeed(1);
  const sequences = Array.from({ length: 4 }, (_, row) => ({
    tokens: Uint32Array.from(
      { length: 65 },
      (_, i) => Math.floor(uniform(key, 65 * row + i) * architecture.vocabulary),
    ),
    position: Uint32Array.from({ length: 64 }, (_, i) => i + 1),
  }));
  const evaluated = yield* policy.logProbs(sequences, 1);
  const bytes = storedParametersOf(architecture).reduce(
    (sum, one) => sum + storedBytes(formatOf(one, format), one.rows * one.cols),
    0,
  );
  return { values: evaluated.flatMap(({ logProb }) => [...logProb]), bytes };
}, Effect.scoped);

const program = Effect.gen(function* () {
  console.log("| model | weights | bytes | mean | largest |\n| --- | --- | --- | --- | --- |");
  for (const folder of Deno.args) {
    const exact = yield* logProbs(folder, "f32");
    for (const format of WEIGHT_FORMATS) {
      const { values, bytes } = yield* logProbs(folder, format);
      const errors = values.map((value, i) => Math.abs(value - exact.values[i]!));
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      const cells = [folder.split("/").at(-1), format, bytes, mean.toFixed(5)];
      console.log(`| ${[...cells, Math.max(...errors).toFixed(5)].join(" | ")} |`);
    }
  }
});

await Effect.runPromise(program);
Deno.exit(0);
