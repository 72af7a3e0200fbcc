// Runs `numbersOf` of a bundle on a model's folder, by Dawn where it finds an adapter and else by plain loops:
// `node numbers.mjs BUNDLE FOLDER`.
import { readFileSync } from "node:fs";
import process from "node:process";
import { create, globals } from "webgpu";

const [bundle, folder] = process.argv.slice(2);
Object.assign(globalThis, globals);
// Kept, since everything ends with it when it is collected.
globalThis.gpu = create([]);
Object.defineProperty(navigator, "gpu", { value: globalThis.gpu });
const device = await navigator.gpu.requestAdapter() === null ? "cpu" : "gpu";
await import(bundle);
const text = (name) => readFileSync(`${folder}/${name}`, "utf8");
const found = await globalThis.numbersOf({
  "config.json": text("config.json"),
  "tokenizer.json": text("tokenizer.json"),
  "tokenizer_config.json": text("tokenizer_config.json"),
  "model.safetensors": new Uint8Array(readFileSync(`${folder}/model.safetensors`)),
}, device);
process.stdout.write(JSON.stringify(found));
// The device would keep the process alive.
process.exit(0);
