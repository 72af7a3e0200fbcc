/** Test files that run in other runtimes with WebGPU. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import type { Family } from "../../src/gpu/launches.ts";
import type { TestOutcome } from "../page/run.ts";

/** A page of Chromium, by software, or Node 24 with Dawn, by software where it finds no adapter. */
export type Runtime = "chromium" | "dawn";

const NODE_24 = "process.exit(Number(process.versions.node.split('.')[0] < 24))";

/** Whether this machine has a Node that Dawn's tests can run in. */
export async function hasNode24(): Promise<boolean> {
  const args = ["-c", `node -e "${NODE_24}"`];
  return (await command("sh", { args, stderr: "null" }).output()).success;
}

/** Tests that compute on the counting device, in Deno's threads, or on a device that they lose by Deno's means. */
const OF_DENO = [
  "tests/gpu/counts_test.ts",
  "tests/gpu/compilers_test.ts",
  "tests/gpu/loss_test.ts",
];

/** The test files of a folder that other runtimes can run. */
export async function filesOf(folder: string): Promise<ReadonlyArray<string>> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) =>
    `${folder}/${name}`
  );
  return names.filter((name) => name.endsWith("_test.ts") && !OF_DENO.includes(name)).sort();
}

/** Which tests of some files are run. */
export interface Chosen {
  /** How their names begin. @default {""} */
  readonly prefix?: string;
  /** Names of tests that are left out, and must exist. @default {[]} */
  readonly without?: ReadonlyArray<string>;
}

/** Runs test files in one process of a runtime by a family of kernels; each test of theirs is a step of `test`. */
export async function runIn(
  runtime: Runtime,
  test: Deno.TestContext,
  family: Family,
  files: ReadonlyArray<string>,
  { prefix = "", without = [] }: Chosen = {},
): Promise<void> {
  // Playwright asks for more than can be named.
  const { success, stdout } = await command("deno", {
    args: ["run", "--quiet", "--frozen", "--allow-all", "tests/page/run.ts", runtime, ...files],
    env: { TEST_FAMILY: family, TEST_PREFIX: prefix, TEST_WITHOUT: JSON.stringify(without) },
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
