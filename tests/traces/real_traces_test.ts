/**
 * Recorded and published traces lie outside the repository, in the folder that REAL_DIR names, with an index that says
 * what each holds. Every entry is imported as the index says, or refused with the reason that is written here.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Result, Stream } from "effect";
import type { Trace } from "../../src/domain/trace.ts";
import type { Imported } from "../../src/traces/import_document.ts";
import { streamTraces } from "../../src/traces/read_traces.ts";
import { readJsonLines, realFolder } from "../environment/real_data.ts";

/** What the index says of a trace. `answers` are those that its author knows, which the file need not hold. */
interface Entry {
  readonly id: string;
  readonly file: string;
  readonly format: string;
  readonly question: string | null;
  readonly answers: ReadonlyArray<string> | null;
  readonly assistant_turns: number;
  readonly tool_calls: number | null;
  readonly tool_responses: number | null;
  readonly final_answer: unknown;
  readonly group: string | null;
  readonly reward?: number | null;
}

/** The importer of each format of the index. */
const FORMATS: Readonly<Record<string, string>> = {
  "chat-xml-tools": "dr-venus",
  "openai-responses": "nemo-gym",
  "otel-gen-ai-spans": "otel",
  "otlp-gen-ai": "otel",
  "otlp-gen-ai-older": "otel",
  "otel-gen-ai-attributes": "otel",
  "openinference-spans": "openinference",
  "openinference-attributes": "openinference",
  "verifiers-results": "verifiers",
  "skyrl-dumped-evals": "skyrl",
  "openai-chat": "openai-chat",
  "who-and-when": "who-and-when",
  "ATIF-v1.4": "atif",
  "ATIF-v1.6": "atif",
  "ATIF-v1.7": "atif",
  "inspect-eval": "inspect",
  "inspect-json": "inspect",
  "anthropic-messages": "anthropic",
  "langfuse-trace": "langfuse",
  "langsmith-runs": "langsmith",
  "langsmith-runs-batch": "langsmith",
  "ai-sdk-ui": "ai-sdk",
  "ai-sdk-model": "ai-sdk",
};

/** Entries that cannot be imported, with why. */
const REFUSED: Readonly<Record<string, string>> = {
  "langsmith-fetch-flat": "its runs hold no call of a model with inputs and outputs",
};

/** A list of texts of user and agent has no part that only the AI SDK writes. */
const AMBIGUOUS = new Set(["ai-sdk-model-1"]);

/** Files whose gold answer stands only in the index: it follows from the results of the tools. */
const GOLD_ELSEWHERE = /^(otel|otlp|anthropic|atif)-/;

/** Questions that the index leaves out though the file has a first message of a user. */
const ASKED: Readonly<Record<string, string>> = {
  "langsmith-wrap-openai": "howdy",
  "ai-sdk-model-1": "text1",
};

const folder = realFolder("traces");
const entries = folder === null ? [] : await readJsonLines<Entry>(`${folder}/index.jsonl`);
const imported = folder === null ? [] : await Effect.runPromise(
  streamTraces(folder).pipe(Stream.runCollect),
);

const sourceOf = (one: Imported) => Result.isSuccess(one) ? one.success.source : one.failure.source;
const bySource = new Map(imported.map((one) => [sourceOf(one), one]));

