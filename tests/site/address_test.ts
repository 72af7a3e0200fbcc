import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readAddress, writeAddress } from "../../src/site/address.ts";

Deno.test("an address holds preset, seed and device", () => {
  const address = { preset: "paper-v2", seed: 7, device: "cpu" } as const;
  strictEqual(writeAddress(address), "#preset=paper-v2&seed=7&device=cpu");
  deepStrictEqual(readAddress(writeAddress(address)), address);
});

Deno.test("readAddress() leaves out what makes no sense", () => {
  const usual = { preset: "igpo-uplift", seed: 1, device: "auto" };
  for (const hash of ["", "#", "#preset=grpo&seed=-1&device=tpu", "#seed=1e3&preset=__proto__"]) {
    deepStrictEqual(readAddress(hash), usual);
  }
});
