import { mean, standardDeviation } from "../math/statistics.ts";

/** What one run came to: named measures, such as `F1 after 10 steps`. */
export interface ComparedRun {
  readonly preset: string;
  readonly seed: number;
  readonly measures: Readonly<Record<string, number>>;
}

/** A mean with its standard error, which is null for a single value. */
export interface Estimate {
  readonly mean: number;
  readonly standardError: number | null;
  readonly count: number;
}

/**
 * Mean of values and its standard error, sd / sqrt(n) with the sample's standard deviation.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual(estimate([1, 1]), { mean: 1, standardError: 0, count: 2 });
 * ```
 */
export function estimate(values: ReadonlyArray<number>): Estimate {
  const sample = Float64Array.from(values);
  const count = sample.length;
  const standardError = count < 2 ? null : standardDeviation(sample, 1) / Math.sqrt(count);
  return { mean: mean(sample), standardError, count };
}

/**
 * Mean difference of a measure between a preset and a base over the seeds both have: pairing takes out what a seed
 * does to both.
 */
export function pairedDifference(
  runs: ReadonlyArray<ComparedRun>,
  pair: { readonly measure: string; readonly preset: string; readonly base: string },
): Estimate {
  const bySeed = (preset: string) =>
    new Map(
      runs.filter((run) => run.preset === preset)
        .map((run) => [run.seed, run.measures[pair.measure]]),
    );
  const base = bySeed(pair.base);
  const differences = bySeed(pair.preset).entries().flatMap(([seed, value]) => {
    const other = base.get(seed);
    return value === undefined || other === undefined ? [] : [value - other];
  });
  return estimate([...differences]);
}

/**
 * Markdown table of every measure: each preset's mean, and its paired difference from the first preset, with standard
 * errors over seeds.
 */
export function compareTable(runs: ReadonlyArray<ComparedRun>): string {
  const presets = [...new Set(runs.map((run) => run.preset))];
  const measures = [...new Set(runs.flatMap((run) => Object.keys(run.measures)))];
  const base = presets[0] ?? "";
  const rows = measures.flatMap((measure) =>
    presets.map((preset) => {
      const values = runs.flatMap((run) => {
        const value = run.preset === preset ? run.measures[measure] : undefined;
        return value === undefined ? [] : [value];
      });
      const difference = preset === base ? null : pairedDifference(runs, { measure, preset, base });
      return [
        measure,
        preset,
        String(values.length),
        estimateText(estimate(values)),
        difference === null ? "" : estimateText(difference, "signed"),
      ];
    })
  );
  const header = ["measure", "preset", "seeds", "mean ± s.e.", `difference from ${base} ± s.e.`];
  return markdownTable(header, rows);
}

function estimateText({ mean, standardError, count }: Estimate, sign?: "signed"): string {
  if (count === 0) return "–";
  const value = sign === "signed" && mean >= 0 ? `+${mean.toFixed(3)}` : mean.toFixed(3);
  return standardError === null ? value : `${value} ± ${standardError.toFixed(3)}`;
}

function markdownTable(
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
