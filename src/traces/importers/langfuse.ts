import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { draftOf, importer } from "../importer.ts";
import { Losses } from "../message.ts";
import { messagesIn } from "../messages.ts";
import { resultText } from "../parts.ts";
import { fromJson, maybe, secondsBetween, Text, textOrNull, timeOf } from "../shapes.ts";
import { inOrder, joinCalls, type ModelCall, type ToolSpan } from "../spans.ts";

const Observation = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  name: Text,
  startTime: Schema.String,
  endTime: Text,
  level: Text,
  input: Schema.Unknown,
  output: Schema.Unknown,
});

type Observation = typeof Observation.Type;

const Export = Schema.Struct({
  trace: Schema.Struct({
    id: Schema.String,
    input: maybe(Schema.Unknown),
    observations: maybe(Schema.Unknown),
  }),
  observations: Schema.Array(Observation),
});

/** The answer of Langfuse's API for one trace. */
const Trace = Schema.Struct({
  id: Schema.String,
  input: maybe(Schema.Unknown),
  observations: Schema.Array(Observation),
});

/** Langfuse: a trace with its observations, whose inputs and outputs are messages of any provider, often as text. */
export const langfuse = importer({
  name: "langfuse",
  shape: Schema.Union([Export, Trace]),
  lacks: 'no "observations"',
  read: (document) => {
    const losses = new Losses();
    const trace = "trace" in document ? document.trace : document;
    const observations = inOrder(
      document.observations.map((one, i) => ({
        ...one,
        start: timeOf(one.startTime),
        source: `observations[${i}]`,
      })),
    );
    const calls = observations.filter(({ type }) => type === "GENERATION")
      .map((one): ModelCall => ({
        start: one.start,
        seconds: secondsBetween(one.startTime, one.endTime),
        // What is no message, as a program's own input, does not tell who said it.
        input: messagesIn(one.input, { path: one.source, role: null, losses }),
        output: messagesIn(one.output, { path: one.source, role: "assistant", losses }),
      }));
    if (calls.length === 0) return Result.fail("its observations hold no generation");
    const tools = observations.filter(isTool).map((one) => toolSpan(one, losses));
    const { messages, runs } = joinCalls(calls, tools, losses);
    const about = { id: trace.id, question: askedIn(trace.input, losses) };
    return Result.succeed([draftOf(messages, about, { losses, runs })]);
  },
});

/** An observation of a tool, or the span that LangChain makes of one. */
function isTool({ type, output }: Observation): boolean {
  const gave = fromJson(output);
  return type === "TOOL" || isRecord(gave) && gave["type"] === "tool";
}

function toolSpan(observation: Observation & { readonly start: number }, losses: Losses): ToolSpan {
  const { name, startTime, endTime, level, start } = observation;
  const [given, gave] = [fromJson(observation.input), fromJson(observation.output)];
  const id = isRecord(gave) ? textOrNull(gave["tool_call_id"]) : null;
  return {
    id,
    name: name ?? null,
    arguments: isRecord(given) && isRecord(given["input"]) ? given["input"] : given,
    text: resultText(isRecord(gave) && "content" in gave ? gave["content"] : gave, losses),
    isError: level === "ERROR",
    seconds: secondsBetween(startTime, endTime),
    start,
  };
}

/** What the input of a trace asks: its prompt, or the last message of the user in it. */
function askedIn(input: unknown, losses: Losses): string | null {
  const once = fromJson(input);
  const value = Predicate.isString(once) ? fromJson(once) : once;
  const prompt = isRecord(value) ? textOrNull(value["prompt"] ?? value["question"]) : null;
  if (prompt !== null) return prompt;
  const asked = messagesIn(value, { path: "trace.input", role: null, losses })
    .findLast(({ role }) => role === "user");
  const said = asked?.parts.map((part) => part._tag === "Text" ? part.text : "") ?? [];
  return textOrNull(said.join("\n"));
}
