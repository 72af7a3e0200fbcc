import { Result, Schema } from "effect";
import type { Action, ToolCall } from "../domain/episode.ts";

const ToolCallText = Schema.fromJsonString(
  Schema.Struct({ name: Schema.NonEmptyString, arguments: Schema.Unknown }),
);

/**
 * What an assistant message asks for (specification section 1). `text` begins with the forced `<think>`.
 *
 * - A message with `<answer>` is an answer, whatever else it holds; it needs `</answer>` and `</think>`.
 *   The first answer counts, without the white space around it.
 * - Otherwise each `<tool_call>` must close and hold JSON with a non-empty `name` and `arguments`, and the
 *   message needs `</think>`. Several calls run in parallel.
 * - Anything else is malformed.
 */
export function parseTurn(text: string): Action {
  if (!text.includes("<think>")) return malformed("no <think>");
  if (text.includes("<answer>")) return parseAnswer(text);
  if (text.includes("<tool_call>")) return parseToolCalls(text);
  return malformed("neither <answer> nor <tool_call>");
}

function parseAnswer(text: string): Action {
  const answer = /<answer>(.*?)<\/answer>/s.exec(text);
  if (answer === null) return malformed("no </answer>");
  if (!text.includes("</think>")) return malformed("no </think>");
  return { _tag: "Answer", text: answer[1]!.trim() };
}

function parseToolCalls(text: string): Action {
  const blocks = Array.from(text.matchAll(/<tool_call>(.*?)<\/tool_call>/gs), (match) => match[1]!);
  const opened = text.split("<tool_call>").length - 1;
  if (blocks.length < opened) return malformed("no </tool_call>");
  if (!text.includes("</think>")) return malformed("no </think>");
  const calls = blocks.map(parseToolCall);
  const good = calls.filter((call) => call !== null);
  if (good.length < calls.length) return malformed("tool call is not JSON with name and arguments");
  return { _tag: "ToolCalls", calls: good };
}

function parseToolCall(json: string): ToolCall | null {
  return Result.getOrNull(Schema.decodeUnknownResult(ToolCallText)(json));
}

function malformed(reason: string): Action {
  return { _tag: "Malformed", reason };
}
