import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import type { Losses, Message, Part } from "../message.ts";
import { messagesIn, readMessages } from "../messages.ts";
import { asThought, partsOf, resultText } from "../parts.ts";
import { Fields, fromJson, List, maybe, Text } from "../shapes.ts";

/** A reply of OpenAI's Responses API. */
export const Reply = Schema.Struct({
  id: Text,
  object: maybe(Schema.Literal("response")),
  instructions: Text,
  output: Schema.Array(Schema.Struct({ type: Schema.String })),
});

/** Messages of a reply, after the instructions and the input of its request. */
export function readResponse(
  reply: unknown,
  request: { readonly instructions: string | null; readonly input: unknown },
  losses: Losses,
): ReadonlyArray<Message> {
  const output = isRecord(reply) && Array.isArray(reply["output"]) ? reply["output"] : [];
  const { instructions, input } = request;
  const asked = Array.isArray(input)
    ? readItems(input, "input", losses)
    : messagesIn(input, { path: "input", role: "user", losses });
  return [
    ...(instructions === null ? [] : [
      {
        role: "system",
        parts: partsOf(instructions, losses),
        source: "instructions",
      } as const,
    ]),
    ...asked,
    ...readItems(output, "output", losses),
  ];
}

const Item = Schema.Struct({
  type: maybe(Schema.String),
  role: Text,
  id: Text,
  call_id: Text,
  name: Text,
  arguments: maybe(Schema.Unknown),
  output: maybe(Schema.Unknown),
  summary: maybe(List),
  content: maybe(Schema.Unknown),
  action: maybe(Fields),
  queries: maybe(List),
  results: maybe(List),
  code: Text,
  outputs: maybe(List),
});

type Item = typeof Item.Type;

/** Items in order: what the model makes until a result or another's message is one message, which ends a step. */
function readItems(
  items: ReadonlyArray<unknown>,
  path: string,
  losses: Losses,
): ReadonlyArray<Message> {
  const messages: Message[] = [];
  let made: Part[] = [];
  let first = 0;
  const flush = () => {
    if (made.length > 0) messages.push(assistant(made, `${path}[${first}]`));
    made = [];
  };
  items.forEach((value, i) => {
    const item = Result.getOrNull(Schema.decodeUnknownResult(Item)(value));
    const parts = item === null ? null : itemParts(item, losses);
    if (item === null || parts === "other") {
      flush();
      messages.push(
        ...readMessages([value], path, losses).map((one) => ({
          ...one,
          source: `${path}[${i}]`,
        })),
      );
    } else if (Array.isArray(parts)) {
      if (made.length === 0) first = i;
      made.push(...parts);
    } else {
      flush();
      const result = resultOf(item, losses);
      messages.push({ role: "tool", parts: [result], source: `${path}[${i}]` });
    }
  });
  flush();
  return messages;
}

function assistant(parts: ReadonlyArray<Part>, source: string): Message {
  return { role: "assistant", parts, source };
}

/** Parts that the model made, `result` for the answer to a call, `other` for a message of somebody else. */
function itemParts(item: Item, losses: Losses): ReadonlyArray<Part> | "result" | "other" {
  const { type, role, id, call_id, name } = item;
  if (type === undefined || type === null || type === "message") {
    return role === "assistant" ? partsOf(item.content, losses) : "other";
  }
  if (type === "reasoning") return asThought(item.summary ?? item.content, losses);
  if (type.endsWith("_call_output")) return "result";
  if (type === "function_call" || type === "custom_tool_call") {
    return [call(call_id ?? id, name ?? "unnamed", item.arguments)];
  }
  if (type.endsWith("_call")) return providerCall(type, item, losses);
  losses.add(`item of type "${type}"`);
  return [];
}

/** A tool that the provider runs: its call, what it gave as far as the reply says, and the end of the step. */
function providerCall(type: string, item: Item, losses: Losses): ReadonlyArray<Part> {
  const { id, name, action, queries, results, code, outputs, output } = item;
  const given = item.arguments ?? action ?? (code === undefined ? { queries } : { code });
  const found = output ?? results ?? outputs ??
    (Array.isArray(action?.["sources"]) ? action["sources"] : null);
  const made = call(id, name ?? type.replace(/_call$/, ""), withoutSources(given));
  if (Predicate.isNullish(found)) {
    losses.add(`result of ${type}`);
    return [made, { _tag: "Step" }];
  }
  const text = resultText(found, losses);
  return [
    made,
    { _tag: "Result", id: id ?? null, name: null, text, isError: false },
    { _tag: "Step" },
  ];
}

function withoutSources(given: unknown): unknown {
  if (!isRecord(given)) return given;
  const { sources: _sources, ...rest } = given;
  return rest;
}

function call(id: string | null | undefined, name: string, given: unknown): Part {
  return { _tag: "Call", id: id ?? null, name, arguments: fromJson(given ?? {}) };
}

function resultOf({ call_id, output }: Item, losses: Losses): Part {
  const text = resultText(output, losses);
  return { _tag: "Result", id: call_id ?? null, name: null, text, isError: false };
}
