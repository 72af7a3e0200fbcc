import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Result } from "effect";
import { MOST_TURNS, type Trace } from "../../src/domain/trace.ts";
import { importDocument, type Imported, IMPORTERS } from "../../src/traces/import_document.ts";
import { ANSWER, ARGUMENTS, QUESTION, RESULT, SYSTEM, THOUGHT } from "./sample_run.ts";
import { SAMPLES } from "./samples.ts";

function traceOf(document: unknown): Trace {
  const found: ReadonlyArray<Imported> = importDocument(document, "a.json");
  strictEqual(found.length, 1);
  ok(Result.isSuccess(found[0]!), JSON.stringify(found[0]));
  return found[0].success;
}

function reasonOf(document: unknown): string {
  const [found] = importDocument(document, "a.json");
  ok(found !== undefined && Result.isFailure(found));
  return found.failure.reason;
}

for (const { format, title, document, differs = {} } of SAMPLES) {
  Deno.test(`${format} reads ${title}`, () => {
    const trace = traceOf(document);
    strictEqual(trace.format, format);
    strictEqual(trace.question, differs.question === null ? null : QUESTION);
    deepStrictEqual(trace.golds, differs.golds === null ? null : [ANSWER]);
    strictEqual(trace.system, differs.system === null ? null : SYSTEM);
    strictEqual(trace.answer, ANSWER);
    strictEqual(trace.turns.length, 2);
    const { think, text, calls, replies } = trace.turns[0]!;
    strictEqual(think, differs.think === null ? null : THOUGHT);
    strictEqual(text, null);
    deepStrictEqual(calls, [{
      name: "search",
      arguments: ARGUMENTS,
      result: differs.result === null ? null : RESULT,
      isError: false,
      seconds: differs.seconds ?? null,
    }]);
    deepStrictEqual(replies, differs.replies ?? []);
  });
}

Deno.test("a sample is taken by one importer alone", () => {
  for (const { format, title, document } of SAMPLES) {
    const takers = IMPORTERS.filter(({ misses }) => misses(document) === null)
      .map(({ name }) => name);
    // Messages of an example of SFT are chat messages, and parts of a span can follow both conventions.
    deepStrictEqual(
      takers.filter((name) => name !== "openai-chat" || format === name),
      [format],
      title,
    );
  }
});

Deno.test("each importer but Who&When's and our own has a sample", () => {
  const names = IMPORTERS.map(({ name }) => name);
  const sampled = new Set(SAMPLES.map(({ format }) => format));
  deepStrictEqual(names.filter((name) => !sampled.has(name)), ["igpo", "who-and-when"]);
});

Deno.test("igpo reads the transcript of an episode of its own runs", () => {
  const call = `<tool_call>${JSON.stringify({ name: "search", arguments: ARGUMENTS })}</tool_call>`;
  const segment = (kind: string, turn: number, text: string) => ({
    ...{ kind, turn, text, trained: null, seconds: null, failure: null },
  });
  const episode = {
    ...{ id: "1/q/0", step: 1, group: 0, sample: 0, dropped: null, ending: "answered" },
    question: { id: "q", text: QUESTION, golds: [ANSWER], kind: "1-hop" },
    ...{ answer: ANSWER, outcome: 1, environmentOutcome: null, f1: 1, em: true, turns: [] },
    ...{ goldLogProb: [], miniBatch: 0, lossWeight: 1, seconds: null },
    transcript: [
      segment("prompt", -1, QUESTION),
      segment("think", 0, "<think>"),
      segment("think", 0, `${THOUGHT}</think>`),
      segment("call", 0, `${call}<|im_end|>`),
      segment("result", 0, RESULT),
      segment("answer", 1, `<answer>${ANSWER}</answer>`),
    ],
  };
  const { format, id, question, golds, answer, turns, reward } = traceOf(episode);
  deepStrictEqual([format, id, question, golds, answer, reward], [
    ...["igpo", "1/q/0", QUESTION],
    [ANSWER],
    ...[ANSWER, 1],
  ]);
  deepStrictEqual(turns.map(({ think, calls }) => [think, calls.map(({ result }) => result)]), [
    [THOUGHT, [RESULT]],
    [null, []],
  ]);
  strictEqual(reasonOf({ ...episode, transcript: null }), "its transcript was not kept");
});

Deno.test("who-and-when takes each agent's message for a turn and the terminal's for what it read", () => {
  const { turns, golds } = traceOf({
    question: QUESTION,
    ground_truth: ANSWER,
    mistake_step: "0",
    history: [
      { role: "assistant", name: "Coder", content: "print(1)" },
      { role: "user", name: "Computer_terminal", content: "1" },
      { role: "user", name: "Checker", content: ANSWER },
    ],
  });
  deepStrictEqual(golds, [ANSWER]);
  deepStrictEqual(turns.map(({ text, source }) => [text, source]), [
    ["print(1)", "history[0] of Coder"],
    [ANSWER, "history[2] of Checker"],
  ]);
  deepStrictEqual(turns[0]!.replies, [{ role: "tool", text: "1" }]);
});

Deno.test("a document of no known format is refused with what each format lacks", () => {
  const reason = reasonOf({ hello: "world" });
  for (const { name, misses } of IMPORTERS) {
    ok(reason.includes(`${name}: ${misses({ hello: "world" })}`), name);
  }
  ok(reason.length < 1000);
});

