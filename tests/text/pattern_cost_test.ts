import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Tokenizer } from "@huggingface/tokenizers";
import { Result } from "effect";
import { LIMITS } from "../../src/domain/limits.ts";
import { SEARCH_CALL_PATTERN } from "../../src/text/bpe_trainer.ts";
import { patternCost } from "../../src/text/pattern_cost.ts";
import { readParts } from "../../src/text/tokenizer_parts.ts";

const LINES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
/** Patterns of published tokenizers, by who has them. */
const PUBLISHED = {
  "GPT-2": String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  "Qwen 2": String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` +
    LINES,
  "Llama 3": String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` +
    LINES,
  "GPT-4o": [
    String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
    String.raw`[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
    LINES,
  ].join("|"),
  ours: SEARCH_CALL_PATTERN,
};

for (const [name, pattern] of Object.entries(PUBLISHED)) {
  Deno.test(`patternCost() finds the pattern of ${name} cheap`, () => {
    const { paths, degree } = Result.getOrThrow(patternCost(pattern));
    ok(degree <= 1 && paths <= 40, JSON.stringify({ paths, degree }));
  });
}

Deno.test("patternCost() counts the ways to match", () => {
  const cost = (pattern: string) => {
    const { paths, degree } = Result.getOrThrow(patternCost(pattern));
    return [paths, degree];
  };
  deepStrictEqual(cost("ab|c"), [2, 0]);
  // What ends a pattern is never tried in another way.
  deepStrictEqual(cost("a+"), [1, 0]);
  deepStrictEqual(cost("a+b"), [1, 1]);
  deepStrictEqual(cost("a*a*b"), [1, 2]);
  deepStrictEqual(cost("a?a?a?b"), [8, 0]);
  deepStrictEqual(cost("a{1,4}b"), [4, 0]);
  deepStrictEqual(cost("(?:a|b)(?:a|b)c"), [4, 0]);
  deepStrictEqual(cost("(?:a+b)?c"), [2, 1]);
  deepStrictEqual(cost("a+(?=b*c)"), [1, 3]);
  deepStrictEqual(cost(String.raw`[[:alpha:]\]]+\x{41}\)`), [1, 1]);
});

Deno.test("patternCost() refuses what may take forever, and what it cannot read", () => {
  for (
    const [pattern, rule] of [
      ["(a+)+b", /group must not repeat/],
      ["(?:a|a)*b", /group must not repeat/],
      ["(?:a?){30}a{30}", /group must not repeat/],
      ["(?=a)*", /group must not repeat/],
      [String.raw`(a)\1+`, /must not refer to its groups/],
      ["(a", /parenthesis must be closed/],
      ["a)", /parenthesis must be opened/],
      ["[a", /bracket must be closed/],
      ["a\\", /must follow each backslash/],
      ["(?R)", /of a known kind/],
      ["(".repeat(100_000), /must not nest so deep/],
    ] as const
  ) {
    const cost = patternCost(pattern);
    ok(Result.isFailure(cost), pattern);
    match(cost.failure, rule);
  }
});

/** The words into which a pattern cuts a text, as this program reads its file or as the library does alone. */
function wordsOf(pattern: string, text: string, how: "read" | "alone"): ReadonlyArray<string> {
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  const file = { normalizer: null, pre_tokenizer: split, decoder: null };
  const parts = how === "read" ? Result.getOrThrow(readParts(file)) : file;
  const model = { type: "BPE", vocab: { a: 0 }, merges: [] };
  const whole = { ...parts, model, post_processor: null, added_tokens: [] };
  return new Tokenizer(whole, {}).pre_tokenizer!.pre_tokenize(text, { section_index: 0 });
}

const README = await Deno.readTextFile("README.md");
/** Prose, code and tables; white space of all sorts; numbers; a script without spaces. */
const LONG = [
  README,
  README.replaceAll(/[aeiou]/g, (vowel) => `${vowel}  \n\n \t`),
  "12 345, 6.78;\n".repeat(1000),
  "it's we'LL don't, ('x') ".repeat(500),
  "\u6211\u4eec\u6765\u4e86\u3002\u4ed6\u5011\uff0c".repeat(2000),
];

for (const [name, pattern] of Object.entries(PUBLISHED)) {
  Deno.test(`readParts() lets the pattern of ${name} cut long texts as it does alone`, () => {
    for (const text of LONG) {
      ok(text.length > 2 * LIMITS.pieceCharacters);
      const words = wordsOf(pattern, text, "read");
      const want = wordsOf(pattern, text, "alone");
      strictEqual(words.findIndex((word, i) => word !== want[i]), -1);
      strictEqual(words.length, want.length);
    }
  });
}

Deno.test("readParts() gives a pattern no more of a text than it may have, and loses nothing", () => {
  const text = "\u{1f600}\n".repeat(10_000);
  const words = wordsOf(String.raw`[\s\S]+`, text, "read");
  ok(words.every((word) => [...word].length <= LIMITS.pieceCharacters));
  strictEqual(words.join(""), text);
});
