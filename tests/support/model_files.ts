import type { ModelFiles } from "../../src/pipeline/model_in_memory.ts";

const fileOf = (name: string) => new URL(`../../checkpoints/spoiled/${name}`, import.meta.url);

/** The built-in model's files, in memory as a page has them. */
export async function builtInFiles(): Promise<ModelFiles> {
  const text = (name: string) => Deno.readTextFile(fileOf(name));
  return {
    "config.json": await text("config.json"),
    "tokenizer.json": await text("tokenizer.json"),
    "tokenizer_config.json": await text("tokenizer_config.json"),
    "model.safetensors": await Deno.readFile(fileOf("model.safetensors")),
  };
}
