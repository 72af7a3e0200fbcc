import assert from "node:assert/strict";
import { Result } from "effect";
import fc from "fast-check";
import { SEARCH_CALL_PATTERN, trainTokenizer } from "../../src/text/bpe_trainer.ts";
import { checkVocabulary, makeTokenizer } from "../../src/text/tokenizer.ts";
import { smallTokenizer } from "./fixtures.ts";

const tokenizer = smallTokenizer({ tags: true });
const imEnd = tokenizer.idOf("<|im_end|>")!;

const files = () =>
  trainTokenizer({
    samples: ["some text"],
    vocabSize: 270,
    controlTokens: ["<|im_end|>", "<think>"],
    pattern: SEARCH_CALL_PATTERN,
    chatTemplate: "",
    eosToken: "<|im_end|>",
  });

function messageOf<A>(result: Result.Result<A, { message: string }>): string {
  assert.ok(Result.isFailure(result));
  return result.failure.message;
}

Deno.test("encode() recognises control tokens", () => {
  assert.deepEqual([...tokenizer.encode("<|im_end|>")], [imEnd]);
  assert.deepEqual([...tokenizer.encode("")], []);
});

Deno.test("encodePlain() never yields a control token", () => {
  const control = new Set(tokenizer.controlTokens.values());
  const spoken = fc.constantFrom(...tokenizer.controlTokens.keys(), " ", "<", "|>", "\n", "x");
  fc.assert(fc.property(fc.array(spoken), (parts) => {
    const ids = tokenizer.encodePlain(parts.join(""));
    assert.ok(ids.every((id) => !control.has(id)));
  }));
});

Deno.test("encodePlain() equals encode() on text without control tokens", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assert.deepEqual(tokenizer.encodePlain(text), tokenizer.encode(text));
  }));
});

Deno.test("decode() gives back what either encoder was given", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const wellFormed = text.toWellFormed();
    assert.equal(tokenizer.decode(tokenizer.encodePlain(wellFormed)), wellFormed);
    assert.equal(tokenizer.decode(tokenizer.encode(wellFormed)), wellFormed);
  }));
});

Deno.test("encodePlain() reads a lone surrogate as U+FFFD", () => {
  assert.equal(tokenizer.decode(tokenizer.encodePlain("a\ud800b")), "a\ufffdb");
});

Deno.test("decode() keeps line ends and marks broken UTF-8", () => {
  assert.equal(tokenizer.decode(tokenizer.encodePlain("a\r\nb")), "a\r\nb");
  const [first] = tokenizer.encodePlain("€");
  assert.equal(tokenizer.decode([first!]), "\ufffd");
});

Deno.test("decode() reads ids without a token as nothing", () => {
  const ids = [...tokenizer.encode("Holzek"), tokenizer.vocabSize + 7];
  assert.equal(tokenizer.decode(ids), "Holzek");
});

Deno.test("decode() leaves out special tokens on request, but not tags", () => {
  const ids = tokenizer.encode("<think>x<|im_end|>");
  assert.equal(tokenizer.decode(ids), "<think>x<|im_end|>");
  assert.equal(tokenizer.decode(ids, { skipSpecial: true }), "<think>x");
});

Deno.test("idOf() knows tokens and nothing else", () => {
  assert.equal(tokenizer.idOf("no such token"), null);
  assert.deepEqual(tokenizer.eosIds, [imEnd]);
});

Deno.test("makeTokenizer() takes added tokens that only the configuration lists", () => {
  const { tokenizerJson, tokenizerConfig } = files();
  const id = 900;
  const config = { ...tokenizerConfig, added_tokens_decoder: { [id]: { content: "<extra>" } } };
  const extended = Result.getOrThrow(makeTokenizer(tokenizerJson, config));
  assert.deepEqual([...extended.encode("<extra>")], [id]);
  assert.equal(extended.vocabSize, id + 1);
  assert.ok(!extended.encodePlain("<extra>").includes(id));
});

Deno.test("makeTokenizer() keeps added runs of spaces in the plain encoder", () => {
  const { tokenizerJson, tokenizerConfig } = files();
  const spaces = { id: 800, content: "    ", special: false };
  const added_tokens = [...tokenizerJson.added_tokens, spaces];
  const withSpaces = Result.getOrThrow(
    makeTokenizer({ ...tokenizerJson, added_tokens }, tokenizerConfig),
  );
  assert.deepEqual(withSpaces.encodePlain("x    y"), withSpaces.encode("x    y"));
  assert.ok(withSpaces.encodePlain("x    y").includes(800));
});

Deno.test("makeTokenizer() refuses a vocabulary whose merges build a control token", () => {
  const { tokenizerJson, tokenizerConfig } = files();
  const id = tokenizerJson.added_tokens[0]!.id;
  const pre_tokenizer = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
  const vocab = { ...tokenizerJson.model.vocab, "<|im_end|>": id };
  const forged = {
    ...tokenizerJson,
    pre_tokenizer,
    model: { ...tokenizerJson.model, ignore_merges: true, vocab },
  };
  assert.match(messageOf(makeTokenizer(forged, tokenizerConfig)), /plain text must never/);
});

Deno.test("makeTokenizer() refuses files of another layout, naming the file", () => {
  const { tokenizerJson } = files();
  for (const bad of [null, [], {}, { model: 3 }, { model: { vocab: {} }, added_tokens: [{}] }]) {
    assert.match(messageOf(makeTokenizer(bad, {})), /Cannot (read|load) tokenizer\.json/);
  }
  const unigram = { ...tokenizerJson, model: { type: "Unigram", vocab: [["a", 0]] } };
  assert.match(
    messageOf(makeTokenizer(unigram, {})),
    /tokenizer\.json .*"BPE".*\["model"\]\["type"\]/,
  );
  assert.match(
    messageOf(makeTokenizer(tokenizerJson, { eos_token: 3 })),
    /tokenizer_config\.json/,
  );
});

Deno.test("checkVocabulary() refuses a model with too few rows", () => {
  assert.ok(Result.isSuccess(checkVocabulary(tokenizer, tokenizer.vocabSize)));
  assert.match(messageOf(checkVocabulary(tokenizer, tokenizer.vocabSize - 1)), /vocab_size/);
});