Deno.test("importDocument() names elements of a list by their place", () => {
  const found = importDocument([SAMPLES.at(-2)!.document, 5, SAMPLES.at(-1)!.document], "a.json");
  deepStrictEqual(
    found.map((one) => Result.isSuccess(one) ? one.success.source : one.failure.source),
    ["a.json#0", "a.json#1", "a.json#2"],
  );
  ok(Result.isFailure(found[1]!));
});

Deno.test("spans of two traces are two traces", () => {
  const span = (trace: string, text: string) => ({
    context: { trace_id: trace },
    attributes: { "gen_ai.output": text },
  });
  const found = importDocument({ spans: [span("a", "one"), span("b", "two")] }, "a.json");
  deepStrictEqual(
    found.map((one) => Result.isSuccess(one) ? [one.success.source, one.success.answer] : null),
    [["a.json#0", "one"], ["a.json#1", "two"]],
  );
});

Deno.test("a result goes to the call of its id, whatever the order", () => {
  const { turns } = traceOf([
    {
      role: "assistant",
      content: "",
      tool_calls: [{ id: "1", name: "a", args: {} }, { id: "2", name: "b", args: {} }],
    },
    { role: "tool", tool_call_id: "2", content: "second" },
    { role: "tool", tool_call_id: "1", content: "first" },
    { role: "tool", tool_call_id: "3", content: "nobody's" },
  ]);
  deepStrictEqual(turns[0]!.calls.map(({ result }) => result), ["first", "second"]);
  deepStrictEqual(turns[0]!.replies, [{ role: "tool", text: "nobody's" }]);
});

Deno.test("a call that stands in content and list is one call", () => {
  const { turns } = traceOf({
    messages: [{
      type: "ai",
      content: [{ type: "tool_use", id: "1", name: "a", input: {} }],
      tool_calls: [{ id: "1", name: "a", args: {} }, { id: "2", name: "b", args: {} }],
    }],
  });
  deepStrictEqual(turns[0]!.calls.map(({ name }) => name), ["a", "b"]);
});

Deno.test("an answer that is JSON is a text, and an input that is no message is lost", () => {
  const answer = '{"year": 2025}';
  const llm = (input: string) => ({
    attributes: {
      ...{ "openinference.span.kind": "LLM", "input.value": input, "output.value": answer },
    },
  });
  strictEqual(traceOf([llm("Which year?")]).answer, answer);
  strictEqual(traceOf([llm('["Which", "year?"]')]).question, '["Which", "year?"]');
  const generation = {
    ...{ id: "a", type: "GENERATION", startTime: "2026-01-01T00:00:00Z" },
    ...{ input: '{"size": 3}', output: answer },
  };
  const { lost, question } = traceOf({ id: "t", observations: [generation] });
  deepStrictEqual([lost, question], [["input or output that is no message"], null]);
});

Deno.test("a user's later messages are what the agent read after its turns", () => {
  const { turns, question } = traceOf([
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Yes?" },
    { role: "user", content: QUESTION },
    { role: "assistant", content: ANSWER },
  ]);
  strictEqual(question, "Hello");
  deepStrictEqual(turns[0]!.replies, [{ role: "user", text: QUESTION }]);
});

Deno.test("parts that are no text are lost, and counted", () => {
  const image = { type: "image_url", image_url: { url: "data:," } };
  const { lost } = traceOf([
    { role: "user", content: [{ type: "text", text: QUESTION }, image, image] },
    { role: "assistant", content: ANSWER },
  ]);
  deepStrictEqual(lost, ['2 × part of type "image_url"']);
});

Deno.test("a call in tags that is no JSON stays text, and is counted", () => {
  const { turns, lost } = traceOf([
    { role: "assistant", content: "<think>so</think><tool_call>{search</tool_call>" },
  ]);
  deepStrictEqual(turns[0]!.calls, []);
  strictEqual(turns[0]!.text, "<tool_call>{search</tool_call>");
  deepStrictEqual(lost, ["tool call that is no JSON, kept as text"]);
});

Deno.test("an empty gold answer is none", () => {
  for (const golds of ["", "  ", [], [""], null]) {
    strictEqual(traceOf({ golds, messages: [{ role: "assistant", content: "x" }] }).golds, null);
  }
});

Deno.test("a run without a message of the agent is refused", () => {
  match(reasonOf([{ role: "user", content: QUESTION }]), /^it holds no message of an agent$/);
});

Deno.test("a trace of too many turns is refused in one sentence, and one of a million at once", () => {
  const turns = (length: number) =>
    Array.from({ length }, () => ({ role: "assistant", content: "x" }));
  strictEqual(
    reasonOf(turns(MOST_TURNS + 1)),
    `it must have at most ${MOST_TURNS} turns: it has ${MOST_TURNS + 1}`,
  );
  const million = turns(1_000_000);
  const rule = /^its lists must have at most 200000 elements: one has 1000000$/;
  match(reasonOf(million), rule);
  match(reasonOf({ question: QUESTION, messages: million }), rule);
});

Deno.test("docs/traces.md has a row for each format, in no other format's name", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/traces.md", import.meta.url));
  const [, table] = page.split("## Formats");
  const names = [...table!.matchAll(/^\| `([\w-]+)` /gm)].map(([, name]) => name!);
  deepStrictEqual(names.toSorted(), IMPORTERS.map(({ name }) => name).toSorted());
});
