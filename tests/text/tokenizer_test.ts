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
    /tokenizer\.json as field "model\.type" must be "BPE" \| null: current value is "Unigram"$/,
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

/** The tokenizer of `files()` with another `tokenizer.json`. */
const changed = (change: (json: ReturnType<typeof files>["tokenizerJson"]) => unknown) => {
  const { tokenizerJson, tokenizerConfig } = files();
  return makeTokenizer(change(tokenizerJson), tokenizerConfig);
};
const added = (token: unknown) =>
  changed((json) => ({ ...json, added_tokens: [...json.added_tokens, token] }));
const withModel = (model: object) =>
  changed((json) => ({ ...json, model: { ...json.model, ...model } }));
const split = (fields: object) =>
  changed((json) => ({
    ...json,
    pre_tokenizer: { type: "Split", pattern: { Regex: "\\s+" }, behavior: "Isolated", ...fields },
  }));

Deno.test("makeTokenizer() refuses added tokens on ids that are no free ids", () => {
  const a = files().tokenizerJson.model.vocab["a"]!;
  for (
    const [id, rule] of [
      [a, /the id of the added token "<x>" must be free, but it is that of "a": .* is \d+$/],
      [-1, /must be a whole number from 0 to 1048575: current value is -1$/],
      [2 ** 40, /must be a whole number from 0 to 1048575: current value is 1099511627776$/],
      [1.5, /field "added_tokens.2.id" must be an integer: current value is 1.5$/],
      ["7", /field "added_tokens.2.id" must be .*: current value is "7"$/],
    ] as const
  ) {
    assert.match(messageOf(added({ id, content: "<x>" })), rule);
  }
  assert.match(messageOf(added({ id: 900, content: "<think>" })), /"<think>" must stand once/);
  assert.match(messageOf(added({ id: 900, content: "" })), /content" must be/);
});

Deno.test("makeTokenizer() refuses vocabularies and merges that lose text", () => {
  const { vocab } = files().tokenizerJson.model;
  for (
    const [model, rule] of [
      [{ vocab: {}, merges: [] }, /text must come back from its tokens/],
      [{ vocab: null }, /model.vocab must be an object/],
      [{ vocab: { ...vocab, a: vocab["b"] } }, /each id must be that of one token/],
      [{ vocab: { ...vocab, a: 0.5 } }, /the id of "a" must be a whole number/],
      [{ merges: {} }, /model.merges must be a list/],
      [{ merges: ["a"] }, /a merge must be of two tokens: current value is "a"/],
      [{ merges: [["a", 1]] }, /a merge must be of two tokens/],
      [{ merges: ["qqq zzz"] }, /a merge must make a token of model.vocab/],
    ] as const
  ) {
    assert.match(messageOf(withModel(model)), rule);
  }
});

Deno.test("makeTokenizer() refuses parts that it does not know, or that may take forever", () => {
  for (
    const [tokenizer, rule] of [
      [split({ behavior: 5 }), /in Split of its pre_tokenizer field "behavior" must be/],
      [split({ pattern: { Regex: "(a+)+b" } }), /a group must not repeat/],
      [split({ pattern: { Regex: "a*a*b" } }), /in very many ways/],
      [split({ pattern: { Regex: "a?".repeat(10) + "b" } }), /in very many ways/],
      [split({ pattern: { Regex: "a".repeat(3000) } }), /at most 2000 characters/],
      [split({ pattern: { Regex: "(?<=a)\\p{Nonsense}" } }), /ones that JavaScript can have too/],
      [split({ pattern: 3 }), /field "pattern" must be/],
      [split({ type: "FixedLength", length: 0 }), /the type of its pre_tokenizer must be one of/],
      [
        changed((json) => ({ ...json, normalizer: [] })),
        /its normalizer must be an object or null/,
      ],
      [
        changed((json) => ({
          ...json,
          normalizer: { type: "Replace", pattern: { String: "a" }, content: "a".repeat(1000) },
        })),
        /field "content" must be/,
      ],
      [
        changed((json) => ({
          ...json,
          normalizer: {
            type: "Sequence",
            normalizers: Array(4).fill({ type: "Prepend", prepend: "a" }),
          },
        })),
        /put text in at most 3 times: current value is 4$/,
      ],
      [changed((json) => ({ ...json, decoder: { type: "Sequence" } })), /decoders must be a list/],
    ] as const
  ) {
    assert.match(messageOf(tokenizer), rule);
  }
});
