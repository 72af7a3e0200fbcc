/** Searches and tools whose calls a journal keeps. */
import { Effect, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { type Search, SearchFailed, type SearchHit } from "../domain/search.ts";
import { type Tool, ToolCallRejected, ToolCrashed, type ToolSpec } from "../environment/tool.ts";
import { AT_A_TIME } from "./engines.ts";
import type { Journal } from "./journal.ts";

const Hits: Schema.Codec<ReadonlyArray<SearchHit>> = Schema.Array(Schema.Struct({
  id: Schema.String,
  title: Schema.String,
  text: Schema.String,
  score: Schema.NullOr(Schema.Number),
}));

const Call = Schema.fromJsonString(Schema.Struct({ query: Schema.String, limit: Schema.Int }));

/** A search engine of this name through a journal, query by query. */
export const journaledSearch = Effect.fnUntraced(
  function* (name: string, search: Search, journal: Journal): Effect.fn.Return<Search> {
    const ask = yield* journal.keep<ReadonlyArray<SearchHit>, SearchFailed>({
      engine: name,
      answer: Hits,
      failure: SearchFailed,
      ask: (call) => {
        const { query, limit } = Schema.decodeSync(Call)(call);
        return Effect.map(search([query], limit), ([hits]) => hits!);
      },
      isFinal: ({ kind }) => kind !== "spent",
      lost: (message) => new SearchFailed({ kind: "refused", message }),
    });
    // Each query is asked to its end, so that the journal holds all that a replay asks for.
    return (queries, limit) =>
      Effect.forEach(
        queries,
        (query) => Effect.result(ask(Schema.encodeSync(Call)({ query, limit }))),
        { concurrency: AT_A_TIME },
      ).pipe(Effect.flatMap(Effect.forEach(Effect.fromResult)));
  },
);

const Specs: Schema.Codec<ReadonlyArray<ToolSpec>> = Schema.Array(Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  parameters: Schema.Record(Schema.String, Schema.Unknown),
}));

/**
 * The tools of a server through a journal, which also keeps what they are, so that a replay needs no server. `open` is not
 * run for a replay.
 */
export const journaledTools = Effect.fnUntraced(
  function* <R>(
    server: string,
    open: Effect.Effect<ReadonlyArray<Tool>, BadInput, R>,
    journal: Journal,
  ): Effect.fn.Return<ReadonlyArray<Tool>, BadInput, R> {
    const tools = journal.mode === "replay" ? [] : yield* open;
    const list = yield* journal.keep<ReadonlyArray<ToolSpec>, BadInput>({
      engine: server,
      answer: Specs,
      failure: BadInput,
      ask: () => Effect.succeed(tools.map(({ spec }) => spec)),
      // The address may hold a key.
      lost: (message) => new BadInput({ message: `Cannot know the tools of --mcp: ${message}` }),
    });
    const gone = () =>
      Effect.fail(new ToolCrashed({ kind: "refused", message: "it is there no more" }));
    return yield* Effect.forEach(yield* list("tools"), (spec) => {
      const live = tools.find(({ spec: { name } }) => name === spec.name);
      return journaledTool(server, { spec, run: live?.run ?? gone }, journal);
    });
  },
);

/** A tool through a journal; its engine is the server that it belongs to. */
export const journaledTool = Effect.fnUntraced(
  function* (server: string, tool: Tool, journal: Journal): Effect.fn.Return<Tool> {
    const ask = yield* journal.keep<string, ToolCallRejected | ToolCrashed>({
      engine: `${server}\n${tool.spec.name}`,
      answer: Schema.String,
      failure: Schema.Union([ToolCallRejected, ToolCrashed]),
      ask: (call) => tool.run(JSON.parse(call)),
      isFinal: (failure) => failure._tag !== "ToolCrashed" || failure.kind !== "spent",
      lost: (message) => new ToolCrashed({ kind: "refused", message }),
    });
    return { ...tool, run: (callArguments) => ask(JSON.stringify(callArguments) ?? "null") };
  },
);
