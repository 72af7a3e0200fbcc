import { Effect, Option, Schema } from "effect";
import type { Passage, Search } from "../domain/search.ts";
import { type Bm25Index, searchBm25 } from "./bm25.ts";
import { type Tool, ToolCallRejected, ToolCrashed, type ToolSpec } from "./tool.ts";

/** Finds documents for one query, best first, as indices into the searched list. */
export type Retrieve = (query: string, limit: number) => ReadonlyArray<number>;

/** How documents in memory are searched, and what is shown of them. */
export interface WebSearchOptions {
  readonly retrieve: Retrieve;
  /** The observation text of a document, by its index. */
  readonly render: (document: number) => string;
  /** Documents per query. */
  readonly limit: number;
}

/** Queries beyond this many in one call are dropped, as in the paper's tool. */
export const MAX_QUERIES = 3;

/** The observation when no document matches any query. */
export const NO_RESULTS = " no results";

/** What the agent is told about web_search. */
export const WEB_SEARCH: ToolSpec = {
  name: "web_search",
  description: "Search for documents that answer each query.",
  parameters: {
    type: "object",
    properties: {
      query: {
        type: "array",
        items: { type: "string" },
        description: `Up to ${MAX_QUERIES} queries`,
      },
    },
    required: ["query"],
  },
};

const decodeArguments = Schema.decodeUnknownOption(
  Schema.Struct({ query: Schema.Union([Schema.String, Schema.Array(Schema.String)]) }),
);

/** The queries of a call: trimmed, at most three, without empty ones and duplicates. */
export function readQueries(callArguments: unknown): Option.Option<ReadonlyArray<string>> {
  return Option.map(decodeArguments(callArguments), ({ query }) => {
    const queries = typeof query === "string" ? [query] : query;
    const trimmed = queries.slice(0, MAX_QUERIES).map((text) => text.trim());
    return [...new Set(trimmed)].filter((text) => text !== "");
  });
}

/** The observation of a search: the documents of every query in turn, each document once. */
export function searchText(queries: ReadonlyArray<string>, options: WebSearchOptions): string {
  const found = new Set(queries.flatMap((query) => options.retrieve(query, options.limit)));
  if (found.size === 0) return NO_RESULTS;
  return [...found].map(options.render).join("\n");
}

/** Answers the queries of a call with an observation. */
export type AnswerQueries = (queries: ReadonlyArray<string>) => Effect.Effect<string, ToolCrashed>;

/** The web_search tool. */
export function makeWebSearch(answer: AnswerQueries): Tool {
  const run = Effect.fnUntraced(function* (callArguments: unknown) {
    const queries = Option.getOrElse(readQueries(callArguments), () => []);
    if (queries.length > 0) return yield* answer(queries);
    return yield* new ToolCallRejected({ message: "query must be a non-empty list of strings" });
  });
  return { spec: WEB_SEARCH, run };
}

/** The web_search tool over documents in memory. */
export function makeDocumentSearch(options: WebSearchOptions): Tool {
  return makeWebSearch((queries) => Effect.succeed(searchText(queries, options)));
}

/** The web_search tool over a search engine: `title: text` of each passage, one a line, each passage once. */
export function makePassageSearch(search: Search, { limit, maxWords }: PassageLimits): Tool {
  return makeWebSearch((queries) =>
    search(queries, limit).pipe(
      Effect.map((results) => {
        const found = new Map(results.flat().map((passage) => [passage.id, passage]));
        if (found.size === 0) return NO_RESULTS;
        return [...found.values()].map((one) => renderPassage(one, maxWords)).join("\n");
      }),
      Effect.mapError(({ kind, message }) => new ToolCrashed({ kind, message })),
    )
  );
}

/** Retrieval from a BM25 index. */
export function retrieveBm25(index: Bm25Index): Retrieve {
  return (query, limit) => searchBm25(index, query, limit).map((hit) => hit.document);
}

/** A retriever that never finds anything: a control experiment that shows how much searching helps. */
export const retrieveNothing: Retrieve = () => [];

/** Options for one-line documents that each start with a space, joined by a line break. */
export function lineSearch(
  lines: ReadonlyArray<string>,
  retrieve: Retrieve,
  limit: number,
): WebSearchOptions {
  return { retrieve, limit, render: (document) => lines[document]! };
}

/** How much of each passage is shown. */
export interface PassageLimits {
  /** Passages per query. */
  readonly limit: number;
  /** Words of a passage's text before it is cut with an ellipsis. */
  readonly maxWords: number;
}

function renderPassage(passage: Passage, maxWords: number): string {
  const words = passage.text.split(/\s+/u).filter((word) => word !== "");
  const text = words.slice(0, maxWords).join(" ") + (words.length > maxWords ? " …" : "");
  return passage.title === "" ? text : `${passage.title}: ${text}`;
}