/** `traces/a.eval!samples/b.json#3` as the source that an importer gives it. */
function placeOf({ file }: Entry): string {
  const place = file.replace(/^traces\//, "");
  return /\.eval!|^inspect-json/.test(place) ? place.replace(/#\d+$/, "") : place;
}

for (const entry of entries) {
  const found = bySource.get(placeOf(entry));
  const why = REFUSED[entry.id];
  if (why !== undefined) {
    Deno.test(`${entry.id} is refused, and says why`, () => {
      ok(found !== undefined && Result.isFailure(found));
      strictEqual(found.failure.reason, why);
    });
    continue;
  }
  Deno.test(`${entry.id} is imported as the index says`, () => {
    ok(found !== undefined, `no trace has the source ${placeOf(entry)}`);
    ok(Result.isSuccess(found), JSON.stringify(found));
    checkEntry(found.success, entry);
  });
}

function checkEntry(trace: Trace, entry: Entry): void {
  if (!AMBIGUOUS.has(entry.id)) strictEqual(trace.format, FORMATS[entry.format]);
  const asked = entry.question ?? ASKED[entry.id] ?? null;
  sameText(trace.question, asked);
  deepStrictEqual(
    trace.golds,
    GOLD_ELSEWHERE.test(entry.id) ? null : entry.answers?.map((gold) => gold.trim()) ?? null,
  );
  strictEqual(trace.reward, entry.reward ?? null);
  strictEqual(actionsOf(trace, entry), entry.assistant_turns);
  if (entry.tool_calls !== null) strictEqual(callsOf(trace, entry), entry.tool_calls);
  if (entry.tool_responses !== null) {
    const replies = trace.turns.flatMap(({ replies }) => replies);
    const answered = trace.turns.flatMap(({ calls }) => calls)
      .filter(({ result }) => result !== null);
    strictEqual(
      answered.length + replies.filter(({ role }) => role === "tool").length,
      entry.tool_responses,
    );
  }
  checkAnswer(trace, entry);
}

/** The index counts messages of the agent; of the Responses API it counts items, calls and texts apart. */
function actionsOf({ turns }: Trace, { format }: Entry): number {
  return format === "openai-responses"
    ? turns.reduce((sum, { text, calls }) => sum + Number(text !== null) + calls.length, 0)
    : new Set(turns.map(({ source }) => source)).size;
}

/** Of SkyRL's dumps the index counts messages with calls, those included whose JSON is broken. */
function callsOf({ turns }: Trace, { format }: Entry): number {
  return format === "skyrl-dumped-evals"
    ? turns.filter(({ text, calls }) => calls.length > 0 || text?.startsWith('{"tool_calls"'))
      .length
    : turns.flatMap(({ calls }) => calls).length;
}

/** The index takes the last text for the answer, also where it calls a tool; of Who&When the last of any speaker. */
function checkAnswer({ turns, answer }: Trace, { format, final_answer }: Entry): void {
  if (typeof final_answer === "object" && final_answer !== null) {
    deepStrictEqual(JSON.parse(answer!), final_answer);
    return;
  }
  const { think, text, replies, source } = turns.at(-1)!;
  const texts: Readonly<Record<string, () => string | null | undefined>> = {
    "skyrl-dumped-evals": () => think === null ? text : `<think>\n${think}\n</think>\n\n${text}`,
    "who-and-when": () => replies.at(-1)?.text ?? text,
    // The index joins the texts of a message, whose steps are turns.
    "ai-sdk-ui": () =>
      turns.filter((turn) => turn.source === source).flatMap(({ text }) => text ?? []).join(" "),
  };
  sameText((texts[format] ?? (() => answer ?? text))() ?? null, String(final_answer ?? ""));
}

/** The index cuts long texts; an empty one stands for none. */
function sameText(found: string | null, wanted: string | null): void {
  const [text, told] = [found?.trim() ?? "", wanted?.trim() ?? ""];
  if (/^.{600,}…$/s.test(told)) ok(text.startsWith(told.slice(0, -1)), `${text} is not ${told}`);
  else strictEqual(text, told);
}

Deno.test("traces of one question are of one group, and others are not", () => {
  const groups = Map.groupBy(
    entries.filter(({ group }) => group !== null),
    ({ group }) => group,
  );
  for (const members of groups.values()) {
    const questions = members.map((entry) => {
      const found = bySource.get(placeOf(entry))!;
      return Result.isSuccess(found) ? found.success.question : null;
    });
    strictEqual(new Set(questions).size, 1);
  }
});

/** Files beside those of the index, and why they hold no trace. */
const OTHERS: Readonly<Record<string, RegExp>> = {
  "igpo-signal/data_example.json#0": /^it must have a known format: igpo: /,
  "igpo-signal/data_search.json#0": /^it must have a known format: igpo: /,
  "otel-genai/attributes-only/otel_genai_tool_execution_span.json":
    /^its spans hold no call of a model$/,
  "otel-genai/otlp/agentevals-util_genai_openai_tool_loop.truth.json": /^it must have a known/,
  "verifiers/math-python-gpt-4.1-mini/metadata.json": /^it must have a known format/,
  "verifiers/wiki-search-gpt-4.1-mini/metadata.json": /^it must have a known format/,
};

Deno.test("whatever else is in the folder is imported, or refused with the reason", () => {
  const known = new Set(entries.map(placeOf));
  const others = imported.filter((one) => !known.has(sourceOf(one)));
  for (const one of others) {
    if (Result.isSuccess(one)) ok(/^provider-responses\//.test(one.success.source));
    else if (!/^(index|README)/.test(one.failure.source)) {
      ok(OTHERS[one.failure.source]?.test(one.failure.reason), JSON.stringify(one.failure));
    }
  }
  strictEqual(others.filter(Result.isSuccess).length, folder === null ? 0 : 2);
});
