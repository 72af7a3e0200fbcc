/** The table of an evaluation for the terminal, as Markdown and as CSV. */
import type { JudgeReport, LabelledShare } from "../domain/judge.ts";
import type { Against, EvaluationTable, SourceReport } from "./evaluation_table.ts";

/** Three digits; no zero has a sign. */
const number = (value: number) => value.toFixed(3).replace(/^-(0\.0+)$/, "$1");
const signed = (value: number) => `${value < 0 ? "" : "+"}${number(value)}`;

/** A number that each source has, by name. */
type Cells = readonly [name: string, cell: (source: SourceReport) => string];

/** A number that only some sources have. */
const optional = (value: number | undefined) => value === undefined ? "" : number(value);

const NAME_WIDTH = 12;
const MOST_COLUMNS = 8;

/** Rows of the terminal's table, which has a column for each source. */
const ROWS: ReadonlyArray<Cells> = [
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

const BELIEF_ROWS: ReadonlyArray<Cells> = [
  ["belief", ({ beliefs }) => optional(beliefs?.belief)],
  ["  from", ({ beliefs }) => optional(beliefs?.beliefInterval?.[0])],
  ["  to", ({ beliefs }) => optional(beliefs?.beliefInterval?.[1])],
  ["gain", ({ beliefs }) => optional(beliefs?.gain)],
  ["  from", ({ beliefs }) => optional(beliefs?.gainInterval?.[0])],
  ["  to", ({ beliefs }) => optional(beliefs?.gainInterval?.[1])],
];

const JUDGED_ROWS: ReadonlyArray<Cells> = [
  ["judged", ({ judged }) => optional(judged?.share)],
  ["  from", ({ judged }) => optional(judged?.interval[0])],
  ["  to", ({ judged }) => optional(judged?.interval[1])],
];

/** The table for a terminal: sources as columns, eight side by side at most. */
export function evaluationText({ sources, all, average }: EvaluationTable): string {
  const columns = sources.length > 1 ? [...sources, all] : sources;
  const samples = all.passAtK.length;
  const drawn: ReadonlyArray<Cells> = [
    [`pass@${samples}`, ({ passAtK }) => number(passAtK.at(-1)!)],
    [`maj@${samples}`, ({ majority }) => number(majority)],
  ];
  const rows = [
    ...ROWS,
    ...(samples === 1 ? [] : drawn),
    ...(all.judged === null ? [] : JUDGED_ROWS),
    ...(all.beliefs === null ? [] : BELIEF_ROWS),
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

/** Who judged, how well on labelled answers, and of how many answers it says nothing. */
export function judgeText(
  { model, host, sensitivity, specificity, failures }: JudgeReport,
): string {
  const said = ({ share, interval: [low, high], count }: LabelledShare) =>
    `${number(share)} [${number(low)}, ${number(high)}] of ${count}`;
  const kinds = Object.entries(failures).map(([kind, count]) => `${count} ${kind}`);
  const none = kinds.length === 0 ? "" : `; answers without a verdict: ${kinds.join(", ")}`;
  return `Judge ${model} at ${host}: finds right answers right ${said(sensitivity)}, wrong ` +
    `answers wrong ${said(specificity)}${none}`;
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

const COLUMNS: ReadonlyArray<Cells> = [
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

const BELIEF_COLUMNS: ReadonlyArray<Cells> = [
  ["belief", ({ beliefs }) => optional(beliefs?.belief)],
  ["belief_low", ({ beliefs }) => optional(beliefs?.beliefInterval?.[0])],
  ["belief_high", ({ beliefs }) => optional(beliefs?.beliefInterval?.[1])],
  ["gain", ({ beliefs }) => optional(beliefs?.gain)],
  ["gain_low", ({ beliefs }) => optional(beliefs?.gainInterval?.[0])],
  ["gain_high", ({ beliefs }) => optional(beliefs?.gainInterval?.[1])],
];

const JUDGED_COLUMNS: ReadonlyArray<Cells> = [
  ["judged", ({ judged }) => optional(judged?.share)],
  ["judged_low", ({ judged }) => optional(judged?.interval[0])],
  ["judged_high", ({ judged }) => optional(judged?.interval[1])],
  ["unjudged", ({ judged }) => judged === null ? "" : String(judged.unjudged)],
];

function cellsOf({ sources, all }: EvaluationTable): ReadonlyArray<ReadonlyArray<string>> {
  const columns = [
    ...COLUMNS,
    ...(all.judged === null ? [] : JUDGED_COLUMNS),
    ...(all.beliefs === null ? [] : BELIEF_COLUMNS),
  ];
  return [
    columns.map(([name]) => name),
    ...[...sources, all].map((source) => columns.map(([, cell]) => cell(source))),
  ];
}

/** A row for each source, then all. */
export function evaluationCsv(table: EvaluationTable): string {
  const quoted = (cell: string) => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return cellsOf(table).map((row) => row.map(quoted).join(",") + "\n").join("");
}

/** The same as a Markdown table. */
export function evaluationMarkdown(table: EvaluationTable): string {
  const cells = cellsOf(table);
  const [head, ...rows] = cells.map((row) =>
    `| ${row.map((cell) => cell.replaceAll("\\", "\\\\").replaceAll("|", "\\|")).join(" | ")} |\n`
  );
  return `${head}|${" --- |".repeat(cells[0]!.length)}\n${rows.join("")}`;
}
