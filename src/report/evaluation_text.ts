/** The table of an evaluation for the terminal, as Markdown and as CSV. */
import type { Against, EvaluationTable, SourceReport } from "./evaluation_table.ts";

const number = (value: number) => value.toFixed(3);
const signed = (value: number) => `${value < 0 ? "" : "+"}${number(value)}`;

const NAME_WIDTH = 12;
const MOST_COLUMNS = 8;

/** Rows of the terminal's table, which has a column for each source. */
const ROWS: ReadonlyArray<readonly [name: string, cell: (source: SourceReport) => string]> = [
  ["questions", ({ questions }) => String(questions)],
  ["F1", ({ f1 }) => number(f1)],
  ["  from", ({ f1Interval: [low] }) => number(low)],
  ["  to", ({ f1Interval: [, high] }) => number(high)],
  ["F1 multiset", ({ f1Multiset }) => number(f1Multiset)],
  ["F1 SQuAD", ({ f1Squad }) => number(f1Squad)],
  ["EM", ({ em }) => number(em)],
  ["  from", ({ emInterval: [low] }) => number(low)],
  ["  to", ({ emInterval: [, high] }) => number(high)],
  ["valid", ({ valid }) => `${Math.round(100 * valid)} %`],
  ["turns", ({ turns }) => turns.toFixed(2)],
  ["calls", ({ calls }) => calls.toFixed(2)],
];

/** The table for a terminal: sources as columns, eight side by side at most. */
export function evaluationText({ sources, all, average }: EvaluationTable): string {
  const columns = sources.length > 1 ? [...sources, all] : sources;
  const samples = all.passAtK.length;
  const rows = samples === 1 ? ROWS : [
    ...ROWS,
    [`pass@${samples}`, ({ passAtK }: SourceReport) => number(passAtK.at(-1)!)] as const,
    [`maj@${samples}`, ({ majority }: SourceReport) => number(majority)] as const,
  ];
  const blocks = Array.from(
    { length: Math.ceil(columns.length / MOST_COLUMNS) },
    (_, i) => columns.slice(i * MOST_COLUMNS, (i + 1) * MOST_COLUMNS),
  );
  const text = blocks.map((block) => {
    const widths = block.map(({ source }) => Math.max(7, source.length) + 1);
    const line = (name: string, cells: ReadonlyArray<string>) =>
      name.padEnd(NAME_WIDTH) + cells.map((cell, i) => cell.padStart(widths[i]!)).join("");
    return [
      line("", block.map(({ source }) => source)),
      ...rows.map(([name, cell]) => line(name, block.map(cell))),
    ].join("\n");
  }).join("\n\n");
  if (sources.length < 2) return text;
  return `${text}\n\nMean of the ${sources.length} sources: F1 ${number(average.f1)}, EM ${
    number(average.em)
  }`;
}

/** Below so many questions the interval of a difference is too narrow. */
const FEW_PAIRS = 20;

/** What the differences come to, in one sentence, with their numbers. */
export function againstText({ questions, f1, better, worse, p }: Against, name: string): string {
  const [low, high] = f1.interval;
  const shown = low > 0 ? "better" : high < 0 ? "worse" : null;
  const verdict = questions < FEW_PAIRS
    ? `${questions} questions are too few to tell`
    : low === high
    ? "no difference in F1"
    : shown === null
    ? `no difference in F1 shown (one of ${number(f1.detectable)} would have been, 8 times in 10)`
    : `F1 is ${shown}`;
  return `Against ${name}: ${verdict}; F1 ${signed(f1.mean)} [${number(low)}, ${
    number(high)
  }] on ` +
    `${questions} questions, EM right on ${better} that it misses and wrong on ${worse} that it ` +
    `has, McNemar p ${p < 0.001 ? "< 0.001" : number(p)}`;
}

const COLUMNS: ReadonlyArray<readonly [name: string, cell: (source: SourceReport) => string]> = [
  ["source", ({ source }) => source],
  ["questions", ({ questions }) => String(questions)],
  ["answers", ({ answers }) => String(answers)],
  ["f1", ({ f1 }) => number(f1)],
  ["f1_low", ({ f1Interval: [low] }) => number(low)],
  ["f1_high", ({ f1Interval: [, high] }) => number(high)],
  ["f1_multiset", ({ f1Multiset }) => number(f1Multiset)],
  ["f1_squad", ({ f1Squad }) => number(f1Squad)],
  ["em", ({ em }) => number(em)],
  ["em_low", ({ emInterval: [low] }) => number(low)],
  ["em_high", ({ emInterval: [, high] }) => number(high)],
  ["valid", ({ valid }) => number(valid)],
  ["turns", ({ turns }) => number(turns)],
  ["calls", ({ calls }) => number(calls)],
  ["failed_calls", ({ failedCalls }) => number(failedCalls)],
  ["pass_at_k", ({ passAtK }) => number(passAtK.at(-1)!)],
  ["maj_at_k", ({ majority }) => number(majority)],
];

function cellsOf({ sources, all }: EvaluationTable): ReadonlyArray<ReadonlyArray<string>> {
  return [
    COLUMNS.map(([name]) => name),
    ...[...sources, all].map((source) => COLUMNS.map(([, cell]) => cell(source))),
  ];
}

/** A row for each source, then all. */
export function evaluationCsv(table: EvaluationTable): string {
  const quoted = (cell: string) => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return cellsOf(table).map((row) => row.map(quoted).join(",") + "\n").join("");
}

/** The same as a Markdown table. */
export function evaluationMarkdown(table: EvaluationTable): string {
  const [head, ...rows] = cellsOf(table).map((row) =>
    `| ${row.map((cell) => cell.replaceAll("\\", "\\\\").replaceAll("|", "\\|")).join(" | ")} |\n`
  );
  return `${head}|${" --- |".repeat(COLUMNS.length)}\n${rows.join("")}`;
}
