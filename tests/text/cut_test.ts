import assert from "node:assert/strict";
import fc from "fast-check";
import { CUTS } from "../../src/domain/recipe.ts";
import { cutText } from "../../src/text/cut.ts";
import { smallTokenizer } from "./fixtures.ts";

const tokenizer = smallTokenizer({ tags: true });
const count = (text: string) => tokenizer.encodePlain(text).length;
const words = (text: string) => text.split(/\s+/u);

Deno.test("cutText() keeps the start, both ends or the end of a text that is too long", () => {
  const text = Array.from({ length: 60 }, (_, i) => `w${i}`).join(" ");
  const tokens = Math.floor(count(text) / 3);
  const [left, middle, right] = CUTS.map((cut) => words(cutText(tokenizer, text, { tokens, cut })));
  assert.deepEqual([left![0], left!.at(-1)], ["…", "w59"]);
  assert.deepEqual([middle![0], middle!.at(-1)], ["w0", "w59"]);
  assert.ok(middle!.includes("…"));
  assert.deepEqual([right![0], right!.at(-1)], ["w0", "…"]);
});

Deno.test("cutText() leaves short texts alone and never exceeds its tokens, whatever the text", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.array(fc.constantFrom("<|im_end|>", "é", "🙂", " ", "word", "\n"), { maxLength: 80 })
      .map((parts) => parts.join("")),
  );
  let long = 0;
  fc.assert(
    fc.property(
      anything,
      fc.integer({ min: 8, max: 60 }),
      fc.constantFrom(...CUTS),
      (text, tokens, cut) => {
        const short = cutText(tokenizer, text, { tokens, cut });
        if (count(text) <= tokens) return assert.equal(short, text);
        long += 1;
        assert.ok(count(short) <= tokens, `${count(short)} of ${tokens}`);
        assert.ok(short.includes("…"));
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(long > 50, `${long} texts were too long`);
});

Deno.test("cutText() takes little time for 50 MB, with words and without", () => {
  for (const text of ["word ".repeat(10 << 20), "x".repeat(50 << 20)]) {
    const started = performance.now();
    for (const cut of CUTS) assert.ok(count(cutText(tokenizer, text, { tokens: 100, cut })) <= 100);
    // Encoding all of it takes minutes.
    assert.ok(performance.now() - started < 10_000);
  }
});
