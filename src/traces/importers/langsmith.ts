import { Predicate, Result, Schema } from "effect";
import { isRecord } from "../../domain/decode.ts";
import { type Draft, draftOf, importer } from "../importer.ts";
import { Losses, type Message } from "../message.ts";
import { messagesIn } from "../messages.ts";
import { resultText } from "../parts.ts";
import {
  Fields,
  fromJson,
  golds,
  maybe,
  secondsBetween,
  Text,
  textOrNull,
  timeOf,
} from "../shapes.ts";
import { inOrder, joinCalls, type ModelCall, type ToolSpan } from "../spans.ts";

const Run = Schema.Struct({
  id: Schema.String,
  trace_id: Text,
  run_type: Schema.String,
  name: Text,
  parent_run_id: Text,
  start_time: Text,
  end_time: Text,
  inputs: maybe(Fields),
  outputs: maybe(Fields),
  reference_outputs: maybe(Fields),
  error: maybe(Schema.Unknown),
  extra: maybe(Schema.Struct({ metadata: maybe(Fields) })),
});

type Run = typeof Run.Type;
type Timed = Run & { readonly start: number; readonly source: string };

const Runs = Schema.Array(Run).check(Schema.isMinLength(1));
const Listed = Schema.Struct({ runs: Runs });
/** What the SDK sends: runs as they began, and what their ends add. */
const Batch = Schema.Struct({
  post: Runs,
  patch: maybe(Schema.Array(Schema.Struct({ id: Schema.String, outputs: maybe(Fields) }))),
});

/** LangSmith: a list of runs, `{runs}`, or a `{post, patch}` batch. */
export const langsmith = importer({
  name: "langsmith",
  shape: Schema.Union([Runs, Listed, Batch]),
  lacks: "no runs with run_type",
  read: (document) => {
    const runs = runsOf(document).map((run, i): Timed => ({
      ...run,
      start: timeOf(run.start_time),
      source: `runs[${i}]`,
    }));
    const traces = [...Map.groupBy(runs, ({ trace_id }) => trace_id ?? "").values()];
    const drafts = traces.map((trace) => readTrace(inOrder(trace))).filter((one) => one !== null);
    return drafts.length > 0
      ? Result.succeed(drafts)
      : Result.fail("its runs hold no call of a model with inputs and outputs");
  },
});

function runsOf(document: typeof Runs.Type | typeof Listed.Type | typeof Batch.Type) {
  if ("runs" in document) return document.runs;
  if (!("post" in document)) return document;
  const patches = new Map((document.patch ?? []).map((patch) => [patch.id, patch]));
  return document.post.map((run): Run => ({ ...run, ...patches.get(run.id) }));
}

function readTrace(runs: ReadonlyArray<Timed>): Draft | null {
  const losses = new Losses();
  const models = runs.filter(({ run_type, outputs }) =>
    run_type === "llm" && !Predicate.isNullish(outputs)
  );
  if (models.length === 0) return null;
  const calls = models.map((run): ModelCall => ({
    start: run.start,
    seconds: secondsBetween(run.start_time, run.end_time),
    input: messagesIn(run.inputs, { path: run.source, role: "user", losses }),
    output: outputOf(run, losses),
  }));
  const tools = runs.filter(({ run_type }) => run_type === "tool")
    .map((run) => toolSpan(run, losses));
  const { messages, runs: toolRuns } = joinCalls(calls, tools, losses);
  const root = runs.find(({ parent_run_id }) => Predicate.isNullish(parent_run_id));
  const question = textOrNull(root?.inputs?.["question"] ?? root?.inputs?.["input"]);
  const reference = root?.reference_outputs;
  return draftOf(messages, {
    id: root?.id ?? null,
    question,
    golds: golds(reference?.["answer"], reference?.["output"]),
  }, { losses, runs: toolRuns });
}

/** The message of a run: OpenAI's choices, LangChain's generations, messages, or one of them. */
function outputOf({ outputs, source }: Timed, losses: Losses): ReadonlyArray<Message> {
  const { choices, generations, output } = outputs ?? {};
  const first = (list: unknown): unknown => Array.isArray(list) ? first(list[0]) : list;
  const chosen = first(choices ?? generations);
  const message = isRecord(chosen) && "message" in chosen ? chosen["message"] : chosen;
  const value = message ?? output ?? outputs;
  return messagesIn(isRecord(value) && "messages" in value ? value : [value], {
    ...{ path: source, role: "assistant", losses },
  });
}

function toolSpan(run: Timed, losses: Losses): ToolSpan {
  const { inputs, outputs, error, name, start } = run;
  const given = inputs?.["input"];
  const gave = outputs?.["output"] ?? outputs?.["error"] ?? outputs ?? error;
  const isMessage = isRecord(gave) && "content" in gave;
  return {
    id: textOrNull(run.extra?.metadata?.["tool_call_id"]) ??
      (isMessage ? textOrNull(gave["tool_call_id"]) : null),
    name: name ?? null,
    arguments: fromJson(given ?? inputs ?? {}),
    text: resultText(isMessage ? gave["content"] : gave, losses),
    isError: !Predicate.isNullish(error),
    seconds: secondsBetween(run.start_time, run.end_time),
    start,
  };
}
