import type { ModelFiles } from "../../src/pipeline/model_in_memory.ts";

/** The built-in model's files, in memory as a page has them. */
export async function builtInFiles(): Promise<ModelFiles> {
  const text = (name: string) => Deno.readTextFile(`checkpoints/spoiled/${name}`);
  return {
    "config.json": await text("config.json"),
    "tokenizer.json": await text("tokenizer.json"),
    "tokenizer_config.json": await text("tokenizer_config.json"),
    "model.safetensors": await Deno.readFile("checkpoints/spoiled/model.safetensors"),
  };
}
