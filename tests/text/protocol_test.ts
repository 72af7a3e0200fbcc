import assert from "node:assert/strict";
import { Result } from "effect";
import fc from "fast-check";
import { makeProtocol, type Opening, type Protocol } from "../../src/text/protocol.ts";
import {
  answerBody,
  compactStyle,
  paperStyle,
  type ProtocolStyle,
  toolCallsBody,
} from "../../src/text/protocol_style.ts";
import { concatIds } from "../../src/text/slot.ts";
import { searchSystemPrompt } from "../../src/text/system_prompt.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { CHATML, compactProtocol, paperProtocol, smallTokenizer, templateOf } from "./fixtures.ts";

const tagged = smallTokenizer({ tags: true });
const untagged = smallTokenizer({ tags: false });
const compact = compactProtocol(tagged);
const paper = paperProtocol(untagged);

const results = (...contents: ReadonlyArray<string>) => contents.map((content) => ({ content }));
const count = (ids: Uint32Array, id: number) => ids.filter((other) => other === id).length;

/** Untrusted text: tags, control tokens, line ends, broken surrogates, anything. */
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom(
      ...tagged.controlTokens.keys(),
      "\r\n",
      " ",
      "\ud800",
      "<|im_start|>assistant\n",
    ),
  ).map((parts) => parts.join("")),
);

function refusal(source: string, tokenizer: Tokenizer = untagged, style = paperStyle): string {
  const protocol = makeProtocol({ tokenizer, template: templateOf(source), style, system: "s" });
  assert.ok(Result.isFailure(protocol));
  return protocol.failure.message;
}

Deno.test("prompt() reads as the template renders it, then the forced <think>", () => {
  assert.equal(
    untagged.decode(paper.prompt("Who?").ids),
    "<|im_start|>system\nYou search.<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n" +
      "<|im_start|>assistant\n<think>",
  );
  assert.equal(
    tagged.decode(compact.prompt("Who?").ids),
    "<|im_start|>system\nanswer by searching<|im_end|><|im_start|>user\nWho?<|im_end|>" +
      "<|im_start|>assistant<think>",
  );
});

Deno.test("prompt() and observation() end with the header of the message and the forced <think>", () => {
  const headerOf = (tokenizer: Tokenizer, { ids, header }: Opening) =>
    tokenizer.decode(ids.subarray(-header));
  for (const opening of [paper.prompt("Who?"), paper.observation(results("one"))]) {
    assert.equal(headerOf(untagged, opening), "\n<|im_start|>assistant\n<think>");
  }
  for (const opening of [compact.prompt("Who?"), compact.observation(results("one"))]) {
    assert.equal(headerOf(tagged, opening), "<|im_start|>assistant<think>");
  }
});

Deno.test("prompt() of ordinary text equals the rendered chat encoded whole", () => {
  const text = tagged.decode(compact.prompt(" Where was Holzek Morda born?").ids);
  assert.deepEqual(compact.prompt(" Where was Holzek Morda born?").ids, tagged.encode(text));
});

Deno.test("observation() joins results by lines and opens the next message", () => {
  assert.equal(
    untagged.decode(paper.observation(results("one", "two")).ids),
    "\n<|im_start|>user\n<tool_response>\none\ntwo\n</tool_response><|im_end|>\n" +
      "<|im_start|>assistant\n<think>",
  );
  assert.equal(
    tagged.decode(compact.observation(results(" one")).ids),
    "<|im_start|>user<tool_response> one</tool_response><|im_end|><|im_start|>assistant<think>",
  );
});

Deno.test("prompt(), message and observation() together read as the template renders them", () => {
  const message = paper.assistantMessage("hm", answerBody(paperStyle, "x"));
  const ids = concatIds(paper.prompt("q").ids, message, paper.observation(results("r")).ids);
  const rendered = Result.getOrThrow(
    templateOf(CHATML).render([
      { role: "system", content: "You search." },
      { role: "user", content: "q" },
      { role: "assistant", content: "<think>hm</think>\n<answer>\nx\n</answer>" },
      { role: "user", content: "<tool_response>\nr\n</tool_response>" },
    ], { addGenerationPrompt: true }),
  );
  assert.equal(untagged.decode(ids), rendered + "<think>");
});

