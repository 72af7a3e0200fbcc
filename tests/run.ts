// deno-lint-ignore-file no-console
/**
 * Runs the parts of the test suite that its arguments name; without arguments, all but the slow proofs. The last line
 * is `N passed, N failed, N skipped`. Formatting, linting and type checking count as one test each.
 *
 * @module
 */

import { command } from "../driver/command.ts";
import { findChromium } from "./support/chromium.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One `deno` command. Missing `paths` are left out, and a part without any test counts as one skipped test. */
interface Part {
  readonly args: ReadonlyArray<string>;
  readonly paths: ReadonlyArray<string>;
  /** For `deno test` parts only: what the tests may do beyond reading, writing and computing. */
  readonly test?: { readonly permissions: ReadonlyArray<string> };
  /** What the machine lacks, said aloud, where the tests cannot run. */
  readonly missing?: string;
  /** Set where the output of the tests is part of the result. */
  readonly shows?: "output";
}

/** Tests that start programs of this project. */
const PROGRAMS = [
  "tests/check_reward_test.ts",
  "tests/cli_test.ts",
  "tests/credit_run_test.ts",
  "tests/driver/command_test.ts",
  "tests/driver_task_test.ts",
  "tests/evaluate_run_test.ts",
  "tests/help_test.ts",
  "tests/hub_run_test.ts",
  "tests/launcher_test.ts",
  "tests/page_bundle_test.ts",
  "tests/permissions_test.ts",
  "tests/spans_test.ts",
  "tests/worker_test.ts",
];
/** Tests whose threads are ended in endless work: some compute on until their process ends, and slow down the others. */
const HOSTILE = [
  "tests/checks",
  "tests/files/parquet_test.ts",
  "tests/fuzz",
  "tests/template_trial_test.ts",
];
/** Tests that start programs of others, and end all that those start. */
const SERVERS = ["tests/search/mcp_test.ts"];
/** Tests in a browser, which this machine may lack. */
const CHROMIUM = ["tests/chromium"];
/** Tests of kernels, models and policies there, the longest first. */
const RUNTIMES = ["tests/runtimes"];
const hasChromium = await findChromium() !== null;
const NO_CHROMIUM = "CHROMIUM names no Chromium, and none is at the usual places";
const SPECIAL = [
  "tests/laws",
  "tests/golden",
  "tests/shaders",
  "tests/gpu",
  "tests/learning",
  "tests/slow",
  "tests/architecture_test.ts",
  ...CHROMIUM,
  ...RUNTIMES,
  ...HOSTILE,
  ...SERVERS,
  ...PROGRAMS,
];
// The files that run rival runtimes have a configuration of their own.
const SOURCES = [
  ...["mod.ts", "browser.ts", "src", "tests", "bench/bench.ts", "bench/first_step.ts"],
  ...["bench/formats.ts", "bench/large_step.ts", "bench/long_context.ts", "bench/plans.ts"],
  ...[
    "bench/card.ts",
    "bench/card_work.ts",
    "bench/counts.ts",
    "bench/truth.ts",
    "bench/view.ts",
    "bench/live.ts",
    "bench/site.ts",
  ],
  ...["driver/main.ts", "driver/help.ts", "driver/allow.ts"],
];
const DOCUMENTED = ["mod.ts", "src", "README.md", "docs"];
const RESULTS = ".cache/tests";

/** Only the machine itself can be reached. */
const NETWORK = "--allow-net=127.0.0.1,localhost";

function tests(paths: ReadonlyArray<string>, ...args: ReadonlyArray<string>): Part {
  const permissions = [NETWORK, "--allow-ffi=.cache/driver", "--deny-write=.cache/driver"];
  return { args, paths, test: { permissions } };
}

function programTests(...paths: ReadonlyArray<string>): Part {
  return { args: [], paths, test: { permissions: ["--allow-run=deno,sh", NETWORK] } };
}

function inChromium(paths: ReadonlyArray<string>, ...args: ReadonlyArray<string>): Part {
  return hasChromium
    ? { ...programTests(...paths), args, shows: "output" }
    : { ...programTests(), missing: NO_CHROMIUM };
}

