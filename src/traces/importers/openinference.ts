import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { messagesIn } from "../messages.ts";
import { fromJson, nested } from "../shapes.ts";
import { byTrace, joinCalls, type ModelCall, type Span, spansIn, type ToolSpan } from "../spans.ts";
import { readReAct } from "../written.ts";

const kindOf = ({ attributes }: Span) => attributes["openinference.span.kind"];

const Spans = Schema.declare((document): document is unknown =>
  (spansIn(document) ?? []).some((span) => Predicate.isString(kindOf(span)))
);

/** OpenInference: spans with `openinference.span.kind`, messages in flat keys or as JSON. ReAct texts are read. */
export const openInference = importer({
  name: "openinference",
  shape: Spans,
  lacks: "no openinference.span.kind",
  read: (document) => {
    const drafts = byTrace(spansIn(document) ?? []).map(readTrace).filter((one) => one !== null);
    return drafts.length > 0
      ? Result.succeed(drafts)
      : Result.fail("its spans hold no call of a model");
  },
});

function readTrace(spans: ReadonlyArray<Span>) {
  const losses = new Losses();
  const calls = spans.filter((span) => kindOf(span) === "LLM")
    .map((span) => modelCall(span, losses));
  if (calls.length === 0) return null;
  const tools = spans.filter((span) => kindOf(span) === "TOOL").map(toolSpan);
  const { messages, runs } = joinCalls(calls, tools, losses);
  return draftOf(readReAct(messages), { id: spans[0]!.trace || null }, { losses, runs });
}

function modelCall({ attributes, start, seconds, source }: Span, losses: Losses): ModelCall {
  const read = (side: "input" | "output", role: "user" | "assistant") =>
    messagesIn(flatMessages(attributes, `llm.${side}_messages.`) ?? attributes[`${side}.value`], {
      ...{ path: source, role, losses },
    });
  return { start, seconds, input: read("input", "user"), output: read("output", "assistant") };
}

/** `llm.input_messages.0.message.content` and its like as messages, null without any. */
function flatMessages(
  attributes: Span["attributes"],
  prefix: string,
): ReadonlyArray<unknown> | null {
  const list = nested(attributes, prefix);
  if (!Array.isArray(list) || list.length === 0) return null;
  return list.map((one) => {
    const message = isRecord(one) && isRecord(one["message"]) ? one["message"] : {};
    const { contents, tool_calls, ...rest } = message;
    return {
      ...rest,
      content: Array.isArray(contents)
        ? contents.map((part) => inner(part, "message_content"))
        : message["content"],
      tool_calls: Array.isArray(tool_calls)
        ? tool_calls.map((call) => inner(call, "tool_call"))
        : null,
    };
  });
}

function inner(value: unknown, field: string): unknown {
  return isRecord(value) && field in value ? value[field] : value;
}

function toolSpan({ attributes, name, start, seconds, isError }: Span): ToolSpan {
  const told = attributes["tool.name"];
  return {
    id: null,
    name: Predicate.isString(told) ? told : name.replace(/\.\d+$/, ""),
    arguments: fromJson(attributes["input.value"] ?? {}),
    text: String(attributes["output.value"] ?? ""),
    isError,
    seconds,
    start,
  };
}
