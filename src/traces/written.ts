/** Thoughts, calls and results that a log has in its texts instead of fields. */
import { isRecord } from "../domain/decode.ts";
import type { Losses, Message, Part } from "./message.ts";
import { readCalls } from "./messages.ts";
import { fromJson } from "./shapes.ts";

/** Reads `<think>`, `<tool_call>` and `<tool_response>` in texts, and a message that is JSON with `tool_calls`. */
export function readTags(
  messages: ReadonlyArray<Message>,
  losses: Losses,
): ReadonlyArray<Message> {
  return messages.map((message) => ({
    ...message,
    parts: message.parts.flatMap((part): ReadonlyArray<Part> => {
      if (part._tag !== "Text") return [part];
      if (message.role === "assistant") return writtenBy(part.text, losses);
      return message.role === "user" ? responsesIn(part.text) : [part];
    }),
  }));
}

function writtenBy(text: string, losses: Losses): ReadonlyArray<Part> {
  const [, think, said] = /^\s*(?:<think>)?(.*?)<\/think>(.*)$/s.exec(text) ?? [];
  const rest = said ?? text;
  return [
    ...textPart("Think", think ?? ""),
    ...(/^\s*\{\s*"tool_calls"/.test(rest) ? jsonCalls(rest, losses) : taggedCalls(rest, losses)),
  ];
}

function taggedCalls(text: string, losses: Losses): ReadonlyArray<Part> {
  const calls = Array.from(text.matchAll(/<tool_call>(.*?)<\/tool_call>/gs), ([block, json]) => {
    const call = fromJson(json!.trim());
    return isRecord(call) ? { block, parts: readCalls([call], losses) } : { block, parts: [] };
  });
  const broken = calls.filter(({ parts }) => parts.length === 0).length;
  for (let i = 0; i < broken; i++) losses.add("tool call that is no JSON, kept as text");
  const rest = calls.filter(({ parts }) => parts.length > 0)
    .reduce((left, { block }) => left.replace(block, ""), text);
  return [...textPart("Text", rest), ...calls.flatMap(({ parts }) => parts)];
}

/** `{"tool_calls": [...]}`, and what may be said after it. */
function jsonCalls(text: string, losses: Losses): ReadonlyArray<Part> {
  const json = /^\s*\{.*\}/s.exec(text)?.[0] ?? "";
  const calls = fromJson(json);
  if (!isRecord(calls) || !Array.isArray(calls["tool_calls"])) {
    losses.add("tool call that is no JSON, kept as text");
    return textPart("Text", text);
  }
  return [...textPart("Text", text.slice(json.length)), ...readCalls(calls["tool_calls"], losses)];
}

function responsesIn(text: string): ReadonlyArray<Part> {
  const found = Array.from(
    text.matchAll(/<tool_response>(.*?)<\/tool_response>/gs),
    ([block, content]) => ({ block, content: content!.trim() }),
  );
  const rest = found.reduce((left, { block }) => left.replace(block, ""), text);
  return [...found.map(({ content }) => resultPart(content)), ...textPart("Text", rest)];
}

/** A call of the ReAct format: the arguments stand on the line after its name. */
const REACT = /^(.*?)^Action:[ \t]*([^\n]+)\nAction Input:[ \t]*(.*)$/ms;

/** Reads `Thought:`, `Action:` and `Final Answer:`; the user's message after an action is its result. */
export function readReAct(messages: ReadonlyArray<Message>): ReadonlyArray<Message> {
  let isWaiting = false;
  return messages.map((message) => {
    const wasWaiting = isWaiting;
    const parts = message.parts.flatMap((part): ReadonlyArray<Part> => {
      if (part._tag !== "Text") return [part];
      if (message.role === "assistant") return reActParts(part.text);
      return message.role === "user" && wasWaiting
        ? [resultPart(part.text)]
        : textPart("Text", part.text.replace(/^\s*Question:\s*/, ""));
    });
    isWaiting = message.role === "assistant" && parts.some(({ _tag }) => _tag === "Call");
    return { ...message, parts };
  });
}

function reActParts(text: string): ReadonlyArray<Part> {
  const [, before, name, input] = REACT.exec(text) ?? [];
  if (name !== undefined) {
    return [...textPart("Think", withoutLabel(before!)), {
      ...{ _tag: "Call", id: null, name: name.trim() },
      arguments: fromJson(input!.trim()),
    }];
  }
  const [, think, answer] = /^(.*?)^Final Answer:(.*)$/ms.exec(text) ?? [];
  if (answer === undefined) return [{ _tag: "Text", text }];
  return [...textPart("Think", withoutLabel(think!)), ...textPart("Text", answer)];
}

function withoutLabel(thought: string): string {
  return thought.replace(/^\s*Thought:\s*/, "");
}

function textPart(tag: "Text" | "Think", text: string): ReadonlyArray<Part> {
  const trimmed = text.trim();
  return trimmed === "" ? [] : [{ _tag: tag, text: trimmed }];
}

function resultPart(text: string): Part {
  return { _tag: "Result", id: null, name: null, text: text.trim(), isError: false };
}
