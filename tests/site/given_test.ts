import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { sortGiven } from "../../src/site/given.ts";

const given = (...paths: ReadonlyArray<string>) =>
  paths.map((path) => ({ path, file: new File([], path) }));
const sorted = (...paths: ReadonlyArray<string>) => {
  const { traces, model } = sortGiven(given(...paths));
  const names = (files: typeof traces | null) => files?.map(({ path }) => path) ?? null;
  return { traces: names(traces), model: names(model) };
};

Deno.test("sortGiven() takes a folder with a configuration and weights for a model, all else for traces", () => {
  const model = ["qwen/config.json", "qwen/model.safetensors", "qwen/tokenizer.json"];
  deepStrictEqual(sorted("runs/1.json", ...model, "runs/2.json"), {
    traces: ["runs/1.json", "runs/2.json"],
    model,
  });
});

Deno.test("sortGiven() takes a model whose files were dropped without their folder", () => {
  deepStrictEqual(sorted("config.json", "model.safetensors").traces, []);
});

Deno.test("sortGiven() sees no model where configuration and weights lie apart", () => {
  strictEqual(sorted("a/config.json", "b/model.safetensors").model, null);
});
