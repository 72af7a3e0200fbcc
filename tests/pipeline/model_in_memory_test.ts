import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Effect, Result } from "effect";
import { parametersOf } from "../../src/model/parameters.ts";
import { readParameters } from "../../src/model/weight_source.ts";
import { readModelFolder } from "../../src/pipeline/model_folder.ts";
import { modelInMemory } from "../../src/pipeline/model_in_memory.ts";
import { builtInFiles } from "../support/model_files.ts";

const files = await builtInFiles();

Deno.test("modelInMemory() reads what readModelFolder() reads", () =>
  Effect.runPromise(Effect.gen(function* () {
    const { weights, ...model } = yield* Effect.fromResult(modelInMemory(files));
    const { weights: wanted, ...folder } = yield* readModelFolder("checkpoints/spoiled");
    deepStrictEqual(model, folder);
    const parameters = parametersOf(model.architecture);
    ok(parameters.length > 10);
    deepStrictEqual(
      yield* readParameters(weights, parameters),
      yield* readParameters(wanted, parameters),
    );
  })));

Deno.test("modelInMemory() says what is wrong with files", () => {
  const bytes = files["model.safetensors"];
  const messageOf = (wrong: Partial<typeof files>) => {
    const read = modelInMemory({ ...files, ...wrong });
    return Result.isFailure(read) ? read.failure.message : "it was read";
  };
  match(messageOf({ "model.safetensors": bytes.subarray(0, -4) }), /must fill the file/);
  match(messageOf({ "model.safetensors": new Uint8Array(3) }), /at least 8 bytes/);
  match(messageOf({ "config.json": "{" }), /config\.json .* must be JSON/);
  const config = files["config.json"].replace('"hidden_size": 96', '"hidden_size": 48');
  match(messageOf({ "config.json": config }), /must have shape/);
});
