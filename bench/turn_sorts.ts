/** What turns did, by what their searches found, and what turns of each sort are paid. */
import type { Episode, Turn } from "../src/domain/episode.ts";
import type { WorldQuestion } from "../src/environment/world/questions.ts";
import { mean } from "../src/math/statistics.ts";
import { markdownTable } from "../src/report/compare_table.ts";
import type { CreditedTurn } from "./agreement.ts";

const SORTS = [
  "finds the next fact",
  "finds no new fact",
  "answers right",
  "answers wrong, facts found",
  "answers wrong, at once",
  "answers wrong, in between",
  "malformed",
] as const;

/** What a turn was, by what its searches found of the facts that answer the question. */
export type Sort = typeof SORTS[number];

/** The sort of each turn of an episode about a built-in world. The facts of a chain count in their order. */
export function sortsOf({ turns, question, answer }: Episode): ReadonlyArray<Sort> {
  const { facts, golds } = question as WorldQuestion; // the world's own, handed through as they are
  let found = 0;
  return turns.map(({ action, results }: Turn): Sort => {
    if (action._tag === "Malformed") return "malformed";
    if (action._tag === "Answer") {
      if (golds.includes(answer?.trim() ?? "")) return "answers right";
      if (found === facts.length) return "answers wrong, facts found";
      return found === 0 ? "answers wrong, at once" : "answers wrong, in between";
    }
    const read = results.map(({ content }) => content).join("\n").split("\n");
    const before = found;
    while (found < facts.length && read.some((line) => states(line, facts[found]!))) found += 1;
    return found > before ? "finds the next fact" : "finds no new fact";
  });
}

function states(line: string, { subject, object, relation }: WorldQuestion["facts"][number]) {
  const sentence = relation.sentence.replace("S", subject).replace("O", object);
  return line.trim() === sentence;
}

/** The mean of the truth and of each assigner's credit over the turns of each sort that occurs. */
export function sortTable(turns: ReadonlyArray<CreditedTurn & { readonly sort: Sort }>): string {
  const bySort = Map.groupBy(turns, ({ sort }) => sort);
  const shown = SORTS.filter((sort) => bySort.has(sort));
  const row = (name: string, value: (turn: CreditedTurn) => number) => [
    name,
    ...shown.map((sort) => mean(Float64Array.from(bySort.get(sort)!, value)).toFixed(2)),
  ];
  return markdownTable(
    ["credit by", ...shown.map((sort) => `${sort} (${bySort.get(sort)!.length})`)],
    [
      row("the truth", ({ truth }) => truth),
      ...Object.keys(turns[0]!.assigned).map((name) =>
        row(name, ({ assigned }) => assigned[name]!)
      ),
    ],
  );
}
