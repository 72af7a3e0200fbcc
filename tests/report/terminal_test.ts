import { ok, strictEqual } from "node:assert/strict";
import {
  episodeText,
  evaluationLine,
  progressLine,
  stepLine,
  summaryTable,
} from "../../src/report/terminal.ts";
import { episode, evaluation, step, summary } from "./fixtures.ts";

const plain = { columns: 80, hasColor: false };
const texts = {
  stepLine: stepLine(step, 60),
  evaluationLine: evaluationLine(evaluation(0.5)),
  summaryTable: summaryTable(summary, plain),
  episodeText: episodeText(episode, plain),
  progressLine: progressLine({
    step: 12,
    steps: 60,
    phase: "rollout",
    done: 32,
    total: 64,
    unit: "episodes",
  }),
};

for (const [name, text] of Object.entries(texts)) {
  Deno.test(`${name}() fits into 80 columns without escape codes`, () => {
    ok(text.split("\n").every((line) => line.length <= 80));
    ok(!text.includes("\x1b"));
  });
}

Deno.test("summaryTable() colours only the text it gives plain as well", () => {
  const colored = summaryTable(summary, { columns: 80, hasColor: true });
  ok(colored.includes("\x1b[32m+0.460"));
  // deno-lint-ignore no-control-regex
  strictEqual(colored.replaceAll(/\x1b\[\d+m/g, ""), texts.summaryTable);
});

Deno.test("summaryTable() shows a kind that one evaluation lacks", () => {
  const before = { ...summary.before, byKind: {} };
  ok(summaryTable({ ...summary, before }, plain).includes("1-hop             50  –      –"));
});

Deno.test("episodeText() shows each turn's words, findings, belief, gain and advantage", () => {
  for (const part of ["director", "Halvik directed", "found", "-0.50", "+3.70", "+1.20", "-0.30"]) {
    ok(texts.episodeText.includes(part), part);
  }
});

Deno.test("progressLine() of nothing to do is full", () => {
  const line = progressLine({
    step: 1,
    steps: 1,
    phase: "score",
    done: 0,
    total: 0,
    unit: "rows",
  });
  ok(line.includes("█".repeat(24)));
});
