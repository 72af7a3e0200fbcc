// deno-lint-ignore-file no-console
/** Plants faults in a copy of the project, one at a time, and counts how often the law that owns each catches it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { copyProject } from "../support/project_copy.ts";
import { filesBelow } from "../support/source_graph.ts";
import { inFolder } from "../support/tiny_run.ts";
import { type Fault, FAULTS } from "./fault_catalogue.ts";

/** Runs of each law, each with draws of its own. */
const RUNS = Number(Deno.env.get("FAULT_RUNS") ?? 20);
/** Runs that must catch a fault: 19 of 20. */
const LEAST = Math.ceil(0.95 * RUNS);

async function copyWithLaws(folder: string): Promise<void> {
  await copyProject(folder);
  for (
    const path of [
      ...await filesBelow("tests/laws", ".ts"),
      ...await filesBelow("tests/support", ".ts"),
      "tests/golden/transcript.ts",
      "tests/slow/run_law.ts",
    ]
  ) {
    await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(path, `${folder}/${path}`);
  }
}

/** How many runs of a law fail in a folder. */
async function failures(
  folder: string,
  { file, to, laws, law }: Fault,
  runs: number,
): Promise<number> {
  const child = command("deno", {
    args: ["run", "--no-check", "--no-prompt", "--allow-read", "tests/slow/run_law.ts", laws, law]
      .concat(String(runs)),
    cwd: folder,
    stderr: "null",
  });
  const { success, stdout } = await child.output();
  ok(success, `${laws} cannot run with the fault ${file} ${to}`);
  return Number(new TextDecoder().decode(stdout));
}

Deno.test("each fault is caught by the law that owns it, in 19 runs of 20", () =>
  inFolder(async (folder) => {
    await copyWithLaws(folder);
    const missed: Array<string> = [];
    for (const fault of FAULTS) {
      const path = `${folder}/${fault.file}`;
      const source = await Deno.readTextFile(fault.file);
      strictEqual(source.split(fault.from).length, 2, `${fault.file} holds once: ${fault.from}`);
      const without = await failures(folder, fault, 1);
      strictEqual(without, 0, `${fault.law} of ${fault.laws} fails without a fault`);
      await Deno.writeTextFile(path, source.replace(fault.from, () => fault.to));
      const caught = await failures(folder, fault, RUNS);
      await Deno.writeTextFile(path, source);
      const row = `${caught}/${RUNS} ${fault.law} ${fault.file} -> ${fault.to.trim()}`;
      console.log(row);
      if (caught < LEAST) missed.push(row);
    }
    deepStrictEqual(missed, []);
  }));
