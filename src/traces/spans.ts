import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../domain/decode.ts";
import type { Losses, Message } from "./message.ts";
import { Fields, List, maybe, secondsBetween, Text, timeOf } from "./shapes.ts";
import type { ToolRun } from "./turns.ts";

/** A span of OpenTelemetry, however it was exported. */
export interface Span {
  /** Its trace; spans of one file may be of several. */
  readonly trace: string;
  readonly name: string;
  /** Seconds since 1970; NaN where the log has no time. */
  readonly start: number;
  readonly seconds: number | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: ReadonlyArray<{
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }>;
  readonly isError: boolean;
  readonly source: string;
}

/** A value of OTLP's JSON, which names its type. */
const OtlpValue = Schema.Struct({
  stringValue: Text,
  intValue: maybe(Schema.Union([Schema.String, Schema.Finite])),
  doubleValue: maybe(Schema.Unknown),
  boolValue: maybe(Schema.Boolean),
  arrayValue: maybe(Schema.Struct({ values: maybe(List) })),
  kvlistValue: maybe(Schema.Struct({ values: maybe(List) })),
});
const OtlpEntry = Schema.Struct({ key: Schema.String, value: OtlpValue });

const Time = maybe(Schema.Union([Schema.String, Schema.Finite]));
const Attributes = maybe(Schema.Union([Fields, List]));
const WireSpan = Schema.Struct({
  name: Text,
  /** OTLP's fields. */
  traceId: Text,
  startTimeUnixNano: Time,
  endTimeUnixNano: Time,
  /** The SDK's. */
  context: maybe(Schema.Struct({ trace_id: maybe(Schema.Unknown) })),
  start_time: Time,
  end_time: Time,
  status: maybe(Schema.Union([Schema.String, Fields])),
  attributes: Attributes,
  events: maybe(Schema.Array(Schema.Struct({ name: Text, attributes: Attributes }))),
});

const Otlp = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    scopeSpans: maybe(Schema.Array(Schema.Struct({ spans: maybe(List) }))),
  })),
});
const Listed = Schema.Struct({ spans: List });

/** The spans of OTLP's JSON, of `{spans}`, of a list of spans, or the attributes of one; null for anything else. */
export function spansIn(document: unknown): ReadonlyArray<Span> | null {
  if (Schema.is(Otlp)(document)) {
    const spans = document.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans ?? [])
      .flatMap(({ spans }) => spans ?? []);
    return readAll(spans);
  }
  if (Schema.is(Listed)(document)) return readAll(document.spans);
  if (Array.isArray(document)) return readAll(document);
  if (!isRecord(document)) return null;
  const isFlat = Object.keys(document).some((key) => key.includes("."));
  return isFlat ? readAll([{ attributes: document }]) : readAll([document]);
}

function readAll(spans: ReadonlyArray<unknown>): ReadonlyArray<Span> | null {
  const read = spans.map((span, i) => readSpan(span, `spans[${i}]`));
  const known = read.filter((span) => span !== null);
  return known.length === read.length && known.length > 0 ? known : null;
}

function readSpan(value: unknown, source: string): Span | null {
  const span = Result.getOrNull(Schema.decodeUnknownResult(WireSpan)(value));
  if (span === null || Predicate.isNullish(span.attributes)) return null;
  const start = span.startTimeUnixNano ?? span.start_time;
  const status = JSON.stringify(span.status ?? "");
  return {
    trace: String(span.traceId ?? span.context?.trace_id ?? ""),
    name: span.name ?? "",
    start: timeOf(start),
    seconds: secondsBetween(start, span.endTimeUnixNano ?? span.end_time),
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).map(({ name, attributes }) => ({
      name: name ?? "",
      attributes: attributesOf(attributes),
    })),
    isError: /error/i.test(status),
    source,
  };
}

function attributesOf(attributes: typeof Attributes.Type): Readonly<Record<string, unknown>> {
  if (Predicate.isNullish(attributes)) return {};
  if (!Array.isArray(attributes)) return Schema.is(Fields)(attributes) ? attributes : {};
  return Object.fromEntries(
    attributes.filter(Schema.is(OtlpEntry)).map(({ key, value }) => [key, otlpValue(value)]),
  );
}

function otlpValue(value: typeof OtlpValue.Type): unknown {
  if (!Predicate.isNullish(value.arrayValue)) {
    return (value.arrayValue.values ?? []).filter(Schema.is(OtlpValue)).map(otlpValue);
  }
  if (!Predicate.isNullish(value.kvlistValue)) {
    return attributesOf(value.kvlistValue.values ?? []);
  }
  return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? null;
}

/** The spans of each trace in the order of their starts. */
export function byTrace(spans: ReadonlyArray<Span>): ReadonlyArray<ReadonlyArray<Span>> {
  return [...Map.groupBy(spans, ({ trace }) => trace).values()].map(inOrder);
}

/** Records in the order of their starts; without times they stay as they are. */
export function inOrder<A extends { readonly start: number }>(
  records: ReadonlyArray<A>,
): ReadonlyArray<A> {
  return records.some(({ start }) => Number.isNaN(start))
    ? records
    : records.toSorted((a, b) => a.start - b.start);
}

/** One call of a model in a log of spans or runs: what it was given, and what it made. */
export interface ModelCall {
  readonly start: number;
  readonly input: ReadonlyArray<Message>;
  readonly output: ReadonlyArray<Message>;
  readonly seconds: number | null;
}

/** A run of a tool in such a log. */
export type ToolSpan = Omit<ToolRun, "after"> & { readonly start: number };

/** What a log of calls says, for `turnsOf`. */
export interface Joined {
  readonly messages: ReadonlyArray<Message>;
  readonly runs: ReadonlyArray<ToolRun>;
}

/**
 * Calls of a model as one conversation: the input of the first, then for each its output, before it what its input has
 * after the last message of the agent. Runs of tools follow the calls before whose end they began.
 */
export function joinCalls(
  calls: ReadonlyArray<ModelCall>,
  tools: ReadonlyArray<ToolSpan>,
  losses: Losses,
): Joined {
  const messages: Message[] = [];
  const known = new Set<string>();
  const turnsBefore: number[] = [];
  for (const { input, output, seconds } of calls) {
    const news = messages.length === 0
      ? input
      : input.slice(1 + input.findLastIndex(({ role }) => role === "assistant"));
    messages.push(...news.filter((message) => !known.has(keyOf(message))));
    // What the user and the system said is not said again; a tool may give the same result twice.
    for (const message of input) if (message.role !== "tool") known.add(keyOf(message));
    if (output.length > 1) losses.add(`further output of a call of the model, kept as a turn`);
    messages.push(...output.map((message) => ({ ...message, seconds })));
    turnsBefore.push(messages.filter(({ role }) => role === "assistant").length);
  }
  const runs = inOrder(tools).map(({ start, ...run }): ToolRun => {
    const before = calls.findLastIndex((call) => !(call.start > start));
    return { ...run, after: turnsBefore[before] ?? 0 };
  });
  return { messages, runs };
}

function keyOf({ role, parts }: Message): string {
  return JSON.stringify([role, parts]);
}
