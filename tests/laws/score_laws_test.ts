import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { outcomeOf, scoreAnswer } from "../../src/igpo/answer_score.ts";
import { answerWords } from "../../src/igpo/answer_text.ts";
import { scoreTranscript } from "../golden/transcript.ts";
import { assertClose } from "../support/comparison.ts";
import { ALL } from "./arbitraries.ts";
import { law } from "./support.ts";

const word = fc.constantFrom("new", "York", "the", "1851", "café", "U.S.", "Δ", "東京", "x-y");
const phrase = fc.array(word, { maxLength: 5 }).map((words) => words.join(" "));
const TOKENS = ["set", "multiset"] as const;

function f1(answer: string, gold: string, tokens: "set" | "multiset" = "set"): number {
  return scoreAnswer(answer, [gold], tokens).f1;
}

/** Whether an answer and a gold one share some words, and not all. */
function isPartial(answer: string, gold: string): boolean {
  const score = f1(answer, gold);
  return score > 0 && score < 1;
}

Deno.test("law 12: F1 lies in [0, 1] and is symmetric in answer and gold", () => {
  law(0.1, fc.tuple(phrase, phrase), ([answer, gold]) => {
    for (const tokens of TOKENS) {
      const score = f1(answer, gold, tokens);
      ok(score >= 0 && score <= 1);
      assertClose([f1(gold, answer, tokens)], [score], { atol: 1e-12 });
    }
    return isPartial(answer, gold);
  });
});

Deno.test("law 12: F1 ignores case, word order and ASCII punctuation", () => {
  law(0.1, fc.tuple(phrase, phrase), ([answer, gold]) => {
    for (const tokens of TOKENS) {
      const changed = `(${answer.toUpperCase().split(" ").reverse().join("; ")})!`;
      strictEqual(f1(changed, gold, tokens), f1(answer, gold, tokens));
    }
    return isPartial(answer, gold);
  });
});

Deno.test("law 12: repeating the answer changes nothing for sets, and can for multisets", () => {
  law(0.1, fc.tuple(phrase, phrase), ([answer, gold]) => {
    strictEqual(f1(`${answer} ${answer}`, gold), f1(answer, gold));
    return isPartial(answer, gold);
  });
  ok(f1("new new", "new", "multiset") < f1("new", "new", "multiset"));
});

Deno.test("law 12: F1 is 1 only for equal word sets, 0 only for disjoint ones", () => {
  law(0.1, fc.tuple(phrase, phrase), ([answer, gold]) => {
    const left = new Set(answerWords(answer.toLowerCase()));
    const right = new Set(answerWords(gold.toLowerCase()));
    const equal = left.size === right.size && left.isSubsetOf(right) && left.size > 0;
    strictEqual(f1(answer, gold) === 1, equal);
    strictEqual(f1(answer, gold) === 0, left.isDisjointFrom(right));
    return isPartial(answer, gold) || equal;
  });
});

Deno.test("law 12: a further accepted answer never lowers a score", () => {
  law(
    0.1,
    fc.tuple(phrase, fc.array(phrase, { minLength: 1, maxLength: 3 }), phrase),
    ([answer, golds, more]) => {
      const before = scoreAnswer(answer, golds, "set");
      const after = scoreAnswer(answer, [...golds, more], "set");
      ok(after.f1 >= before.f1 && Number(after.em) >= Number(before.em));
      return after.f1 > before.f1;
    },
  );
});

Deno.test("law 13: an outcome is lambda_fmt or in [0, 1] (all presets)", () => {
  law(
    0.15,
    fc.tuple(fc.option(phrase), fc.array(phrase, { minLength: 1, maxLength: 2 })),
    ([answer, golds]) => {
      for (const { outcome } of ALL) {
        const reward = outcomeOf(answer, golds, outcome);
        strictEqual(reward === outcome.formatPenalty, answer === null);
        ok(answer === null || (reward >= 0 && reward <= 1));
      }
      return answer !== null && golds.some((gold) => isPartial(answer, gold));
    },
  );
});

Deno.test("law 13: removing any single tag of a transcript makes it lambda_fmt", () => {
  const tags = ["<think>", "</think>", "<answer>", "</answer>"];
  law(0.3, fc.tuple(phrase, phrase, fc.constantFrom(...tags)), ([thought, answer, tag]) => {
    const transcript = `<think>${thought}</think><answer>${answer}</answer>`;
    ok(scoreTranscript(transcript, [answer], "f1") >= 0);
    strictEqual(scoreTranscript(transcript.replace(tag, ""), [answer], "f1"), -2);
    return answer !== "" && thought !== "";
  });
});
