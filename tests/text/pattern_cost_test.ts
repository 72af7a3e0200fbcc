import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Result } from "effect";
import { SEARCH_CALL_PATTERN } from "../../src/text/bpe_trainer.ts";
import { patternCost } from "../../src/text/pattern_cost.ts";

const LINES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
/** Patterns of published tokenizers, by who has them. */
const PUBLISHED = {
  "GPT-2": String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  "Qwen 2": String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` +
    LINES,
  "Llama 3": String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` +
    LINES,
  "GPT-4o": String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re)?|\p{N}{1,3}|` +
    LINES,
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
