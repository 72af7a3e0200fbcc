import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { AnswerRow } from "../../src/domain/answer_row.ts";
import { compareAnswers, evaluationTable } from "../../src/report/evaluation_table.ts";
import {
  againstText,
  evaluationCsv,
  evaluationMarkdown,
  evaluationText,
} from "../../src/report/evaluation_text.ts";

function row(kind: string, id: number, changes: Partial<AnswerRow> = {}): AnswerRow {
  return {
    id: String(id),
    kind,
    question: "?",
    golds: ["x"],
    sample: 0,
    answer: "x",
    f1: 1,
    f1Multiset: 1,
    f1Squad: 1,
    em: true,
    ending: "answered",
    turns: 2,
    calls: 1,
    failedCalls: 0,
    date: "2026-11-29",
    ...changes,
  };
}

const wrong = { answer: "y", f1: 0, f1Multiset: 0, f1Squad: 0, em: false };
const SOURCES = ["popqa", "extra", "Bamboogle", "musique", "2wiki", "hotpotqa", "tq", "nq"];
const ROWS = SOURCES.flatMap((kind) =>
  Array.from({ length: 10 }, (_, id) => row(kind, id, id < 3 ? wrong : {}))
);

Deno.test("evaluationTable() has the paper's sources in the paper's order, then others", () => {
  const { sources, all, average } = evaluationTable(ROWS);
  deepStrictEqual(sources.map(({ source }) => source), [
    "NQ",
    "TQ",
    "HotpotQA",
    "2Wiki",
    "MuSiQue",
    "Bamboogle",
    "PopQA",
    "extra",
  ]);
  strictEqual(sources.reduce((sum, { questions }) => sum + questions, 0), all.questions);
  ok(Math.abs(all.em - 0.7) < 1e-12 && Math.abs(average.em - 0.7) < 1e-12);
  const [low, high] = sources[0]!.emInterval;
  deepStrictEqual([low.toFixed(3), high.toFixed(3)], ["0.397", "0.892"]);
});

Deno.test("evaluationTable() averages the answers to a question, and counts pass@k and the majority", () => {
  const answers = [
    row("nq", 1, { sample: 0, ...wrong }),
    row("nq", 1, { sample: 1 }),
    row("nq", 1, { sample: 2, answer: " X! " }),
    row("nq", 2, { sample: 0, ...wrong, answer: null }),
    row("nq", 2, { sample: 1, ...wrong, ending: "malformed", answer: null }),
    row("nq", 2, { sample: 2, ...wrong }),
  ];
  const { all } = evaluationTable(answers);
  strictEqual(all.em, 1 / 3);
  deepStrictEqual(all.passAtK, [1 / 3, 1 / 2, 1 / 2]);
  strictEqual(all.majority, 1 / 2);
  strictEqual(all.valid, 5 / 6);
});

Deno.test("compareAnswers() pairs by question, whatever the order, and counts who is right where", () => {
  const mine = Array.from({ length: 100 }, (_, id) => row("nq", id, id < 40 ? wrong : {}));
  const theirs = Array.from({ length: 90 }, (_, id) => row("nq", id, id < 60 ? wrong : {}))
    .toReversed();
  const found = compareAnswers(mine, theirs)!;
  deepStrictEqual([found.questions, found.better, found.worse], [90, 20, 0]);
  ok(found.p < 1e-5 && found.f1.interval[0] > 0);
  match(
    againstText(found, "old"),
    /^Against old: F1 is better; F1 \+0\.222 \[0\.\d+, 0\.\d+\] on 90/,
  );
  const same = compareAnswers(mine, mine)!;
  match(againstText(same, "itself"), /no difference in F1; .* McNemar p 1\.000$/);
  strictEqual(compareAnswers(mine, [row("tq", 1)]), null);
  strictEqual(compareAnswers(mine, [row("nq", 1, { question: "another?" })]), null);
  const few = compareAnswers(
    mine.slice(40, 45),
    mine.slice(40, 45).map((one) => ({ ...one, ...wrong })),
  );
  match(againstText(few!, "old"), /5 questions are too few to tell/);
  const drawn = [row("nq", 1, { sample: 1, ...wrong }), row("nq", 1, { sample: 0 })];
  const other = compareAnswers(drawn, drawn.toReversed())!;
  deepStrictEqual([other.better, other.worse, other.f1.mean], [0, 0, 0]);
});

Deno.test("a table of an evaluation has a column for each source in a terminal and a row in files", () => {
  const table = evaluationTable(ROWS);
  const text = evaluationText(table);
  for (const line of text.split("\n")) ok(line.length <= 80, line);
  match(text, /^ +NQ +TQ HotpotQA +2Wiki MuSiQue Bamboogle +PopQA +extra\nquestions +10/);
  match(text, /Mean of the 8 sources: F1 0\.700, EM 0\.700$/);
  strictEqual(evaluationCsv(table).split("\n").length, 1 + 9 + 1);
  strictEqual(evaluationMarkdown(table).split("\n").length, 2 + 9 + 1);
  const odd = evaluationTable([row('a "b", c|d', 1)]);
  match(evaluationCsv(odd), /^"a ""b"", c\|d",1,/m);
  match(evaluationMarkdown(odd), /^\| a "b", c\\\|d \| 1 /m);
});

Deno.test("evaluationTable() joins the names of a source, and few or equal results have no interval of width 0", () => {
  const { sources } = evaluationTable([row("nq", 1), row("NQ", 2), row("NaturalQuestions", 3)]);
  deepStrictEqual(sources.map(({ source, questions }) => [source, questions]), [["NQ", 3]]);
  const [low, high] = sources[0]!.f1Interval;
  ok(low < 0.5 && high === 1);
});

Deno.test("evaluationTable() averages beliefs and gains over questions, and the files get columns for them", () => {
  const measured = [
    row("nq", 1, { sample: 0, beliefs: [0.1, 0.5], gains: [0.4] }),
    row("nq", 1, { sample: 1, beliefs: [0.1, 0.2, 0.7], gains: [0.1, 0.5] }),
    row("nq", 2, { sample: 0, beliefs: [0.2], gains: [] }),
    row("nq", 2, { sample: 1, ending: "crashed", answer: null }),
    row("tq", 1),
  ];
  const table = evaluationTable(measured);
  const { beliefs } = table.sources[0]!;
  // 0.6 and 0.2 of two questions: 0.4 ± 12.706 * 0.2; gains 0.5 and 0.
  deepStrictEqual(
    [beliefs!.belief, ...beliefs!.beliefInterval!, beliefs!.gain].map((one) => one.toFixed(3)),
    ["0.400", "-2.141", "2.941", "0.250"],
  );
  strictEqual(table.sources[1]!.beliefs, null);
  match(evaluationText(table), /^belief +0\.400 +0\.400$/m);
  match(
    evaluationCsv(table),
    /,belief,belief_low,belief_high,gain,gain_low,gain_high\nNQ.*,0\.250,/,
  );
  match(evaluationCsv(table), /^TQ,.*,,,,,,$/m);
  match(evaluationMarkdown(table), /^\|( --- \|){23}$/m);
  ok(!evaluationCsv(evaluationTable(ROWS)).includes("belief"));
});
