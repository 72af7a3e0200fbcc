import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { draftOf, importer } from "../importer.ts";
import { Losses, type Message } from "../message.ts";
import { messagesIn } from "../messages.ts";
import { fromJson, maybe, nested } from "../shapes.ts";
import { byTrace, joinCalls, type ModelCall, type Span, spansIn, type ToolSpan } from "../spans.ts";
import { resultText } from "../parts.ts";

/** Spans of which one follows OpenTelemetry's conventions for generative AI. */
const Spans = Schema.declare((document): document is unknown =>
  (spansIn(document) ?? []).some((span) => isModel(span) || isTool(span))
);

const PREFIX = "gen_ai.";

const operationOf = ({ attributes }: Span) => String(attributes["gen_ai.operation.name"] ?? "");

function isTool(span: Span): boolean {
  return /^(execute_tool|tool)$/.test(operationOf(span));
}

/** A span of a call of a model; spans of agents repeat what those within them say. */
function isModel(span: Span): boolean {
  if (isTool(span) || /^(invoke_agent|create_agent|embeddings)$/.test(operationOf(span))) {
    return false;
  }
  const hasEvents = span.events.some(({ name }) => name === "gen_ai.choice");
  return hasEvents ||
    Object.keys(span.attributes).some((key) =>
      /^gen_ai\.(input\.messages|output\.messages|output$|prompt\.|completion\.)/.test(key)
    );
}

/** OpenTelemetry's gen_ai spans, with the attributes of today, the numbered ones before them, or events. */
export const otel = importer({
  name: "otel",
  shape: Spans,
  lacks: "no gen_ai spans",
  read: (document) => {
    const drafts = byTrace(spansIn(document) ?? []).map(readTrace).filter((one) => one !== null);
    return drafts.length > 0
      ? Result.succeed(drafts)
      : Result.fail("its spans hold no call of a model");
  },
});

function readTrace(spans: ReadonlyArray<Span>) {
  const losses = new Losses();
  const calls = spans.filter(isModel).map((span) => modelCall(span, losses));
  if (calls.length === 0) return null;
  const tools = spans.filter(isTool).map((span) => toolSpan(span, losses));
  const { messages, runs } = joinCalls(calls, tools, losses);
  return draftOf(messages, { id: spans[0]!.trace || null }, { losses, runs });
}

function modelCall(span: Span, losses: Losses): ModelCall {
  const { attributes, start, seconds, source } = span;
  const read = (value: unknown, role: "user" | "assistant") =>
    messagesIn(value, { path: source, role, losses });
  const system = fromJson(attributes[`${PREFIX}system_instructions`]);
  const opening = Predicate.isNullish(system) ? [] : [{ role: "system", parts: listOf(system) }];
  const input = attributes[`${PREFIX}input.messages`] ?? numbered(attributes, "prompt.") ??
    eventMessages(span, "input");
  const output = attributes[`${PREFIX}output.messages`] ?? numbered(attributes, "completion.") ??
    eventMessages(span, "output");
  return {
    start,
    seconds,
    input: [...read(opening, "user"), ...read(input, "user")],
    output: isEmpty(output) ? plainOutput(span, losses) : read(output, "assistant"),
  };
}

const listOf = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : [value];

const isEmpty = (list: unknown) => Array.isArray(list) && list.length === 0;

/** `gen_ai.prompt.0.role` and so on as messages, null without any. */
function numbered(attributes: Span["attributes"], prefix: string): ReadonlyArray<unknown> | null {
  const messages = nested(attributes, `${PREFIX}${prefix}`);
  return Array.isArray(messages) ? messages : null;
}

/** Messages of events: `gen_ai.user.message` and its like, or the choice that the model made. */
function eventMessages({ events }: Span, side: "input" | "output"): ReadonlyArray<unknown> {
  return events.flatMap(({ name, attributes }) => {
    const [, role] = /^gen_ai\.(\w+)\.message$/.exec(name) ?? [];
    const isWanted = side === "output" ? name === "gen_ai.choice" : role !== undefined;
    if (!isWanted) return [];
    const message = fromJson(attributes["message"]);
    const body = isRecord(message) ? message : attributes;
    return [{ role: role ?? "assistant", ...body, tool_calls: fromJson(body["tool_calls"]) }];
  });
}

/** any-agent's output: a text, or calls as `{"tool.name", "tool.args"}`. */
const NamedCall = Schema.Struct({ "tool.name": Schema.String, "tool.args": maybe(Schema.Unknown) });

function plainOutput(span: Span, losses: Losses): ReadonlyArray<Message> {
  const output = span.attributes[`${PREFIX}output`];
  const calls = fromJson(output);
  if (Array.isArray(calls) && calls.length > 0 && calls.every(Schema.is(NamedCall))) {
    const tool_calls = calls.map((call) => ({ name: call["tool.name"], args: call["tool.args"] }));
    return messagesIn([{ role: "assistant", content: "", tool_calls }], {
      ...{ path: span.source, role: "assistant", losses },
    });
  }
  const text = Predicate.isString(output) ? output : "";
  return [{
    role: "assistant",
    parts: text === "" ? [] : [{ _tag: "Text", text }],
    source: span.source,
  }];
}

function toolSpan({ attributes, name, start, seconds, isError }: Span, losses: Losses): ToolSpan {
  const first = (...keys: ReadonlyArray<string>) =>
    keys.map((key) => attributes[key]).find((value) => !Predicate.isNullish(value));
  const id = first("gen_ai.tool.call.id");
  const given = first("gen_ai.tool.call.arguments", "gen_ai.tool.args", "input.value", "input");
  const text = first("gen_ai.tool.call.result", "gen_ai.output", "output.value", "output");
  return {
    id: Predicate.isString(id) ? id : null,
    name: String(first("gen_ai.tool.name") ?? name),
    arguments: fromJson(given ?? {}),
    text: resultText(text, losses),
    isError,
    seconds,
    start,
  };
}
