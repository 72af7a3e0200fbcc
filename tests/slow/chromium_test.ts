/**
 * The tests of kernels, models and policies, golden numbers and a whole training step in Chromium, on its adapter that
 * computes by software; tests/chromium has a part of them.
 */
import type { Family } from "../../src/gpu/launches.ts";
import { findChromium } from "../support/chromium.ts";
import { runInChromium } from "../support/chromium_tests.ts";

const ignore = await findChromium() === null;
/** Tests that compute on the counting device, in Deno's threads, or on a device that they lose by Deno's means. */
const OF_DENO = [
  "tests/gpu/counts_test.ts",
  "tests/gpu/compilers_test.ts",
  "tests/gpu/loss_test.ts",
];
/** Folders whose tests run each kernel by every family that has one of its own. */
const EVERY_FAMILY = ["tests/shaders", "tests/gpu"];

/** By tiles, SwiftShader does not end compiling a kernel of theirs: it takes 9 GB and more. */
const BY_LOOPS = ["tests/policy/lora_test.ts"];

const files = ["tests/golden/models_test.ts", "tests/page/training_step.ts"];
for (const folder of [...EVERY_FAMILY, "tests/model", "tests/policy"]) {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith("_test.ts")) files.push(`${folder}/${name}`);
  }
}

function familiesOf(file: string): ReadonlyArray<Family> {
  if (BY_LOOPS.includes(file)) return ["loops"];
  return EVERY_FAMILY.some((folder) => file.startsWith(folder)) ? ["tiles"] : ["tiles", "loops"];
}

for (const file of files.filter((file) => !OF_DENO.includes(file)).sort()) {
  for (const family of familiesOf(file)) {
    Deno.test({
      name: `${file} by ${family} in Chromium`,
      ignore,
      fn: (test) => runInChromium(test, family, [file]),
    });
  }
}
