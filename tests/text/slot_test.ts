import assert from "node:assert/strict";
import { Result } from "effect";
import { SEARCH_CALL_PATTERN, trainTokenizer } from "../../src/text/bpe_trainer.ts";
import { concatIds, fillSlot, leadingControlToken, makeSlot } from "../../src/text/slot.ts";
import { makeTokenizer } from "../../src/text/tokenizer.ts";

const { tokenizerJson, tokenizerConfig } = trainTokenizer({
  samples: [],
  vocabSize: 0,
  controlTokens: ["<a", "<a>", "<b>"],
  pattern: SEARCH_CALL_PATTERN,
  chatTemplate: "",
  eosToken: "<b>",
});
const tokenizer = Result.getOrThrow(makeTokenizer(tokenizerJson, tokenizerConfig));

Deno.test("fillSlot() equals encoding the whole text when the content is harmless", () => {
  for (const [before, after] of [["x<a>y", "z<b>w"], ["", ""], ["<a>", "<b>"], ["x", "y"]]) {
    const slot = makeSlot(tokenizer, before!, after!);
    const whole = tokenizer.encode(`${before}content${after}`);
    assert.deepEqual(fillSlot(tokenizer, slot, "content"), whole);
  }
});

Deno.test("fillSlot() spells out control tokens of the content, also across its edges", () => {
  const slot = makeSlot(tokenizer, "<a>x<", "b><b>");
  for (const content of ["<b>", "a>", "b><", ""]) {
    const ids = fillSlot(tokenizer, slot, content);
    assert.equal(tokenizer.decode(ids), `<a>x<${content}b><b>`);
    const control = [...ids].filter((id) => [...tokenizer.controlTokens.values()].includes(id));
    assert.deepEqual(control, [tokenizer.idOf("<a>"), tokenizer.idOf("<b>")]);
  }
});

Deno.test("leadingControlToken() takes the longest token, and only at the start", () => {
  assert.equal(leadingControlToken(tokenizer, "<a>x"), "<a>");
  assert.equal(leadingControlToken(tokenizer, "<a x"), "<a");
  assert.equal(leadingControlToken(tokenizer, "x<a>"), null);
});

Deno.test("concatIds() joins any number of arrays", () => {
  assert.deepEqual(concatIds(), new Uint32Array());
  assert.deepEqual(
    concatIds(Uint32Array.of(1), new Uint32Array(), Uint32Array.of(2, 3)),
    Uint32Array.of(1, 2, 3),
  );
});
