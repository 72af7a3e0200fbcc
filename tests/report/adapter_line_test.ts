import { deepStrictEqual, match } from "node:assert/strict";
import { adapterLines } from "../../src/report/adapter_line.ts";

Deno.test("adapterLines() has nothing to add to a GPU", () => {
  deepStrictEqual(adapterLines({ description: "NVIDIA H200" }), ["Running on NVIDIA H200"]);
});

Deno.test("adapterLines() tells how software gets faster, in 80 columns", () => {
  for (const description of ["SwiftShader Device (Subzero)", "llvmpipe (LLVM 15.0.6)", null]) {
    const lines = adapterLines({ description });
    match(lines[1]!, /^Faster: a GPU/);
    deepStrictEqual(lines.filter((line) => line.length > 80), []);
  }
});
