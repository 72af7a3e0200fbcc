import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type ComparedRun, contrast, estimate } from "../../src/report/compare_statistics.ts";
import { compareReport } from "../../src/report/compare_table.ts";
import { reach } from "../../src/run/compare_record.ts";

function run(preset: string, seed: number, f1: number): ComparedRun {
  return {
    world: "sparse",
    preset,
    seed,
    before: 0.4,
    f1,
    byKind: {},
    idleGroups: 0.25,
    turns: 3,
    scores: Array.from({ length: 10 }, (_, q) => Number(q < 10 * f1)),
    stepSeconds: 1.5,
    target: null,
    seconds: 60,
    curve: [],
  };
}

const runs = [0.5, 0.6, 0.7].flatMap((f1, seed) => [
  run("grpo", seed, f1),
  run("igpo", seed, f1 + [0.1, 0.2, 0.3][seed]!),
]);

Deno.test("estimate() gives the mean and t sd / sqrt(n) to both sides, and no interval for one value", () => {
  const { mean, interval } = estimate([1, 2, 3]);
  // t of 0.975 with two degrees of freedom is 4.3027, sd / sqrt(n) is 0.57735.
  deepStrictEqual([mean, interval!.map((x) => x.toFixed(4))], [2, ["-0.4841", "4.4841"]]);
  strictEqual(estimate([1]).interval, null);
});

Deno.test("contrast() pairs by seed and leaves unpaired seeds out", () => {
  const found = contrast([...runs, run("igpo", 9, 1)], { preset: "igpo", base: "grpo" });
  deepStrictEqual([found.mean.toFixed(6), found.count, found.wins], ["0.200000", 3, 3]);
  // (4.3027 + 1.0607) 0.057735: what three seeds would show in 80 of 100 experiments.
  strictEqual(found.detectable!.toFixed(4), "0.3097");
});

Deno.test("contrast() draws questions anew: what all questions share has no spread, the rest has", () => {
  const shared = [run("grpo", 0, 0), run("igpo", 0, 1), run("grpo", 1, 0), run("igpo", 1, 1)];
  deepStrictEqual(contrast(shared, { preset: "igpo", base: "grpo" }).overQuestions, [1, 1]);
  const [low, high] = contrast(runs, { preset: "igpo", base: "grpo" }).overQuestions!;
  ok(low < 0.2 && high > 0.2 && low >= 0 && high <= 0.5, `${low} ${high}`);
});

Deno.test("contrast() says nothing about questions that were not written down", () => {
  const silent = runs.map((one) => ({ ...one, scores: [] }));
  strictEqual(contrast(silent, { preset: "igpo", base: "grpo" }).overQuestions, null);
});

Deno.test("compareReport() has a table a world against its first preset, and a verdict", () => {
  const other = runs.map((one) => ({ ...one, world: "mixed" }));
  const parts = compareReport([...runs, ...other]).split("\n\n");
  strictEqual(parts.length, 6);
  const [title, table, verdicts] = parts;
  strictEqual(title, "sparse, test F1 0.400 before training");
  ok(table!.split("\n").every((line) => line.split("|").length === 13));
  ok(table!.includes("+0.200 [-0.048, 0.448]"));
  strictEqual(
    verdicts,
    "- `igpo` and `grpo` in sparse: no difference shown, +0.200 [-0.048, 0.448] includes zero",
  );
});

Deno.test("reach() is linear between evaluations and counts the time of the steps until then", () => {
  const curve = [{ step: 0, f1: 0.4 }, { step: 10, f1: 0.5 }, { step: 20, f1: 0.9 }];
  const seconds = Array.from({ length: 20 }, (_, i) => i + 1);
  const { steps, seconds: taken } = reach(curve, seconds)!;
  strictEqual(steps.toFixed(9), "12.500000000");
  strictEqual(taken.toFixed(9), (78 + 6.5).toFixed(9));
  strictEqual(reach(curve.slice(0, 2), seconds), null);
  deepStrictEqual(reach([{ step: 0, f1: 0.7 }], seconds), { steps: 0, seconds: 0 });
});
