import { mean } from "../math/statistics.ts";
import {
  type ComparedRun,
  contrasts,
  type CorrectedContrast,
  type Estimate,
  estimate,
  TARGET_F1,
} from "./compare_statistics.ts";

/** Fewer seeds than these are a first look. */
const ENOUGH_SEEDS = 10;

/** For each world, a Markdown table of all presets against the first, and one verdict for each other preset. */
export function compareReport(runs: ReadonlyArray<ComparedRun>): string {
  const worlds = [...Map.groupBy(runs, ({ world }) => world)]
    .map(([world, own]) => worldReport(world, own));
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const note = `This is a first look, as a comparison should have ${ENOUGH_SEEDS} seeds or more: ` +
    `it has ${seeds}`;
  return [...worlds, ...(seeds < ENOUGH_SEEDS ? [note] : [])].join("\n\n");
}

function worldReport(world: string, runs: ReadonlyArray<ComparedRun>): string {
  const presets = [...new Set(runs.map((run) => run.preset))];
  const base = presets[0]!;
  const header = [
    "preset",
    "seeds",
    "test F1 [95 %]",
    "worst seed",
    `less ${base} [95 %]`,
    "[over questions]",
    "would show",
    "teach nothing",
    `steps to ${TARGET_F1}`,
    `seconds to ${TARGET_F1}`,
    "seconds a step",
  ];
  const others = contrasts(runs, base);
  const rows = presets.map((preset) =>
    rowOf(runs.filter((run) => run.preset === preset), others.get(preset) ?? null)
  );
  const verdicts = [...others].map(([preset, found]) =>
    `- ${verdict(found, { preset, base, world, tried: others.size })}`
  );
  const before = runs[0]!.before.toFixed(3);
  return [
    `${world}, test F1 ${before} before training`,
    markdownTable(header, rows),
    ...(verdicts.length > 0 ? [verdicts.join("\n")] : []),
  ].join("\n\n");
}

function rowOf(
  runs: ReadonlyArray<ComparedRun>,
  found: CorrectedContrast | null,
): ReadonlyArray<string> {
  const meanOf = (value: (run: ComparedRun) => number) => mean(Float64Array.from(runs, value));
  return [
    runs[0]!.preset,
    String(runs.length),
    estimateText(estimate(runs.map(({ f1 }) => f1))),
    Math.min(...runs.map(({ f1 }) => f1)).toFixed(3),
    found === null ? "" : estimateText(found, "signed"),
    intervalText(found?.overQuestions ?? null),
    found?.detectable?.toFixed(3) ?? "",
    `${(100 * meanOf(({ idleGroups }) => idleGroups)).toFixed(1)} %`,
    reachText(runs, ({ steps }) => steps),
    reachText(runs, ({ seconds }) => seconds),
    meanOf(({ stepSeconds }) => stepSeconds).toFixed(2),
  ];
}

/** Mean over the runs that reached the target, and their number where some did not. */
function reachText(
  runs: ReadonlyArray<ComparedRun>,
  value: (target: NonNullable<ComparedRun["target"]>) => number,
): string {
  const reached = runs.flatMap(({ target }) => target === null ? [] : [value(target)]);
  if (reached.length === 0) return "never";
  const text = mean(Float64Array.from(reached)).toFixed(0);
  return reached.length === runs.length ? text : `${text} (${reached.length} of ${runs.length})`;
}

/**
 * One sentence on whether a difference was shown: whether the p value is below 0.05 after Holm's correction for the
 * presets that were tried beside the base. Intervals are those of a single comparison.
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * const found = { mean: 0.78, interval: [0.71, 0.85], count: 10, wins: 10 } as const;
 * strictEqual(
 *   verdict({ ...found, overQuestions: null, detectable: null, p: 1e-8, corrected: 3e-8 }, {
 *     preset: "x", base: "grpo", world: "sparse", tried: 3,
 *   }),
 *   "`x` beats `grpo` in sparse: +0.780 [0.710, 0.850], 10 seeds of 10",
 * );
 * ```
 */
export function verdict(
  { mean, interval, count, wins, corrected }: CorrectedContrast,
  { preset, base, world, tried }: {
    readonly preset: string;
    readonly base: string;
    readonly world: string;
    readonly tried: number;
  },
): string {
  const found = estimateText({ mean, interval, count }, "signed");
  const pair = `\`${preset}\` and \`${base}\` in ${world}`;
  if (interval === null || corrected === null) {
    return `${pair}: no difference can be shown with ${count === 1 ? "one seed" : "no seed"}` +
      (count === 1 ? `, which had ${found}` : "");
  }
  const isShown = corrected < 0.05;
  const excludesZero = interval[0] > 0 || interval[1] < 0;
  if (excludesZero && !isShown) {
    return `${pair}: no difference shown, ${found} excludes zero, but p is ${
      corrected.toFixed(3)
    } after Holm's correction for ${tried} presets`;
  }
  if (interval[0] > 0) {
    return `\`${preset}\` beats \`${base}\` in ${world}: ${found}, ${wins} seeds of ${count}`;
  }
  if (interval[1] < 0) {
    return `\`${preset}\` loses to \`${base}\` in ${world}: ${found}, ${
      count - wins
    } seeds of ${count}`;
  }
  return `${pair}: no difference shown, ${found} includes zero`;
}

function estimateText({ mean, interval, count }: Estimate, sign?: "signed"): string {
  if (count === 0) return "–";
  const value = sign === "signed" && mean >= 0 ? `+${mean.toFixed(3)}` : mean.toFixed(3);
  return interval === null ? value : `${value} ${intervalText(interval)}`;
}

function intervalText(interval: readonly [number, number] | null): string {
  return interval === null ? "" : `[${interval[0].toFixed(3)}, ${interval[1].toFixed(3)}]`;
}

/** A Markdown table with columns of even width. */
export function markdownTable(
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)]
    .join("\n");
}
