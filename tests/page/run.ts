// deno-lint-ignore-file no-console
/**
 * Runs test files in a page of Chromium, by software, or on Dawn in Node 24, by software where it finds no adapter, and
 * prints as JSON how each test went, from the root of the repository: `run.ts chromium|dawn tests/shaders/head_test.ts …`.
 */
import { command } from "../../driver/command.ts";
import type { Runtime } from "../support/runtimes.ts";
import { bundle, inPage } from "./page.ts";

/** How a test went. */
export interface TestOutcome {
  readonly name: string;
  readonly ignore: boolean;
  /** Whether TEST_WITHOUT, a JSON array, has its name. */
  readonly isLeftOut: boolean;
  readonly error: string | null;
  readonly millis: number;
}

const inChromium = (files: ReadonlyArray<string>) =>
  inPage(files, async (page) => {
    await page.exposeFunction("report", (found: TestOutcome) => console.log(JSON.stringify(found)));
    await page.evaluate("runTests(report)");
  });

async function onDawn(files: ReadonlyArray<string>) {
  const config = ["--config", "bench/compilers/deno.json"];
  const install = command("deno", {
    args: ["install", "--quiet", "--frozen", ...config],
    stderr: "inherit",
  });
  if (!(await install.output()).success) throw new Error("Dawn could not be installed");
  const args = ["bench/compilers/tests.mjs", await bundle(files)];
  const { code } = await command("node", { args, stdout: "inherit", stderr: "inherit" }).output();
  Deno.exit(code);
}

const [runtime, ...files] = Deno.args;
await ({ chromium: inChromium, dawn: onDawn })[runtime as Runtime](files);
