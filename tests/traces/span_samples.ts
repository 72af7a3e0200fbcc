/** The run in formats of spans, runs and observations. */
import {
  ANSWER,
  ARGUMENTS,
  chat,
  chatCall,
  json,
  QUESTION,
  RESULT,
  type Sample,
  SYSTEM,
  THOUGHT,
} from "./sample_run.ts";

const otelParts = {
  asked: { role: "user", parts: [{ type: "text", content: QUESTION }] },
  called: {
    role: "assistant",
    parts: [
      { type: "reasoning", content: THOUGHT },
      { type: "tool_call", id: "c1", name: "search", arguments: ARGUMENTS },
    ],
  },
  gave: { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: RESULT }] },
  answered: { role: "assistant", parts: [{ type: "text", content: ANSWER }] },
};

const SECOND = 1_000_000_000;
/** A span of OTLP from one second to the next. */
function otlpSpan(name: string, at: number, attributes: Readonly<Record<string, string>>) {
  return {
    ...{ traceId: "t", spanId: name, name },
    startTimeUnixNano: String(at * SECOND),
    endTimeUnixNano: String((at + 1) * SECOND),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: { stringValue: value },
    })),
  };
}

const otlp = (...spans: ReadonlyArray<unknown>) => ({
  resourceSpans: [{ scopeSpans: [{ spans }] }],
});

/** Times of the observations and runs of a trace. */
const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;

const reAct = `Thought: ${THOUGHT}\n\nAction: search\nAction Input: ${json(ARGUMENTS)}`;

