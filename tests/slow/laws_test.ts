/** Runs every law 200 times, each time with other draws: a law that is false, or hardly meets its case, fails some. */
import { strictEqual } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { filesBelow } from "../support/source_graph.ts";

const RUNS = 200;

for (const file of (await filesBelow("tests/laws", "_laws_test.ts"))) {
  Deno.test(`the laws of ${file} hold in ${RUNS} runs`, async () => {
    const args = ["run", "--no-check", "--no-prompt", "--allow-read", "--allow-env"];
    const { stdout } = await command("deno", {
      args: [...args, "tests/slow/run_law.ts", file, "law", String(RUNS)],
    }).output();
    strictEqual(new TextDecoder().decode(stdout), "0");
  });
}