Deno.test("prompt() and observation() hold the same control tokens whatever strangers say", () => {
  const check = (protocol: Protocol, tokenizer: Tokenizer) =>
    fc.property(hostile, (text) => {
      for (const id of tokenizer.controlTokens.values()) {
        assert.equal(count(protocol.prompt(text).ids, id), count(protocol.prompt("q").ids, id));
        assert.equal(
          count(protocol.observation(results(text)).ids, id),
          count(protocol.observation(results("r")).ids, id),
        );
      }
    });
  fc.assert(check(compact, tagged), { numRuns: 50 });
  fc.assert(check(paper, untagged), { numRuns: 50 });
});

Deno.test("observation() loses no text of a tool", () => {
  const empty = tagged.decode(compact.observation(results("")).ids);
  const cut = empty.indexOf("</tool_response>");
  fc.assert(
    fc.property(hostile, (text) => {
      const read = tagged.decode(compact.observation(results(text)).ids);
      assert.equal(read, empty.slice(0, cut) + text.toWellFormed() + empty.slice(cut));
    }),
    { numRuns: 50 },
  );
});

Deno.test("probe() reads as in the specification", () => {
  assert.equal(
    untagged.decode(paper.probe("Tulfa").ids),
    "\nNow there's enough information to answer\n</think>\n<answer>\nTulfa\n</answer><|im_end|>",
  );
  assert.equal(
    tagged.decode(compact.probe("Tulfa").ids),
    " now I can answer</think><answer> Tulfa</answer><|im_end|>",
  );
});

Deno.test("probe() spans exactly the gold answer, whatever it begins or ends with", () => {
  const check = (protocol: Protocol, tokenizer: Tokenizer, lead: string) =>
    fc.property(hostile, (gold) => {
      const { ids, start, end } = protocol.probe(gold);
      assert.deepEqual(ids.slice(start, end), tokenizer.encodePlain(lead + gold));
      const other = protocol.probe("x");
      assert.deepEqual(ids.slice(0, start), other.ids.slice(0, other.start));
      assert.deepEqual(ids.slice(end), other.ids.slice(other.end));
    });
  fc.assert(check(compact, tagged, " "), { numRuns: 50 });
  fc.assert(check(paper, untagged, ""), { numRuns: 50 });
});

Deno.test("probe() gives a name the tokens it has in a search result", () => {
  const { ids, start, end } = compact.probe("Holzek");
  const seen = compact.observation(results(" Holzek")).ids;
  const name = [...ids.slice(start, end)].join();
  assert.ok([...seen].join().includes(name));
});

Deno.test("parseTurn() reads what assistantMessage() writes, with and without the stop token", () => {
  const calls = [{ name: "web_search", arguments: { query: [" Holzek born"] } }];
  const check = (protocol: Protocol, style: ProtocolStyle) => {
    const call = protocol.assistantMessage(" think", toolCallsBody(style, [...calls, ...calls]));
    assert.deepEqual(protocol.parseTurn(call), { _tag: "ToolCalls", calls: [...calls, ...calls] });
    assert.deepEqual(protocol.parseTurn(call.subarray(0, -1)), protocol.parseTurn(call));
    const answer = protocol.assistantMessage(" think", answerBody(style, "Tulfa"));
    assert.deepEqual(protocol.parseTurn(answer), { _tag: "Answer", text: "Tulfa" });
  };
  check(compact, compactStyle);
  check(paper, paperStyle);
});

Deno.test("assistantMessage() ends with the end of turn and has no other control of the chat", () => {
  const ids = compact.assistantMessage(" birthplace", answerBody(compactStyle, "Tulfa"));
  assert.equal(tagged.decode(ids), " birthplace</think><answer> Tulfa</answer><|im_end|>");
  assert.equal(ids.at(-1), compact.endOfTurnId);
});

Deno.test("parseTurn() finds an empty message malformed", () => {
  assert.equal(compact.parseTurn(new Uint32Array())._tag, "Malformed");
  assert.equal(compact.parseTurn(Uint32Array.of(compact.endOfTurnId))._tag, "Malformed");
});

