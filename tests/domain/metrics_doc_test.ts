import { deepStrictEqual, ok } from "node:assert/strict";
import { STEP_METRICS, TIMINGS } from "../../src/domain/report.ts";

const DOC = new URL("../../docs/metrics.md", import.meta.url);

/** The rows of the document's table of step metrics, without header and rule. */
function documentedRows(): ReadonlyArray<ReadonlyArray<string>> {
  const section = Deno.readTextFileSync(DOC).split("## Each step")[1]!.split("\n## ")[0]!;
  const lines = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

Deno.test("docs/metrics.md says the formula of every number of a step", () => {
  const want = Object.entries(STEP_METRICS).map(([name, formula]) => [`\`${name}\``, formula]);
  deepStrictEqual(documentedRows(), want);
});

Deno.test("TIMINGS are the metrics that are named after seconds", () => {
  const named = Object.keys(STEP_METRICS).filter((name) => /seconds?$/i.test(name));
  deepStrictEqual([...TIMINGS].sort(), named.sort());
  ok(TIMINGS.length > 0);
});
