/**
 * The table of what was tried from outside and did not hold once (tests/tries): each command, what it answers now, and
 * whether that is as it must be. TRIES names the rows to try, as a part of their text.
 */
import { deepStrictEqual } from "node:assert/strict";
import { makeFiles, type Outcome, runIn } from "../tries/files.ts";
import { TRIES, type Try } from "../tries/tries.ts";
import { inFolder } from "../support/tiny_run.ts";

const PROJECT = Deno.cwd();
const wanted = Deno.env.get("TRIES") ?? "";
/** Words of the engine, of which no answer may have one. */
const FOREIGN = /\bat file:|[a-z]Error: |\bundefined\b|panicked/;

/** The line of an answer that tells, cut to a line of a table. */
function tellingLine({ output }: Outcome, { answer }: Try): string {
  const lines = output.trimEnd().split("\n");
  return (lines.findLast((line) => answer.test(line)) ?? lines.slice(-3).join(" ")).slice(0, 220);
}

Deno.test("what was tried once holds now", () =>
  inFolder(async (folder) => {
    Deno.env.set("PROJECT", PROJECT);
    await makeFiles(folder);
    const wrong: string[] = [];
    for (const one of TRIES.filter(({ row, what }) => `${row} · ${what}`.includes(wanted))) {
      const outcome = await runIn(folder, one.line);
      const output = outcome.output.trimEnd();
      const holds = outcome.code === one.code && one.answer.test(output) && !FOREIGN.test(output);
      const told = `${one.row} · ${one.what} · \`${one.line}\` · ${outcome.code}: ` +
        tellingLine(outcome, one);
      Deno.stdout.writeSync(new TextEncoder().encode(`${holds ? "" : "WRONG "}${told}\n`));
      if (!holds) wrong.push(`${told}\n${output.slice(0, 2000)}`);
    }
    deepStrictEqual(wrong, []);
  }));
