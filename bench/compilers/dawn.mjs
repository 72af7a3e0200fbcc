// Compiles WGSL texts by Dawn, on its device that computes nothing: `node dawn.mjs TEXTS.json`.
import { readFileSync } from "node:fs";
import process from "node:process";
import { create } from "webgpu";

// Kept, since everything ends with it when it is collected.
globalThis.gpu = create(["backend=null"]);
const adapter = await globalThis.gpu.requestAdapter();
const device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] });
const errors = [];
for (const code of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  // Else Dawn would print the error. Its answer comes too late to be waited for.
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  device.popErrorScope().catch(() => {});
  const { messages } = await module.getCompilationInfo();
  const error = messages.find(({ type }) => type === "error");
  errors.push(error === undefined ? null : `${error.lineNum}: ${error.message}`);
}
process.stdout.write(JSON.stringify({ compiler: "Dawn", errors }));
// The device would keep the process alive.
process.exit(0);