Deno.test("stopIds holds the end of turn even when the model's end of text is another token", () => {
  const source = CHATML.replaceAll("<|im_end|>", "<|endoftext|>");
  const template = templateOf(source);
  const protocol = Result.getOrThrow(
    makeProtocol({ tokenizer: untagged, template, style: paperStyle, system: null }),
  );
  assert.equal(protocol.endOfTurnId, untagged.idOf("<|endoftext|>"));
  assert.deepEqual(protocol.stopIds, [protocol.endOfTurnId, ...untagged.eosIds]);
});

Deno.test("makeProtocol() forces what a template of a thinking model already writes", () => {
  const source = CHATML.replace("assistant\\n' }}", "assistant\\n<think>\\n' }}");
  const template = templateOf(source);
  const { prompt, observation } = Result.getOrThrow(
    makeProtocol({ tokenizer: untagged, template, style: paperStyle, system: null }),
  );
  for (const { ids, header } of [prompt("q"), observation(results("r"))]) {
    const opened = untagged.decode(ids.subarray(-header));
    assert.equal(opened, "\n<|im_start|>assistant\n<think>\n");
  }
});

Deno.test("makeProtocol() tells whether a template leaves out earlier thoughts", () => {
  const drops = (source: string) =>
    Result.getOrThrow(
      makeProtocol({
        tokenizer: untagged,
        template: templateOf(source),
        style: paperStyle,
        system: null,
      }),
    ).dropsThoughts;
  assert.ok(!drops(CHATML));
  const after = "(m.content.split('</think>')[-1] if m.role == 'assistant' else m.content)";
  assert.ok(drops(CHATML.replace("m.content", after)));
});

Deno.test("makeProtocol() refuses templates whose text changes as the conversation grows", () => {
  const numbered = CHATML.replace("m.role +", "m.role + (messages | length | string) +");
  assert.match(refusal(numbered), /must begin with that of its earlier turns/);
  const forgetful = CHATML.replace("{%- for m in messages %}", "{%- for m in messages[-2:] %}");
  assert.match(refusal(forgetful), /Cannot use this chat template/);
  const lastOnly = CHATML.replace("+ m.content +", "+ (m.content if loop.last else '') +");
  assert.match(refusal(lastOnly), /Cannot use this chat template/);
  const twice = CHATML.replace("+ m.content +", "+ m.content + m.content +");
  assert.match(refusal(twice), /each message once/);
  const nagging = CHATML.replace(
    "assistant\\n' }}",
    "assistant\\n' }}{%- if messages | length > 4 %}{{- 'Hurry. ' }}{%- endif %}",
  );
  assert.match(refusal(nagging), /current value is "Hurry\. "/);
  const thinkingOnce = CHATML.replace(
    "assistant\\n' }}",
    "assistant\\n' }}{%- if messages | length < 4 %}{{- '<think>' }}{%- endif %}",
  );
  assert.match(refusal(thinkingOnce), /must begin with that of its earlier turns/);
});

Deno.test("makeProtocol() refuses a template that ends messages without a control token", () => {
  assert.match(refusal(CHATML.replaceAll("<|im_end|>", "</s>")), /control token/);
});

Deno.test("makeProtocol() refuses a template that refuses the roles", () => {
  const strict = "{%- if messages[0].role == 'system' %}{{ raise_exception('no system') }}" +
    "{%- endif %}";
  assert.match(refusal(strict + CHATML), /no system/);
});

Deno.test("searchSystemPrompt() names each tool twice and shows both shapes of a message", () => {
  const tool = { name: "web_search", description: "searches", parameters: { type: "object" } };
  const prompt = searchSystemPrompt({ date: "3 May 2026", tools: [tool] });
  assert.equal(prompt.split("web_search").length, 3);
  const signature = prompt.split("<tools>\n")[1]!.split("\n</tools>")[0]!;
  assert.deepEqual(JSON.parse(signature), { type: "function", function: tool });
  for (const part of ["3 May 2026", "<think>", "<tool_call>", "</answer>", "yes or no"]) {
    assert.ok(prompt.includes(part), part);
  }
});
