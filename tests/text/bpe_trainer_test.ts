import assert from "node:assert/strict";
import fc from "fast-check";
import { Tokenizer } from "@huggingface/tokenizers";
import {
  SEARCH_CALL_PATTERN,
  trainTokenizer,
  type TrainTokenizerOptions,
} from "../../src/text/bpe_trainer.ts";
import { byteAlphabet, mergePairs } from "../../src/text/merge_pairs.ts";

const CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"];
const CALL = '{"name":"web_search","arguments":{"query":[" Holzek Morda born"]}}';

const options = (change: Partial<TrainTokenizerOptions> = {}): TrainTokenizerOptions => ({
  samples: Array.from({ length: 20 }, (_, i) => `<think> born ${i}</think>${CALL}<|im_end|>`),
  vocabSize: 400,
  controlTokens: CONTROL,
  pattern: SEARCH_CALL_PATTERN,
  chatTemplate: "{{ messages[0].content }}",
  eosToken: "<|im_end|>",
  ...change,
});

function load(change: Partial<TrainTokenizerOptions> = {}): Tokenizer {
  const { tokenizerJson, tokenizerConfig } = trainTokenizer(options(change));
  return new Tokenizer(
    JSON.parse(JSON.stringify(tokenizerJson)),
    JSON.parse(JSON.stringify(tokenizerConfig)),
  );
}

Deno.test("trainTokenizer() makes the head and the tail of a search call one token each", () => {
  const { tokens } = load().encode(CALL);
  assert.equal(tokens[0], '{"name":"web_search","arguments":{"query":["');
  assert.equal(tokens.at(-1), '"]}}');
});

Deno.test("trainTokenizer() gives a name the same tokens wherever a space precedes it", () => {
  const tokenizer = load();
  const name = tokenizer.encode(" Holzek").ids;
  for (const text of ['[" Holzek', "<think> Holzek", "a\n Holzek", "of Holzek"]) {
    assert.deepEqual(tokenizer.encode(text).ids.slice(-name.length), name);
  }
});

Deno.test("trainTokenizer() puts control tokens behind the vocabulary, in order", () => {
  const { tokenizerJson } = trainTokenizer(options());
  const size = Object.keys(tokenizerJson.model.vocab).length;
  assert.deepEqual(tokenizerJson.added_tokens.map((t) => t.content), CONTROL);
  assert.deepEqual(tokenizerJson.added_tokens.map((t) => t.id), CONTROL.map((_, i) => size + i));
});

Deno.test("trainTokenizer() reaches the vocabulary it was asked for when the text suffices", () => {
  const samples = Array.from({ length: 400 }, (_, i) => ` word${i} w${i * 7919} `);
  const { tokenizerJson } = trainTokenizer(options({ samples, vocabSize: 300 }));
  assert.equal(Object.keys(tokenizerJson.model.vocab).length + CONTROL.length, 300);
});

Deno.test("trainTokenizer() keeps all bytes when the target is below them", () => {
  const { tokenizerJson } = trainTokenizer(options({ vocabSize: 1 }));
  assert.equal(Object.keys(tokenizerJson.model.vocab).length, 256);
  assert.equal(tokenizerJson.model.merges.length, 0);
});

Deno.test("trainTokenizer() does not depend on the order of the samples", () => {
  const samples = ["the cat sat", "on the mat", "the the cat", "mat mat"];
  const files = (list: ReadonlyArray<string>) =>
    JSON.stringify(trainTokenizer(options({ samples: list, vocabSize: 290 })));
  assert.equal(files(samples), files(samples.toReversed()));
});

Deno.test("trainTokenizer() loses no text, whatever its characters", () => {
  const tokenizer = load();
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const wellFormed = text.toWellFormed();
    const { ids } = tokenizer.encode(wellFormed);
    assert.equal(ids.length === 0 ? "" : tokenizer.decode(ids), wellFormed);
  }));
});

Deno.test("mergePairs() breaks ties by the smaller left id, then the smaller right id", () => {
  const { merges } = mergePairs(new Map([["bc", 2], ["ab", 2], ["ac", 2]]), 259);
  assert.deepEqual(merges, [["a", "b"], ["a", "c"], ["b", "c"]]);
});

Deno.test("mergePairs() merges overlapping pairs from the left", () => {
  const { vocab, merges } = mergePairs(new Map([["aaaaa", 1]]), 1000);
  assert.deepEqual(merges, [["a", "a"], ["aa", "a"], ["aa", "aaa"]]);
  assert.equal(vocab.length, 259);
});

Deno.test("mergePairs() gives a string that two merges build one id", () => {
  const pieces = new Map([["abc", 9], ["xbc", 1], ["ab", 20], ["bc", 1]]);
  const { vocab } = mergePairs(pieces, 1000);
  assert.equal(new Set(vocab).size, vocab.length);
});

Deno.test("byteAlphabet() holds 256 characters by code point", () => {
  const alphabet = byteAlphabet();
  assert.equal(new Set(alphabet).size, 256);
  assert.deepEqual(alphabet, alphabet.toSorted());
  assert.equal(alphabet[0], "!");
});
