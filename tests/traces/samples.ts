/** The run in every format. */
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
import { SPAN_SAMPLES } from "./span_samples.ts";

const call = `<tool_call>\n${json({ name: "search", arguments: ARGUMENTS })}\n</tool_call>`;
const tagged = [
  { role: "system", content: SYSTEM },
  { role: "user", content: QUESTION },
  { role: "assistant", content: `<think>\n${THOUGHT}\n</think>\n${call}` },
  { role: "user", content: `<tool_response>\n${RESULT}\n</tool_response>` },
  { role: "assistant", content: `<think>\nNow\n</think>\n<answer>\n${ANSWER}\n</answer>` },
];

const items = [
  { type: "reasoning", summary: [{ type: "summary_text", text: THOUGHT }] },
  { type: "function_call", call_id: "c1", name: "search", arguments: json(ARGUMENTS) },
  { type: "function_call_output", call_id: "c1", output: RESULT },
  { type: "message", role: "assistant", content: [{ type: "output_text", text: ANSWER }] },
];

export const SAMPLES: ReadonlyArray<Sample> = [
  ...SPAN_SAMPLES,
  {
    format: "openai-chat",
    title: "a row of messages",
    document: { golds: [ANSWER], messages: chat },
  },
  { format: "openai-chat", title: "a list of messages", document: chat, differs: { golds: null } },
  {
    format: "openai-chat",
    title: "messages with tags",
    document: { question: QUESTION, answers: ANSWER, messages: tagged },
  },
  {
    format: "openai-chat",
    title: "a request with the reply's choices",
    document: { messages: chat.slice(0, -1), choices: [{ message: chat.at(-1) }] },
    differs: { golds: null },
  },
  {
    format: "dr-venus",
    title: "an example of SFT",
    document: { question: QUESTION, messages: tagged, gt: ANSWER },
  },
  {
    format: "dr-venus",
    title: "a rollout",
    document: { request_id: "r", sample_idx: 0, finished: true, messages: tagged },
    differs: { golds: null },
  },
  {
    format: "openai-responses",
    title: "a reply with its input",
    document: { id: "resp", instructions: SYSTEM, input: QUESTION, output: items },
    differs: { golds: null },
  },
  {
    format: "nemo-gym",
    title: "a row with the expected answer",
    document: {
      responses_create_params: {
        instructions: SYSTEM,
        input: [{ role: "user", content: QUESTION }],
      },
      response: { id: "resp", output: items },
      expected_answer: ANSWER,
      reward: 1,
    },
  },
  {
    format: "anthropic",
    title: "a request and the reply",
    document: {
      request: {
        system: SYSTEM,
        messages: [
          { role: "user", content: QUESTION },
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: THOUGHT, signature: "s" },
              { type: "tool_use", id: "c1", name: "search", input: ARGUMENTS },
            ],
          },
          {
            role: "user",
            content: [{
              type: "tool_result",
              tool_use_id: "c1",
              content: [{ type: "text", text: RESULT }],
            }],
          },
        ],
      },
      response: {
        ...{ id: "m", type: "message", role: "assistant" },
        content: [{ type: "text", text: ANSWER }],
      },
    },
    differs: { golds: null },
  },
  {
    format: "anthropic",
    title: "a reply with a tool that the server runs",
    document: {
      ...{ id: "m", type: "message", role: "assistant" },
      content: [
        { type: "thinking", thinking: THOUGHT },
        { type: "server_tool_use", id: "c1", name: "search", input: ARGUMENTS },
        { type: "search_tool_result", tool_use_id: "c1", content: RESULT },
        { type: "text", text: ANSWER },
      ],
    },
    differs: { golds: null, system: null, question: null },
  },
  {
    format: "ai-sdk",
    title: "UI messages",
    document: [
      { role: "user", parts: [{ type: "text", text: QUESTION }] },
      {
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "reasoning", text: THOUGHT },
          {
            ...{ type: "tool-search", toolCallId: "c1", state: "output-available" },
            ...{ input: ARGUMENTS, output: RESULT },
          },
          { type: "step-start" },
          { type: "text", text: ANSWER },
        ],
      },
    ],
    differs: { golds: null, system: null },
  },
  {
    format: "ai-sdk",
    title: "model messages",
    document: {
      messages: [
        { role: "system", content: SYSTEM },
        { role: "user", content: QUESTION },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: THOUGHT },
            { type: "tool-call", toolCallId: "c1", toolName: "search", input: ARGUMENTS },
          ],
        },
        {
          role: "tool",
          content: [{
            ...{ type: "tool-result", toolCallId: "c1", toolName: "search" },
            output: { type: "text", value: RESULT },
          }],
        },
        { role: "assistant", content: [{ type: "text", text: ANSWER }] },
      ],
    },
    differs: { golds: null },
  },
  {
    format: "verifiers",
    title: "a row whose calls are texts",
    document: {
      prompt: chat.slice(0, 2),
      completion: [
        { role: "assistant", reasoning_content: THOUGHT, tool_calls: [json(chatCall)] },
        { role: "tool", content: RESULT, tool_calls: null },
        chat[4],
      ],
      answer: ANSWER,
      reward: 1,
    },
  },
  {
    format: "skyrl",
    title: "a dump in ChatML",
    document: {
      input_prompt:
        `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\n${QUESTION}<|im_end|>\n`,
      output_response: `<|im_start|>assistant\n<think>\n${THOUGHT}\n</think>\n\n` +
        `${json({ tool_calls: [chatCall] })}<|im_end|>\n` +
        `<|im_start|>user\n${RESULT}<|im_end|>\n<|im_start|>assistant\n${ANSWER}<|im_end|>\n`,
      score: 1,
      env_extras: { reward_spec: json({ ground_truth: ANSWER }) },
    },
    differs: { result: null, replies: [{ role: "user", text: RESULT }] },
  },
  {
    format: "atif",
    title: "a trajectory",
    document: {
      schema_version: "ATIF-v1.6",
      session_id: "s",
      steps: [
        { step_id: 1, source: "system", message: SYSTEM },
        { step_id: 2, source: "user", message: QUESTION },
        {
          ...{ step_id: 3, source: "agent", message: "", reasoning_content: THOUGHT },
          tool_calls: [{ tool_call_id: "c1", function_name: "search", arguments: ARGUMENTS }],
          observation: { results: [{ source_call_id: "c1", content: RESULT }] },
        },
        { step_id: 4, source: "agent", message: ANSWER },
      ],
    },
    differs: { golds: null },
  },
  {
    format: "inspect",
    title: "a sample with an attachment",
    document: {
      eval: { task: "t" },
      samples: [{
        ...{ id: 1, epoch: 1, input: QUESTION, target: ANSWER },
        messages: [
          ...chat.slice(0, 2),
          {
            role: "assistant",
            content: [{ type: "reasoning", reasoning: THOUGHT }],
            tool_calls: [{ id: "c1", function: "search", arguments: ARGUMENTS }],
          },
          { role: "tool", tool_call_id: "c1", content: "attachment://abc" },
          chat[4],
        ],
        scores: { match: { value: "C" } },
        attachments: { abc: RESULT },
      }],
    },
  },
  {
    format: "plain",
    title: "a row of turns",
    document: {
      question: QUESTION,
      system: SYSTEM,
      golds: [ANSWER],
      turns: [
        { think: THOUGHT, calls: [{ name: "search", arguments: ARGUMENTS, result: RESULT }] },
        { text: ANSWER },
      ],
    },
  },
];
