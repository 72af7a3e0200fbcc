import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTurn } from "../../src/text/parse_turn.ts";

const CALL = '<tool_call>\n{"name": "web_search", "arguments": {"query": ["a"]}}\n</tool_call>';
const search = (query: string) => ({ name: "web_search", arguments: { query: [query] } });

function reason(text: string): string {
  const action = parseTurn(text);
  assert.equal(action._tag, "Malformed");
  return action._tag === "Malformed" ? action.reason : "";
}

Deno.test("parseTurn() reads an answer without the white space around it", () => {
  const action = parseTurn("<think>x</think>\n<answer>\n Holzek \n</answer>");
  assert.deepEqual(action, { _tag: "Answer", text: "Holzek" });
});

Deno.test("parseTurn() reads an answer over several lines, and an empty one", () => {
  assert.deepEqual(parseTurn("<think></think><answer>a\nb</answer>"), {
    _tag: "Answer",
    text: "a\nb",
  });
  assert.deepEqual(parseTurn("<think></think><answer></answer>"), { _tag: "Answer", text: "" });
});

Deno.test("parseTurn() takes the first of several answers", () => {
  const action = parseTurn("<think></think><answer>a</answer><answer>b</answer>");
  assert.deepEqual(action, { _tag: "Answer", text: "a" });
});

Deno.test("parseTurn() lets an answer win over a tool call in the same message", () => {
  assert.equal(parseTurn(`<think>x</think>${CALL}<answer>a</answer>`)._tag, "Answer");
  assert.equal(reason(`<think>x</think>${CALL}<answer>a`), "no </answer>");
});

Deno.test("parseTurn() reads parallel calls in order", () => {
  const second = CALL.replace('"a"', '"b"');
  assert.deepEqual(parseTurn(`<think>x</think>${CALL}\n${second}`), {
    _tag: "ToolCalls",
    calls: [search("a"), search("b")],
  });
});

Deno.test("parseTurn() keeps arguments as they are and drops other keys", () => {
  const text = '<think></think><tool_call>{"name":"n","arguments":null,"id":7}</tool_call>';
  assert.deepEqual(parseTurn(text), {
    _tag: "ToolCalls",
    calls: [{ name: "n", arguments: null }],
  });
});

Deno.test("parseTurn() says what is missing", () => {
  assert.equal(reason("x"), "no <think>");
  assert.equal(reason("<think>x"), "neither <answer> nor <tool_call>");
  assert.equal(reason("<think>x<answer>a</answer>"), "no </think>");
  assert.equal(reason("<think>x</think></answer><answer>a"), "no </answer>");
  assert.equal(reason(`<think>x${CALL}`), "no </think>");
  assert.equal(reason(`<think>x</think>${CALL}<tool_call>{}`), "no </tool_call>");
});

Deno.test("parseTurn() refuses calls that are not JSON with a name and arguments", () => {
  const bodies = [
    "",
    "x",
    "[]",
    '"web_search"',
    "null",
    "{}",
    '{"name":"n"}',
    '{"arguments":{}}',
    '{"name":"","arguments":{}}',
    '{"name":3,"arguments":{}}',
    '{"name":"n","arguments":{}',
  ];
  for (const body of bodies) {
    assert.equal(
      reason(`<think></think><tool_call>${body}</tool_call>`),
      "tool call is not JSON with name and arguments",
    );
  }
});

Deno.test("parseTurn() refuses a message in which one of several calls is broken", () => {
  assert.match(reason(`<think></think>${CALL}<tool_call>x</tool_call>`), /not JSON/);
});

Deno.test("parseTurn() finds something to say about any text", () => {
  const piece = fc.constantFrom(
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "<tool_call>",
    "</tool_call>",
    '{"name":"n","arguments":{}}',
    "x",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const action = parseTurn(pieces.join(""));
    if (action._tag === "ToolCalls") assert.ok(action.calls.length > 0);
    if (action._tag === "Malformed") assert.ok(action.reason.length > 0);
  }));
});
