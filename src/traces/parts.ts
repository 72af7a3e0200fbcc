import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../domain/decode.ts";
import type { Losses, Part, ResultPart } from "./message.ts";
import { Fields, fromJson, List, maybe, Text } from "./shapes.ts";

/** The fields by which the formats tell the pieces of a message; which ones there are depends on `type`. */
const WirePart = Schema.Struct({
  type: Schema.String,
  text: Text,
  content: maybe(Schema.Unknown),
  thinking: Text,
  reasoning: Text,
  refusal: Text,
  summary: maybe(List),
  id: Text,
  name: Text,
  input: maybe(Schema.Unknown),
  args: maybe(Schema.Unknown),
  arguments: maybe(Schema.Unknown),
  toolCallId: Text,
  toolName: Text,
  state: Text,
  output: maybe(Schema.Unknown),
  result: maybe(Schema.Unknown),
  response: maybe(Schema.Unknown),
  errorText: Text,
  isError: maybe(Schema.Boolean),
  is_error: maybe(Schema.Boolean),
  tool_use_id: Text,
});

type WirePart = typeof WirePart.Type;

/** The pieces of a message's content: a text, or a list of texts and typed parts. What none knows is lost. */
export function partsOf(content: unknown, losses: Losses): ReadonlyArray<Part> {
  if (Predicate.isString(content)) return content === "" ? [] : [{ _tag: "Text", text: content }];
  if (content === null || content === undefined) return [];
  const list = Array.isArray(content) ? content : [content];
  return list.flatMap((one) => {
    if (Predicate.isString(one)) return partsOf(one, losses);
    const part = Schema.decodeUnknownResult(WirePart)(one);
    if (Result.isSuccess(part)) return readPart(part.success, losses);
    losses.add("part of a message without a type");
    return [];
  });
}

function readPart(part: WirePart, losses: Losses): ReadonlyArray<Part> {
  const { type } = part;
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
      return partsOf(part.text ?? part.content, losses);
    case "refusal":
      return partsOf(part.refusal, losses);
    case "thinking":
    case "reasoning":
    case "summary_text":
      return thinkOf(part, losses);
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
    case "tool_call":
    case "tool-call":
      return [callOf(part)];
    case "tool-result":
    case "tool_call_response":
      return [resultOf(part, losses)];
    case "step-start":
      return [{ _tag: "Step" }];
  }
  // The AI SDK names a part after its tool, Anthropic a result after its server tool.
  if (type === "dynamic-tool" || type.startsWith("tool-") && Predicate.isString(part.toolCallId)) {
    return uiTool(part, losses);
  }
  if (/tool_result$/.test(type)) return [resultOf(part, losses)];
  losses.add(`part of type "${type}"`);
  return [];
}

function thinkOf(part: WirePart, losses: Losses): ReadonlyArray<Part> {
  if (part.summary !== null && part.summary !== undefined) return asThought(part.summary, losses);
  return asThought(part.thinking ?? part.reasoning ?? part.text ?? part.content, losses);
}

/** Content as thoughts. */
export function asThought(content: unknown, losses: Losses): ReadonlyArray<Part> {
  return partsOf(content, losses).map((part) =>
    part._tag === "Text" ? { _tag: "Think", text: part.text } : part
  );
}

function callOf(part: WirePart): Part {
  return {
    _tag: "Call",
    id: part.toolCallId ?? part.id ?? null,
    name: part.toolName ?? part.name ?? "unnamed",
    arguments: fromJson(part.input ?? part.args ?? part.arguments ?? {}),
  };
}

function resultOf(part: WirePart, losses: Losses): ResultPart {
  const value = part.output ?? part.result ?? part.response ?? part.content;
  const typed = isRecord(value) && Predicate.isString(value["type"]) ? value["type"] : "";
  return {
    _tag: "Result",
    id: part.toolCallId ?? part.tool_use_id ?? part.id ?? null,
    name: part.toolName ?? part.name ?? null,
    text: resultText(value, losses),
    isError: part.isError ?? part.is_error ?? typed.startsWith("error"),
  };
}

/** A tool of a UI message is call and result in one; without a result it was not answered. */
function uiTool(part: WirePart, losses: Losses): ReadonlyArray<Part> {
  const name = part.toolName ?? part.type.slice("tool-".length);
  const call = callOf({ ...part, toolName: name });
  const { state, errorText } = part;
  if (state === "output-error") {
    return [call, { ...resultOf({ ...part, output: errorText ?? "" }, losses), isError: true }];
  }
  if (state === "output-available") return [call, resultOf(part, losses)];
  losses.add(`result of a tool in state "${state ?? "unknown"}"`);
  return [call];
}

/** What a tool gave, as text: its texts, else JSON. */
export function resultText(value: unknown, losses: Losses): string {
  if (Predicate.isString(value)) return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => itemText(one, losses)).join("\n");
  const isTyped = Schema.is(TypedOutput)(value);
  return isTyped ? resultText(value.value, losses) : itemText(value, losses);
}

/** An output of the AI SDK says of which type its value is. */
const TypedOutput = Schema.Struct({
  type: Schema.Literals(["text", "json", "content", "error-text", "error-json"]),
  value: Schema.Unknown,
});

/** Parts that are no text. */
const MEDIA = /image|audio|video|file|media|document/;

function itemText(item: unknown, losses: Losses): string {
  if (!Schema.is(Fields)(item)) return Predicate.isString(item) ? item : JSON.stringify(item);
  const { type, text, encrypted_content: sealed, ...rest } = item;
  if (type === "text" && Predicate.isString(text)) return text;
  if (Predicate.isString(type) && MEDIA.test(type)) {
    losses.add(`part of type "${type}" in a result`);
    return `(${type})`;
  }
  if (sealed === undefined) return JSON.stringify(item);
  losses.add("encrypted content of a result");
  return JSON.stringify(text === undefined ? rest : { text, ...rest });
}
