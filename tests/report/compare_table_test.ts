import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  type ComparedRun,
  contrast,
  contrasts,
  estimate,
} from "../../src/report/compare_statistics.ts";
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

Deno.test("contrast() has the p value of the paired t test, which is below 0.05 where the interval excludes zero", () => {
  const found = contrast(runs, { preset: "igpo", base: "grpo" });
  // t is 0.2 / 0.057735 = 3.4641 with two degrees of freedom; P(|T| > t) is 1 - t / sqrt(t^2 + 2).
  strictEqual(found.p!.toFixed(6), (1 - 3.4641016 / Math.sqrt(14)).toFixed(6));
  strictEqual(contrast(runs.slice(0, 2), { preset: "igpo", base: "grpo" }).p, null);
  const same = [0, 1, 2].map((seed) => run("gspo", seed, [0.5, 0.6, 0.7][seed]!));
  strictEqual(contrast([...runs, ...same], { preset: "gspo", base: "grpo" }).p, 1);
});

/** A preset that is better by about 0.1 in five seeds, so that p is near 0.02. */
const better = (preset: string) =>
  [0.05, 0.06, 0.1, 0.13, 0.19].map((rise, seed) => run(preset, seed, 0.5 + rise));
const base = [0, 1, 2, 3, 4].map((seed) => run("grpo", seed, 0.5));
/** A preset of no effect. */
const idle = (preset: string) =>
  [0.1, -0.1, 0.1, -0.05, -0.05].map((rise, seed) => run(preset, seed, 0.5 + rise));

Deno.test("contrasts() corrects p for the number of presets that were tried", () => {
  const alone = contrasts([...base, ...better("igpo")], "grpo").get("igpo")!;
  strictEqual(alone.corrected, alone.p);
  const four = ["a", "b", "c"].flatMap(idle);
  const among = contrasts([...base, ...better("igpo"), ...four], "grpo").get("igpo")!;
  deepStrictEqual([among.p, among.corrected], [alone.p, 4 * alone.p!]);
});

Deno.test("compareReport() takes back what is not shown once all presets are counted", () => {
  const verdictOf = (others: ReadonlyArray<ComparedRun>) =>
    compareReport([...base, ...better("igpo"), ...others]).split("\n")
      .find((line) => line.startsWith("- `igpo`"));
  strictEqual(
    verdictOf([]),
    "- `igpo` beats `grpo` in sparse: +0.106 [0.035, 0.177], 5 seeds of 5",
  );
  strictEqual(
    verdictOf(["a", "b", "c"].flatMap(idle)),
    "- `igpo` and `grpo` in sparse: no difference shown, +0.106 [0.035, 0.177] excludes zero, " +
      "but p is 0.056 after Holm's correction for 4 presets",
  );
});

Deno.test("compareReport() calls fewer than ten seeds a first look", () => {
  const seeds = (count: number) =>
    Array.from({ length: count }, (_, seed) => [run("grpo", seed, 0.5), run("igpo", seed, 0.6)])
      .flat();
  const last = (count: number) => compareReport(seeds(count)).split("\n\n").at(-1)!;
  strictEqual(
    last(9),
    "This is a first look, as a comparison should have 10 seeds or more: it has 9",
  );
  ok(last(10).startsWith("- `igpo` beats"));
});

Deno.test("compareReport() has a table a world against its first preset, and a verdict", () => {
  const other = runs.map((one) => ({ ...one, world: "mixed" }));
  const parts = compareReport([...runs, ...other]).split("\n\n");
  strictEqual(parts.length, 7);
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
