/** The tables of `./igpo credit`. */
import { Result } from "effect";
import { isRecord } from "../domain/decode.ts";
import type { EpisodeRecord, EpisodeTurn } from "../domain/episode_record.ts";
import { parseJson } from "../domain/json.ts";
import { valueOf } from "../igpo/belief.ts";
import { fit, signed } from "./style.ts";

/** How a table looks. */
export interface CreditTableOptions {
  readonly measure: "logprob" | "prob";
  /** Characters of a line. */
  readonly columns: number;
}

const NUMBER = 9;

/** A line of a trace's table: a turn, or what stands before the first one. Numbers that were not measured are null. */
export interface CreditRow {
  /** From 1 on; null before the first turn. */
  readonly turn: number | null;
  readonly words: string;
  /** Belief after the turn in the unit of the measure. */
  readonly belief: number | null;
  readonly gain: number | null;
  /** Credits against the run without the turn, and with other results. */
  readonly without: number | null;
  readonly swapped: number | null;
  /** Whether some of its credits are above zero and others below. */
  readonly isUncertain: boolean;
}

/** A trace in words and numbers. */
export interface TraceTable {
  readonly title: string;
  readonly golds: ReadonlyArray<string>;
  readonly notes: ReadonlyArray<string>;
  /** Unit of the beliefs. */
  readonly unit: string;
  /** Empty for a trace that could not be measured. */
  readonly rows: ReadonlyArray<CreditRow>;
}

/** What each turn of a trace called, the belief after it, and its credits side by side. */
export function traceTable(
  record: EpisodeRecord,
  measure: CreditTableOptions["measure"],
): TraceTable {
  const { question: { text, golds }, turns, notes = [], goldLogProb } = record;
  const valueAt = (turn: EpisodeTurn | undefined) => {
    const belief = turn?.belief ?? null;
    return belief === null ? null : valueOf(belief, measure);
  };
  const first = { ...NO_NUMBERS, words: "before the first turn", belief: valueAt(turns[0]) };
  const rows = turns.map(({ gain, credits = {}, uncertain = false }, t): CreditRow => ({
    turn: t + 1,
    words: wordsOf(record, t),
    belief: valueAt(turns[t + 1]),
    gain,
    without: credits["leave-one-out"] ?? null,
    swapped: credits["swapped"] ?? null,
    isUncertain: uncertain,
  }));
  return {
    title: `${notes[0] ?? record.id}: ${text}`,
    golds,
    notes: notes.slice(1),
    unit: measure === "prob" ? "belief as a probability" : "belief in nats a token",
    rows: goldLogProb.length === 0 ? [] : [first, ...rows],
  };
}

const NO_NUMBERS = { turn: null, gain: null, without: null, swapped: null, isUncertain: false };

/** The same as lines of text. */
export function creditTable(record: EpisodeRecord, options: CreditTableOptions): string {
  const { measure, columns } = options;
  const { title, golds, notes, unit, rows } = traceTable(record, measure);
  const head = [
    fit(title, columns),
    ...(golds.length === 0 ? [] : [`  ${fit(`gold answer: ${golds.join(" | ")}`, columns - 2)}`]),
    ...notes.map((note) => `  ${note}`),
  ];
  if (rows.length === 0) return head.join("\n");
  const width = Math.max(16, columns - 6 - 4 * NUMBER - 13);
  const cells = (turn: string, words: string, numbers: ReadonlyArray<string>, end = "") =>
    `${turn.padStart(4)}  ${fit(words, width).padEnd(width)}${
      numbers.map((number) => number.padStart(NUMBER)).join("")
    }${end}`;
  return [
    ...head,
    cells("turn", unit, ["belief", "gain", "without", "swapped"]),
    ...rows.map(({ turn, words, belief, gain, without, swapped, isUncertain }) =>
      cells(
        turn === null ? "" : String(turn),
        words,
        [shown(belief).replace("+", ""), ...[gain, without, swapped].map(shown)],
        isUncertain ? "  uncertain" : "",
      )
    ),
  ].map((line) => line.trimEnd()).join("\n");
}