export const SPAN_SAMPLES: ReadonlyArray<Sample> = [
  {
    format: "otel",
    title: "OTLP with today's attributes and a span of the tool",
    document: otlp(
      otlpSpan("chat", 3, {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json([otelParts.asked, otelParts.called, otelParts.gave]),
        "gen_ai.output.messages": json([otelParts.answered]),
      }),
      otlpSpan("chat", 1, {
        "gen_ai.operation.name": "chat",
        "gen_ai.system_instructions": json([{ type: "text", content: SYSTEM }]),
        "gen_ai.input.messages": json([otelParts.asked]),
        "gen_ai.output.messages": json([otelParts.called]),
      }),
      otlpSpan("execute_tool search", 2, {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": "c1",
        "gen_ai.tool.call.result": RESULT,
      }),
    ),
    differs: { golds: null, seconds: 1 },
  },
  {
    format: "otel",
    title: "numbered attributes of before, the result in a span alone",
    document: otlp(
      otlpSpan("chat", 1, {
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": SYSTEM,
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": QUESTION,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.tool_calls.0.name": "search",
        "gen_ai.completion.0.tool_calls.0.arguments": json(ARGUMENTS),
      }),
      otlpSpan("search", 2, {
        "gen_ai.operation.name": "tool",
        "gen_ai.tool.name": "search",
        "input.value": json(ARGUMENTS),
        "output.value": RESULT,
      }),
      otlpSpan("chat", 3, {
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": ANSWER,
      }),
    ),
    differs: { golds: null, think: null, seconds: 1 },
  },
  {
    format: "otel",
    title: "events of messages",
    document: {
      spans: [{
        ...{ name: "chat", start_time: SECOND, end_time: 2 * SECOND, attributes: {} },
        events: [
          { name: "gen_ai.system.message", attributes: { content: SYSTEM } },
          { name: "gen_ai.user.message", attributes: { content: QUESTION } },
          {
            name: "gen_ai.assistant.message",
            attributes: { reasoning_content: THOUGHT, tool_calls: json([chatCall]) },
          },
          { name: "gen_ai.tool.message", attributes: { content: RESULT, tool_call_id: "c1" } },
          { name: "gen_ai.choice", attributes: { message: json({ content: ANSWER }) } },
        ],
      }],
    },
    differs: { golds: null },
  },
  {
    format: "openinference",
    title: "flat keys",
    document: {
      "openinference.span.kind": "LLM",
      "llm.input_messages.0.message.role": "user",
      "llm.input_messages.0.message.content": QUESTION,
      "llm.input_messages.1.message.role": "assistant",
      "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
      "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "search",
      "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": json(ARGUMENTS),
      "llm.input_messages.2.message.role": "tool",
      "llm.input_messages.2.message.content": RESULT,
      "llm.input_messages.2.message.tool_call_id": "c1",
      "llm.output_messages.0.message.role": "assistant",
      "llm.output_messages.0.message.contents.0.message_content.type": "text",
      "llm.output_messages.0.message.contents.0.message_content.text": ANSWER,
    },
    differs: { golds: null, system: null, think: null },
  },
  {
    format: "openinference",
    title: "a ReAct agent",
    document: [
      {
        ...{ name: "llm", start_time: at(1), end_time: at(2) },
        attributes: {
          "openinference.span.kind": "LLM",
          "input.value": json([
            { type: "system", content: SYSTEM },
            { type: "human", content: `Question: ${QUESTION}` },
          ]),
          "output.value": reAct,
        },
      },
      {
        ...{ name: "search.0", start_time: at(2), end_time: at(3) },
        attributes: {
          "openinference.span.kind": "TOOL",
          "input.value": json(ARGUMENTS),
          "output.value": RESULT,
        },
      },
      {
        ...{ name: "llm", start_time: at(3), end_time: at(4) },
        attributes: {
          "openinference.span.kind": "LLM",
          "input.value": json([
            { type: "human", content: `Question: ${QUESTION}` },
            { type: "ai", content: reAct },
            { type: "human", content: RESULT },
          ]),
          "output.value": `Thought: Now\n\nFinal Answer: ${ANSWER}`,
        },
      },
    ],
    differs: { golds: null, seconds: 1 },
  },
  {
    format: "langsmith",
    title: "runs of a model and of a tool",
    document: {
      runs: [
        {
          ...{ id: "root", trace_id: "root", run_type: "chain", start_time: at(0) },
          inputs: { question: QUESTION },
          reference_outputs: { answer: ANSWER },
        },
        {
          ...{ id: "a", trace_id: "root", parent_run_id: "root", run_type: "llm" },
          ...{ start_time: at(1), end_time: at(2) },
          inputs: { messages: [chat.slice(0, 2)] },
          outputs: { choices: [{ message: chat[2] }] },
        },
        {
          ...{ id: "b", trace_id: "root", parent_run_id: "root", run_type: "tool", name: "search" },
          ...{ start_time: at(2), end_time: at(4), inputs: ARGUMENTS, outputs: { output: RESULT } },
        },
        {
          ...{ id: "c", trace_id: "root", parent_run_id: "root", run_type: "llm" },
          ...{ start_time: at(4), end_time: at(5) },
          inputs: { messages: [chat.slice(0, 3)] },
          outputs: {
            generations: [[{
              message: {
                ...{ lc: 1, type: "constructor", id: ["langchain", "AIMessage"] },
                kwargs: { content: ANSWER },
              },
            }]],
          },
        },
      ],
    },
    differs: { seconds: 2 },
  },
  {
    format: "langfuse",
    title: "generations and a tool, as texts of JSON",
    document: {
      trace: { id: "t", input: json({ messages: chat.slice(0, 2) }) },
      observations: [
        {
          ...{ id: "a", type: "GENERATION", startTime: at(1), endTime: at(2) },
          ...{ input: json(chat.slice(0, 2)), output: json(chat[2]) },
        },
        {
          ...{ id: "b", type: "TOOL", name: "search", startTime: at(2), endTime: at(5) },
          ...{ input: json(ARGUMENTS), output: json(RESULT) },
        },
        {
          ...{ id: "c", type: "GENERATION", startTime: at(5), endTime: at(6) },
          ...{ input: json({ content: "role" }), output: json(chat[4]) },
        },
      ],
    },
    differs: { golds: null, seconds: 3 },
  },
];
