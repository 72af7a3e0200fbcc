// Runs `numbersOf` of a bundle on a model's folder, by Dawn where it finds an adapter and else by plain loops:
// `node numbers.mjs BUNDLE FOLDER`.
import { readFileSync } from "node:fs";
import process from "node:process";
import { openDawn } from "./adapter.mjs";

const [bundle, folder] = process.argv.slice(2);
const device = await openDawn() ? "gpu" : "cpu";
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
