/** The tables of `./igpo data`. */
import { type SplitName, SPLITS } from "../domain/question.ts";

/** A question as the tables count it. */
export interface CountedQuestion {
  readonly split: SplitName;
  readonly kind: string;
  /** Null where its row does not tell. */
  readonly hops: number | null;
  /** Tokens of the longest gold answer. */
  readonly goldTokens: number;
}

/** Questions of each split by source, by hops and by the tokens of the longest gold answer. */
export function dataTable(questions: ReadonlyArray<CountedQuestion>): string {
  const keys = questions.map(({ kind }) => kind.length);
  const width = Math.max(14, Math.min(40, Math.max(0, ...keys) + 2));
  const line = (name: string, own: ReadonlyArray<CountedQuestion>) =>
    name.slice(0, width - 1).padEnd(width) +
    [own.length, ...SPLITS.map((split) => own.filter((one) => one.split === split).length)]
      .map((count) => String(count).padStart(12)).join("");
  const head = (title: string) =>
    title.padEnd(width) + ["questions", ...SPLITS].map((name) => name.padStart(12)).join("");
  const block = (title: string, keyOf: (one: CountedQuestion) => number | string) => {
    const groups = [...Map.groupBy(questions, keyOf)].sort(([a], [b]) => order(a, b));
    return [head(title), ...groups.map(([key, own]) => line(String(key), own))];
  };
  return [
    block("source", ({ kind }) => kind),
    block("hops", ({ hops }) => hops ?? "not told"),
    block("answer tokens", ({ goldTokens }) => tokenRange(goldTokens)),
    [line("all", questions)],
  ].map((lines) => lines.join("\n")).join("\n\n");
}

/** `1`, `2`, `3-4`, `5-8`: ranges that double. */
function tokenRange(tokens: number): string {
  if (tokens <= 2) return String(tokens);
  const last = 2 ** Math.ceil(Math.log2(tokens));
  return `${last / 2 + 1}-${last}`;
}

/** Numbers by size, names by letters. */
function order(left: number | string, right: number | string): number {
  const [a, b] = [parseFloat(String(left)), parseFloat(String(right))];
  return a - b || (String(left) < String(right) ? -1 : 1);
}