/** A number to three digits after the point, or with its power of ten where they would all be 0. */
function shown(value: number | null): string {
  if (value === null) return "";
  const isTiny = value !== 0 && Math.abs(value) < 0.0005;
  return isTiny ? `${value < 0 ? "" : "+"}${value.toExponential(0)}` : signed(value, 3);
}

/** What a turn called, answered or said. */
function wordsOf({ transcript, turns, answer }: EpisodeRecord, turn: number): string {
  const { action } = turns[turn]!;
  if (action === "answer") return `answer: ${answer ?? ""}`;
  const own = (transcript ?? []).filter((segment) => segment.turn === turn);
  const calls = own.filter(({ kind }) => kind === "call").map(({ text }) => callWords(text));
  if (calls.length > 0) return calls.join(" ");
  return own.find(({ kind }) => kind === "other" || kind === "think")?.text ?? "(end of the run)";
}

/** `<tool_call>{"name":"search","arguments":{"query":["a","b"]}}</tool_call>` as `search a, b`. */
function callWords(text: string): string {
  const json = text.replaceAll(/<\/?tool_call>/g, "");
  const call = Result.getOrNull(
    Result.try({ try: () => parseJson(json), catch: () => null }),
  );
  return isRecord(call) ? `${call["name"]} ${textsIn(call["arguments"]).join(", ")}` : json;
}

function textsIn(value: unknown): ReadonlyArray<string> {
  if (typeof value === "string") return [value.trim()];
  if (typeof value !== "object" || value === null) return [JSON.stringify(value) ?? ""];
  return Object.values(value).flatMap(textsIn);
}

/** What came of the logs, by format. */
export interface ImportCounts {
  readonly format: string;
  readonly traces: number;
  readonly turns: number;
  readonly calls: number;
  readonly results: number;
  readonly golds: number;
  readonly rewards: number;
  readonly times: number;
  /** What was lost, by sort, with the number of traces. */
  readonly lost: ReadonlyMap<string, number>;
}

/** Logs that are none, or none that can be read, for one reason. */
export interface RefusedLogs {
  /** The first of them. */
  readonly source: string;
  readonly reason: string;
  readonly count: number;
}

/** Most reasons that are kept. */
const MOST_REASONS = 20;

/** What was recovered by format, what was lost, and what was refused. */
export function importTable(
  counts: ReadonlyArray<ImportCounts>,
  refused: ReadonlyArray<RefusedLogs>,
): string {
  const columns = ["traces", "turns", "calls", "results", "golds", "rewards", "times"] as const;
  const line = (name: string, cells: ReadonlyArray<string | number>) =>
    name.padEnd(18) + cells.map((cell) => String(cell).padStart(9)).join("");
  const rows = counts.map((one) => line(one.format, columns.map((column) => one[column])));
  const lost = counts.flatMap(({ format, lost }) =>
    [...lost].map(([what, traces]) => `Lost of ${traces} ${format} traces: ${what}`)
  );
  return [
    ...(counts.length === 0 ? [] : [line("format", columns), ...rows]),
    ...lost,
    ...refused.map(({ source, reason, count }) =>
      `Refused ${source}${count === 1 ? "" : ` and ${count - 1} more`}: ${reason}`
    ),
  ].join("\n");
}

/** Adds a refusal to those of its reason; after many reasons, further ones are only counted. */
export function addRefusal(
  refused: ReadonlyArray<RefusedLogs>,
  { source, reason }: Pick<RefusedLogs, "source" | "reason">,
): ReadonlyArray<RefusedLogs> {
  const known = refused.length < MOST_REASONS ? reason : OTHER_REASONS;
  const place = refused.findIndex((one) => one.reason === reason || one.reason === known);
  if (place < 0) return [...refused, { source, reason: known, count: 1 }];
  return refused.with(place, { ...refused[place]!, count: refused[place]!.count + 1 });
}

const OTHER_REASONS = "for other reasons";
