import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import type { Float32Tensor } from "../../src/files/safetensors.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { readParameters, weightsInMemory } from "../../src/model/weight_source.ts";
import { readModelFolder } from "../../src/pipeline/model_folder.ts";
import { inFolder, TINY, tinyModel, tinyTensors, writeTinyModel } from "../support/tiny_run.ts";

const read = (given: ReadonlyArray<Float32Tensor>, files: Readonly<Record<string, string>> = {}) =>
  inFolder((folder) =>
    Effect.runPromise(
      writeTinyModel(`${folder}/model`, given, files).pipe(
        Effect.andThen(readModelFolder(`${folder}/model`)),
        // Weights are read lazily, so they are read here, before the folder is removed.
        Effect.flatMap((model) =>
          Effect.map(
            readParameters(model.weights, parametersOf(model.architecture)),
            (weights) => ({ ...model, weights: weightsInMemory(weights) }),
          )
        ),
      ),
    )
  );

const refusal = async (given: ReadonlyArray<Float32Tensor>) => {
  const message = await read(given).then(() => "", (error: Error) => error.message);
  return message.replace(/"[^"]*\/model"/, '"model"');
};

const extra = (name: string): Float32Tensor => ({ name, shape: [1], values: new Float32Array(1) });

Deno.test("readModelFolder() reads what was written", async () => {
  const { architecture, weights, tokenizerFiles } = await read(tinyTensors);
  deepStrictEqual(architecture, TINY);
  const found = await Effect.runPromise(readParameters(weights, parametersOf(TINY)));
  deepStrictEqual(found, new Map(tinyTensors.map(({ name, values }) => [name, values])));
  const part = await Effect.runPromise(weights.read("model.norm.weight", 3, 5));
  deepStrictEqual(part, found.get("model.norm.weight")!.slice(3, 8));
  deepStrictEqual(tokenizerFiles, tinyModel.tokenizerFiles);
});

Deno.test("readModelFolder() takes the chat template from a file of its own where there is one", async () => {
  const chat_template = "{{ messages }}";
  const { tokenizerFiles } = await read(tinyTensors, { "chat_template.jinja": chat_template });
  const config = JSON.parse(tinyModel.tokenizerFiles["tokenizer_config.json"]);
  deepStrictEqual(JSON.parse(tokenizerFiles["tokenizer_config.json"]), {
    ...config,
    chat_template,
  });
});

Deno.test("readModelFolder() tolerates rotary buffers and the head of a tied model", async () => {
  const spare = ["model.layers.0.self_attn.rotary_emb.inv_freq", "lm_head.weight"].map(extra);
  deepStrictEqual((await read([...tinyTensors, ...spare])).architecture, TINY);
});

Deno.test("readModelFolder() refuses a tensor that is missing, misshapen or unexplained", async () => {
  const [embedding, ...rest] = tinyTensors;
  strictEqual(
    await refusal(rest),
    'Cannot load "model" as the tensor "model.embed_tokens.weight" must have shape [640,16]: ' +
      "there is none",
  );
  strictEqual(
    await refusal([{ ...embedding!, shape: [16, 640] }, ...rest]),
    'Cannot load "model" as the tensor "model.embed_tokens.weight" must have shape [640,16]: ' +
      "it has [16,640]",
  );
  strictEqual(
    await refusal([...tinyTensors, extra("model.layers.0.extra")]),
    'Cannot load "model" as config.json must explain every tensor: "model.layers.0.extra" is extra',
  );
});

Deno.test("readModelFolder() refuses weights that are not finite", async () => {
  const [embedding, ...rest] = tinyTensors;
  for (const wrong of [NaN, -Infinity]) {
    const values = embedding!.values.with(17, wrong);
    strictEqual(
      await refusal([{ ...embedding!, values }, ...rest]),
      'Cannot load "model" as the tensor "model.embed_tokens.weight" must hold finite numbers: ' +
        `value 17 is ${wrong}`,
    );
  }
});
