/** Test files that run in other runtimes with WebGPU, by software where they have no adapter. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import type { Family } from "../../src/gpu/launches.ts";
import type { TestOutcome } from "../page/run.ts";

/** A page of Chromium, or Node 24 with Dawn. */
export type Runtime = "chromium" | "dawn";

/**
 * Runs test files in one process of a runtime by a family of kernels; each test of theirs is a step of `test` but those
 * that `without` names, which must exist.
 */
export async function runIn(
  runtime: Runtime,
  test: Deno.TestContext,
  family: Family,
  files: ReadonlyArray<string>,
  without: ReadonlyArray<string> = [],
): Promise<void> {
  // Playwright asks for more than can be named.
  const { success, stdout } = await command("deno", {
    args: ["run", "--quiet", "--frozen", "--allow-all", "tests/page/run.ts", runtime, ...files],
    env: { TEST_FAMILY: family, TEST_WITHOUT: JSON.stringify(without) },
    stderr: "inherit",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  const outcomes = lines.map((line): TestOutcome => JSON.parse(line));
  for (const { name, ignore, isLeftOut, error } of outcomes) {
    const fn = () => {
      if (error !== null) throw new Error(error);
    };
    if (!isLeftOut) await test.step({ name, ignore, fn });
  }
  ok(success && outcomes.length > 0, `${files} ended early in ${runtime}`);
  const leftOut = outcomes.filter(({ isLeftOut }) => isLeftOut).map(({ name }) => name);
  deepStrictEqual(leftOut.toSorted(), without.toSorted());
}
