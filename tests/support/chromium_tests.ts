/** Test files that run in a page of Chromium, on its adapter that computes by software. */
import { ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import type { Family } from "../../src/gpu/launches.ts";
import type { TestOutcome } from "../page/run.ts";

/** Runs test files in one page by a family of kernels; each test of theirs is a step of `test`. */
export async function runInChromium(
  test: Deno.TestContext,
  family: Family,
  files: ReadonlyArray<string>,
): Promise<void> {
  // Playwright asks for more than can be named.
  const { success, stdout } = await command("deno", {
    args: ["run", "--quiet", "--frozen", "--allow-all", "tests/page/run.ts", ...files],
    env: { TEST_FAMILY: family },
    stderr: "inherit",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  for (const line of lines) {
    const { name, ignore, error }: TestOutcome = JSON.parse(line);
    const fn = () => {
      if (error !== null) throw new Error(error);
    };
    await test.step({ name, ignore, fn });
  }
  ok(success && lines.length > 0, `${files} ended early in Chromium`);
}
