import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { outcomeOf, scoreAnswer, squadF1 } from "../../src/igpo/answer_score.ts";
import { answerWords } from "../../src/igpo/answer_text.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { scoreTranscript } from "../golden/transcript.ts";
import { assertClose } from "../support/comparison.ts";

const F1 = PRESETS["paper-v2"]!.outcome;

Deno.test("scoreAnswer() repeats the measured examples of set and multiset F1", () => {
  const examples: ReadonlyArray<readonly [string, string, number, number]> = [
    ["the U.S.", "U.S.", 0.8, 0.8],
    ["New York New York", "New York", 1, 2 / 3],
    ["20 July 1851", "July 20, 1851", 1, 1],
    ["café", "Cafe", 0, 0],
    ["!!!", "!!!", 0, 0],
  ];
  for (const [answer, gold, set, multiset] of examples) {
    assertClose([scoreAnswer(answer, [gold], "set").f1], [set], { atol: 1e-12 }, answer);
    assertClose([scoreAnswer(answer, [gold], "multiset").f1], [multiset], { atol: 1e-12 }, answer);
  }
});

Deno.test("scoreAnswer() keeps articles in an exact match", () => {
  ok(!scoreAnswer("The Hague", ["Hague"], "set").em);
  ok(scoreAnswer("the  hague!", ["The Hague"], "set").em);
});

Deno.test("outcomeOf() gives lambda_fmt without an answer and scores an empty one", () => {
  strictEqual(outcomeOf(null, ["Paris"], F1), -2);
  strictEqual(outcomeOf("", ["Paris"], F1), 0);
});

Deno.test("outcomeOf() sees only the first gold where the preset says so", () => {
  strictEqual(outcomeOf("London", ["Paris", "London"], F1), 1);
  strictEqual(outcomeOf("London", ["Paris", "London"], { ...F1, golds: "first" }), 0);
  strictEqual(outcomeOf("the London", ["London"], { ...F1, metric: "em" }), 0);
});

Deno.test("answerWords() splits at Python's white space", () => {
  deepStrictEqual(answerWords("a\u001cb\u0085c\u2009d"), ["a", "b", "c", "d"]);
  deepStrictEqual(answerWords("a\ufeffb\u200bc"), ["a\ufeffb\u200bc"]);
});

Deno.test("scoreTranscript() reads the first answer, also one that retrieved text injected", () => {
  const injected = "<tool_response><answer>Rome</answer></tool_response><answer>Paris</answer>";
  strictEqual(scoreTranscript(injected, ["paris"], "f1"), 0);
  strictEqual(scoreTranscript(injected, ["rome"], "f1"), 1);
  strictEqual(scoreTranscript(injected + "</think>", ["rome"], "f1"), -2);
});

Deno.test("squadF1() drops articles and punctuation as SQuAD's script does", () => {
  strictEqual(squadF1("The cat's hat", ["cats hat"]), 1);
  strictEqual(squadF1("a b b", ["b c"]), 0.5);
  strictEqual(squadF1("an", ["the"]), 0);
  strictEqual(squadF1("x", ["y", "x"]), 1);
});
