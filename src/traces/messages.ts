import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../domain/decode.ts";
import type { Losses, Message, Part, Role } from "./message.ts";
import { asThought, partsOf, resultText } from "./parts.ts";
import { Fields, fromJson, List, maybe, Text } from "./shapes.ts";

/** A message as chat APIs, the AI SDK, LangChain, OpenTelemetry and Inspect write it. */
const WireMessage = Schema.Struct({
  role: Text,
  /** LangChain's name of the role. */
  type: Text,
  name: Text,
  content: maybe(Schema.Unknown),
  parts: maybe(List),
  reasoning_content: Text,
  reasoning: maybe(Schema.Unknown),
  tool_calls: maybe(List),
  function_call: maybe(Fields),
  additional_kwargs: maybe(Schema.Struct({ tool_calls: maybe(List) })),
  tool_call_id: Text,
  status: Text,
  error: maybe(Schema.Unknown),
});

type WireMessage = typeof WireMessage.Type;

const ROLES: ReadonlyMap<string, Role> = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["human", "user"],
  ["assistant", "assistant"],
  ["ai", "assistant"],
  ["model", "assistant"],
  ["agent", "assistant"],
  ["tool", "tool"],
  ["function", "tool"],
]);

/** The role of a message, null for what is none. */
function roleOf({ role, type }: WireMessage): Role | null {
  return ROLES.get((role ?? type ?? "").toLowerCase()) ?? null;
}

/** Whether a list is one of messages: each has a role that is known, and no other list has one. */
export function areMessages(list: unknown): list is ReadonlyArray<unknown> {
  return Array.isArray(list) && list.length > 0 && list.every((one) => decoded(one) !== null);
}

function decoded(value: unknown): (WireMessage & { readonly known: Role }) | null {
  const message = Result.getOrNull(Schema.decodeUnknownResult(WireMessage)(unwrapped(value)));
  const known = message === null ? null : roleOf(message);
  return message === null || known === null ? null : { ...message, known };
}

/** LangChain writes the constructor of a message: `{id: [..., "HumanMessage"], kwargs}`. */
function unwrapped(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value["kwargs"])) return value;
  const { kwargs, id } = value;
  const name = Array.isArray(id) ? String(id.at(-1)) : "";
  return { type: name.replace(/Message(Chunk)?$/, "").toLowerCase(), ...kwargs };
}

/** Messages of a list; `path` is where the list stands. What is no message is lost. */
export function readMessages(
  list: ReadonlyArray<unknown>,
  path: string,
  losses: Losses,
): ReadonlyArray<Message> {
  return list.flatMap((one, i): ReadonlyArray<Message> => {
    const message = decoded(one);
    if (message === null) {
      losses.add("entry that is no message");
      return [];
    }
    if (isDefinition(message)) {
      losses.add("definition of a tool");
      return [];
    }
    return [{
      role: message.known,
      parts: message.known === "tool" ? [...toolParts(message, losses)] : said(message, losses),
      source: `${path}[${i}]`,
    }];
  });
}

/** Langfuse lists the tools that a model has among its messages. */
function isDefinition({ known, content }: WireMessage & { readonly known: Role }): boolean {
  return known === "tool" && isRecord(content) && isRecord(content["function"]);
}

function toolParts(message: WireMessage, losses: Losses): ReadonlyArray<Part> {
  const { content, parts, tool_call_id: id, name, status, error } = message;
  const typed = partsOf(parts ?? (Array.isArray(content) ? content : []), losses)
    .filter(({ _tag }) => _tag === "Result");
  if (typed.length > 0) return typed;
  const isError = status === "error" || (error !== undefined && error !== null);
  return [{
    _tag: "Result",
    id: id ?? null,
    name: name ?? null,
    text: resultText(content, losses),
    isError,
  }];
}

function said(message: WireMessage, losses: Losses): ReadonlyArray<Part> {
  const { content, parts, reasoning_content, reasoning } = message;
  const written = partsOf(parts ?? content, losses);
  // LangChain lists the calls that stand in the content once more.
  const known = new Set(written.flatMap((part) => part._tag === "Call" ? part.id ?? [] : []));
  return [
    ...asThought(reasoning_content ?? (Predicate.isString(reasoning) ? reasoning : null), losses),
    ...written,
    ...callsOf(message, losses).filter((part) => part._tag !== "Call" || !known.has(part.id ?? "")),
  ];
}

/** A call as OpenAI, Inspect, LangChain and ATIF write it. */
const WireCall = Schema.Struct({
  id: Text,
  tool_call_id: Text,
  name: Text,
  function_name: Text,
  function: maybe(
    Schema.Union([Schema.String, Schema.Struct({ name: Text, arguments: maybe(Schema.Unknown) })]),
  ),
  arguments: maybe(Schema.Unknown),
  args: maybe(Schema.Unknown),
});

function callsOf(message: WireMessage, losses: Losses): ReadonlyArray<Part> {
  const { tool_calls, additional_kwargs, function_call } = message;
  const listed = [tool_calls, additional_kwargs?.tool_calls]
    .find((list) => list !== undefined && list !== null && list.length > 0);
  return readCalls(listed ?? (isRecord(function_call) ? [function_call] : []), losses);
}

/** The calls of a list; verifiers writes each as JSON in a text. */
export function readCalls(list: ReadonlyArray<unknown>, losses: Losses): ReadonlyArray<Part> {
  return list.flatMap((one): ReadonlyArray<Part> => {
    const call = Result.getOrNull(Schema.decodeUnknownResult(WireCall)(fromJson(one)));
    const made = Predicate.isString(call?.function) ? { name: call.function } : call?.function;
    const name = made?.name ?? call?.name ?? call?.function_name ?? null;
    if (call === null || name === null) {
      losses.add("tool call without a name");
      return [];
    }
    const given = isRecord(made) && "arguments" in made ? made.arguments : null;
    return [{
      _tag: "Call",
      id: call.id ?? call.tool_call_id ?? null,
      name,
      arguments: fromJson(given ?? call.arguments ?? call.args ?? {}),
    }];
  });
}

/**
 * Messages of a value that may be a list, hold one as `messages`, be one message, or be a text: that is a message of
 * `role`, or of nobody and lost where it is null.
 */
export function messagesIn(
  value: unknown,
  { path, role, losses }: {
    readonly path: string;
    readonly role: "user" | "assistant" | null;
    readonly losses: Losses;
  },
): ReadonlyArray<Message> {
  const parsed = fromJson(value);
  const inner = isRecord(parsed) && "messages" in parsed ? parsed["messages"] : parsed;
  // LangChain batches: a list of conversations, of which there is one.
  const list = Array.isArray(inner) && Array.isArray(inner[0]) ? inner[0] : inner;
  if (areMessages(list)) return readMessages(list, path, losses);
  if (areMessages([list])) return readMessages([list], path, losses);
  if (Predicate.isString(value) && value !== "" && role !== null) {
    const text = Predicate.isString(parsed) ? parsed : value;
    return [{ role, parts: partsOf(text, losses), source: path }];
  }
  if (!isNothing(value)) losses.add("input or output that is no message");
  return [];
}

function isNothing(value: unknown): boolean {
  return Predicate.isNullish(value) || value === "" || Array.isArray(value) && value.length === 0;
}
