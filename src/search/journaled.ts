/** Searches and tools whose calls a journal keeps. */
import { Effect, Schema } from "effect";
import { type Search, SearchFailed, type SearchHit } from "../domain/search.ts";
import { type Tool, ToolCallRejected, ToolCrashed } from "../environment/tool.ts";
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

/** A tool through a journal; its engine is the server that it belongs to. */
export const journaledTool = Effect.fnUntraced(
  function* (server: string, tool: Tool, journal: Journal): Effect.fn.Return<Tool> {
    const ask = yield* journal.keep<string, ToolCallRejected | ToolCrashed>({
      engine: `${server}\n${tool.spec.name}`,
      answer: Schema.String,
      failure: Schema.Union([ToolCallRejected, ToolCrashed]),
      ask: (call) => tool.run(JSON.parse(call)),
      lost: (message) => new ToolCrashed({ kind: "refused", message }),
    });
    return { ...tool, run: (callArguments) => ask(JSON.stringify(callArguments) ?? "null") };
  },
);