const PARTS: Readonly<Record<string, Part>> = {
  format: { args: ["fmt", "--check"], paths: ["."] },
  lint: { args: ["lint", "--quiet"], paths: ["."] },
  check: { args: ["check", "--frozen", "--quiet"], paths: SOURCES },
  architecture: programTests("tests/architecture_test.ts"),
  unit: tests(["tests"], `--ignore=${SPECIAL.join(",")}`, "--parallel"),
  hostile: tests(HOSTILE, "--parallel"),
  laws: tests(["tests/laws"], "--parallel"),
  golden: { ...tests(["tests/golden"]), shows: "output" },
  kernels: tests(["tests/shaders", "tests/gpu"], "--parallel"),
  learning: tests(["tests/learning"]),
  docs: tests(DOCUMENTED, "--doc"),
  programs: programTests(...PROGRAMS),
  chromium: inChromium(CHROMIUM),
  runtimes: inChromium(RUNTIMES, "--parallel"),
  servers: { args: [], paths: SERVERS, test: { permissions: ["--allow-run", NETWORK] } },
  proofs: programTests("tests/slow"),
};

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function deno(args: ReadonlyArray<string>): Promise<boolean> {
  const child = command("deno", { args: [...args], stdin: "null" }).spawn();
  return (await child.status).success;
}

/** Counts of a JUnit report, or one failure without a report: then the tests could not even be loaded. */
async function readCounts(report: string, { success }: { success: boolean }): Promise<Counts> {
  const xml = await Deno.readTextFile(report).catch(() => "");
  const total = (name: string) =>
    Number(/<testsuites[^>]*>/.exec(xml)?.[0].match(` ${name}="(\\d+)"`)?.[1] ?? 0);
  const bad = total("failures") + total("errors");
  const failed = success ? bad : Math.max(1, bad);
  const skipped = xml.match(/<skipped/g)?.length ?? 0;
  const passed = Math.max(0, total("tests") - bad - skipped);
  return { passed, failed, skipped: passed + failed + skipped === 0 ? 1 : skipped };
}

async function runPart(name: string, part: Part, options: { isChecked: boolean }): Promise<Counts> {
  const present: Array<string> = [];
  for (const path of part.paths) if (await exists(path)) present.push(path);
  if (part.missing !== undefined) console.log(`SKIPPED: ${part.missing}`);
  if (present.length === 0) return { passed: 0, failed: 0, skipped: 1 };
  if (part.test === undefined) {
    const passed = Number(await deno([...part.args, ...present]));
    return { passed, failed: 1 - passed, skipped: 0 };
  }
  const report = `${RESULTS}/${name}.xml`;
  await Deno.remove(report).catch(() => {});
  const success = await deno([
    ...[
      "test",
      "--no-prompt",
      "--frozen",
      ...(part.shows === "output" ? [] : ["--quiet"]),
      "--permit-no-files",
      `--junit-path=${report}`,
    ],
    ...["--allow-read", "--allow-write", "--allow-env", ...part.test.permissions],
    ...(options.isChecked && name !== "docs" ? ["--no-check"] : []),
    ...part.args,
    ...present,
  ]);
  return await readCounts(report, { success });
}

const names = Deno.args.length > 0
  ? Deno.args
  : Object.keys(PARTS).filter((name) => name !== "proofs");
const unknown = names.find((name) => PARTS[name] === undefined);
if (unknown !== undefined) {
  console.error(`Cannot run part "${unknown}" as the parts are ${Object.keys(PARTS).join(", ")}`);
  Deno.exit(2);
}
await Deno.mkdir(RESULTS, { recursive: true });

const results = new Map<string, Counts>();
for (const name of names) {
  console.log(`\n== ${name}`);
  results.set(name, await runPart(name, PARTS[name]!, { isChecked: names.includes("check") }));
}

console.log();
for (const [name, { passed, failed, skipped }] of results) {
  const verdict = failed > 0 ? "FAILED" : passed > 0 ? "ok" : "skipped";
  console.log(
    `${name.padEnd(14)}${verdict.padEnd(9)}${passed} passed, ${failed} failed, ${skipped} skipped`,
  );
}
const sum = (count: (counts: Counts) => number) =>
  results.values().reduce((total, counts) => total + count(counts), 0);
const failed = sum((counts) => counts.failed);
console.log();
console.log(`${sum((c) => c.passed)} passed, ${failed} failed, ${sum((c) => c.skipped)} skipped`);
Deno.exit(failed > 0 ? 1 : 0);
