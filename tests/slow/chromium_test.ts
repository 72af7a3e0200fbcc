// deno-lint-ignore-file no-console
/** The tests of kernels, models and policies, in Chromium with an adapter that computes by software. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import type { TestOutcome } from "../page/run.ts";
import { findChromium } from "../support/chromium.ts";

const ignore = await findChromium() === null;
/** Tests that compute on the counting device, in Deno's threads, or on a device that they lose by Deno's means. */
const OF_DENO = [
  "tests/gpu/counts_test.ts",
  "tests/gpu/compilers_test.ts",
  "tests/gpu/loss_test.ts",
];

for (const folder of ["tests/shaders", "tests/gpu", "tests/model", "tests/policy"]) {
  Deno.test({
    name: `${folder} in Chromium`,
    ignore,
    fn: async () => {
      const found = await Array.fromAsync(Deno.readDir(folder), ({ name }) => `${folder}/${name}`);
      const files = found
        .filter((file) => file.endsWith("_test.ts") && !OF_DENO.includes(file)).sort();
      const outcomes: Array<TestOutcome> = [];
      for (const file of files) {
        // Playwright asks for more than can be named.
        const { stdout } = await command("deno", {
          args: ["run", "--quiet", "--frozen", "--allow-all", "tests/page/run.ts", file],
          stderr: "inherit",
        }).output();
        const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
        ok(lines.length > 0, `${file} ran no test`);
        outcomes.push(...lines.map((line) => JSON.parse(line)));
      }
      const skipped = outcomes.filter((outcome) => outcome.ignore).length;
      const failed = outcomes.filter(({ error }) => error !== null);
      console.log(`${folder}: ${outcomes.length - skipped} tests ran, ${skipped} were skipped`);
      deepStrictEqual(failed, []);
    },
  });
}
