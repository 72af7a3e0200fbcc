import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compareTable, estimate, pairedDifference } from "../../src/report/compare_table.ts";

const runs = [0.5, 0.6, 0.7].flatMap((f1, seed) => [
  { preset: "grpo", seed, measures: { F1: f1 } },
  { preset: "igpo", seed, measures: { F1: f1 + [0.1, 0.2, 0.3][seed]! } },
]);

Deno.test("estimate() gives mean and sd / sqrt(n), and no error for one value", () => {
  const { mean, standardError } = estimate([1, 2, 3]);
  deepStrictEqual([mean, standardError?.toFixed(6)], [2, "0.577350"]);
  strictEqual(estimate([1]).standardError, null);
});

Deno.test("pairedDifference() pairs by seed and leaves unpaired seeds out", () => {
  const alone = { preset: "igpo", seed: 9, measures: { F1: 100 } };
  const { mean, standardError, count } = pairedDifference([...runs, alone], {
    ...{ measure: "F1", preset: "igpo", base: "grpo" },
  });
  deepStrictEqual([mean.toFixed(6), standardError?.toFixed(6), count], ["0.200000", "0.057735", 3]);
});

Deno.test("compareTable() is a Markdown table against the first preset", () => {
  const lines = compareTable(runs).split("\n");
  strictEqual(lines.length, 4);
  ok(lines.every((line) => line.split("|").length === 7));
  ok(lines[3]!.includes("+0.200 ± 0.058"));
});
