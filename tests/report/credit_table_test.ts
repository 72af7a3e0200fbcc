import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { EpisodeRecord, EpisodeTurn } from "../../src/domain/episode_record.ts";
import {
  addRefusal,
  creditTable,
  importTable,
  type RefusedLogs,
} from "../../src/report/credit_table.ts";

const turn: EpisodeTurn = {
  ...{ action: "call", belief: Math.log(0.25), without: null, gain: 0.25, normalised: null },
  ...{ advantage: null, tokens: 9, sampled: null, uncertain: true },
  credits: { "leave-one-out": -0.00001, swapped: null },
};
const answered: EpisodeTurn = {
  ...turn,
  ...{ action: "answer", belief: Math.log(0.5), gain: null, credits: {}, uncertain: false },
};
const call = `<tool_call>${
  JSON.stringify({ name: "find", arguments: { q: ["a", "b"] } })
}</tool_call>`;
const record: EpisodeRecord = {
  ...{ id: "0/0/x", step: 0, group: 0, sample: 0, dropped: null, ending: "answered" },
  question: { id: "0", text: "Who?", golds: ["Ada"], kind: "plain" },
  ...{ answer: "Ada", outcome: null, environmentOutcome: null, f1: 1, em: true },
  ...{ turns: [turn, answered], goldLogProb: [[-1], [-1]], miniBatch: null, lossWeight: null },
  ...{ seconds: null, notes: ["plain a.jsonl#0", "a note"] },
  transcript: [{
    ...{ kind: "call", turn: 0, text: call, trained: null, seconds: null, failure: null },
  }],
};

Deno.test("creditTable() shows the belief after each turn in the unit of the measure", () => {
  strictEqual(
    creditTable(record, { measure: "prob", columns: 80 }),
    [
      "plain a.jsonl#0: Who?",
      "  gold answer: Ada",
      "  a note",
      "turn  belief as a probability     belief     gain  without  swapped",
      "      before the first turn        0.250",
      "   1  find a, b                    0.500   +0.250    -1e-5           uncertain",
      "   2  answer: Ada",
    ].join("\n"),
  );
  match(creditTable(record, { measure: "logprob", columns: 80 }), /first turn +-1\.386\n/);
});

Deno.test("creditTable() of a trace that was not measured has no table", () => {
  const { length } = creditTable({ ...record, goldLogProb: [] }, { measure: "prob", columns: 80 })
    .split("\n");
  strictEqual(length, 3);
});

Deno.test("addRefusal() counts refusals by reason, and after many reasons all others together", () => {
  const reasons = ["a", "b", "a", ...Array.from({ length: 30 }, (_, i) => `r${i}`)];
  const refused = reasons.reduce<ReadonlyArray<RefusedLogs>>(
    (found, reason, i) => addRefusal(found, { source: `${i}`, reason }),
    [],
  );
  deepStrictEqual(refused[0], { source: "0", reason: "a", count: 2 });
  strictEqual(refused.reduce((sum, { count }) => sum + count, 0), reasons.length);
  strictEqual(refused.length, 21);
  match(
    importTable([], refused),
    /^Refused 0 and 1 more: a\nRefused 1: b\n[^]*: for other reasons$/,
  );
});
