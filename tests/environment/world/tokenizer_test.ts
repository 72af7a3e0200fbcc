import assert from "node:assert/strict";
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import { NO_RESULTS } from "../../../src/environment/web_search.ts";
import { demonstrationsOf } from "../../../src/environment/world/cold_start.ts";
import { NAME_WORDS } from "../../../src/environment/world/names.ts";
import { WORLD_RECIPE } from "../../../src/environment/world/recipe.ts";
import { YEARS } from "../../../src/environment/world/relations.ts";
import {
  CONTROL_TOKENS,
  trainWorldTokenizer,
  WORLD_CHAT_TEMPLATE,
} from "../../../src/environment/world/tokenizer.ts";
import { demonstrationText } from "../../../src/environment/world/tokenizer_sample.ts";

const { tokenizerJson, tokenizerConfig } = trainWorldTokenizer(1);
const tokenizer = new Tokenizer(tokenizerJson, { ...tokenizerConfig });

function encode(text: string): Array<number> {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

function contains(ids: ReadonlyArray<number>, part: ReadonlyArray<number>): boolean {
  return ids.some((_, at) => part.every((id, offset) => ids[at + offset] === id));
}

Deno.test("trainWorldTokenizer() gives the same files of the same seed", () => {
  const again = trainWorldTokenizer(1);
  assert.equal(JSON.stringify(again.tokenizerJson), JSON.stringify(tokenizerJson));
});

Deno.test("trainWorldTokenizer() stays within the vocabulary of the recipe", () => {
  const size = Object.keys(tokenizerJson.model.vocab).length + CONTROL_TOKENS.length;
  assert.ok(size > 500 && size <= WORLD_RECIPE.vocabSize, `${size}`);
});

Deno.test("trainWorldTokenizer() spells each of the 1,600 words with its two pieces, each year as one token", () => {
  for (const word of NAME_WORDS) {
    const pieces = [...encode(` ${word.slice(0, 3)}`), ...encode(word.slice(3))];
    assert.equal(pieces.length, 2, word);
    assert.deepEqual(encode(` ${word}`), pieces);
  }
  for (const year of YEARS) assert.equal(encode(` ${year}`).length, 1);
});

Deno.test("trainWorldTokenizer() gives a name the same tokens wherever it stands", () => {
  for (const demonstration of demonstrationsOf({ seed: 7, index: 0, habits: null })) {
    const { question, turns } = demonstration;
    for (const { subject, object } of question.facts) {
      for (const { action, observation } of turns) {
        const texts = [question.text, observation ?? "", JSON.stringify(action)];
        for (const name of [subject, object]) {
          const holding = texts.filter((text) => text.includes(` ${name}`));
          for (const text of holding) assert.ok(contains(encode(text), encode(` ${name}`)), text);
        }
      }
    }
  }
});

Deno.test("trainWorldTokenizer() makes one token of the head and of the tail of a search call", () => {
  assert.equal(encode('{"name":"web_search","arguments":{"query":["').length, 1);
  assert.equal(encode('"]}}').length, 1);
});

Deno.test("trainWorldTokenizer() keeps the system text at five tokens and the probe's thought at four", () => {
  assert.equal(encode(WORLD_RECIPE.systemText).length, 5);
  assert.equal(encode(WORLD_RECIPE.finalThink).length, 4);
  assert.equal(encode(NO_RESULTS).length, 2);
});

Deno.test("demonstrationText() needs fewer tokens than 83, 130, 174 and 142 for the four kinds", () => {
  const tokens = new Map<string, Array<number>>();
  for (const index of [0, 1, 2, 3]) {
    for (const demonstration of demonstrationsOf({ seed: 1, index, habits: null })) {
      const { kind } = demonstration.question;
      const count = encode(demonstrationText(demonstration)).length;
      tokens.set(kind, [...(tokens.get(kind) ?? []), count]);
    }
  }
  const mean = (kind: string): number => {
    const counts = tokens.get(kind)!;
    return counts.reduce((sum, count) => sum + count, 0) / counts.length;
  };
  assert.ok(mean("1-hop") < 83 && mean("2-hop") < 130 && mean("3-hop") < 174);
  assert.ok(mean("choice") < 142);
});

Deno.test("WORLD_CHAT_TEMPLATE renders a demonstration as demonstrationText() writes it", () => {
  const [demonstration] = demonstrationsOf({ seed: 2, index: 0, habits: null });
  const text = demonstrationText(demonstration!);
  const parts = text.split("<|im_end|>").slice(0, -1).map((part) => `${part}<|im_end|>`);
  const messages = parts.map((part) => {
    const [, header, body] = part.match(/^<\|im_start\|>(\w+)\n?(.*)<\|im_end\|>$/s)!;
    const tool = body!.match(/^<tool_response>(.*)<\/tool_response>$/s);
    return tool ? { role: "tool", content: tool[1] } : { role: header, content: body };
  });
  const template = new Template(WORLD_CHAT_TEMPLATE);
  assert.equal(template.render({ messages, add_generation_prompt: false }), text);
  messages.forEach((_, end) => {
    const shorter = template.render({ messages: messages.slice(0, end) });
    assert.ok(text.startsWith(shorter));
  });
  const prompt = template.render({ messages: messages.slice(0, 2), add_generation_prompt: true });
  assert.ok(text.startsWith(`${prompt}<think>`));
});
