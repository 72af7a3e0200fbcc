import { Effect, Option, Schema } from "effect";
import { type Bm25Index, searchBm25 } from "./bm25.ts";
import { type Tool, ToolCallRejected, type ToolSpec } from "./tool.ts";

/** Finds documents for one query, best first, as indices into the searched list. */
export type Retrieve = (query: string, limit: number) => ReadonlyArray<number>;

/** How the tool searches and what it shows. */
export interface WebSearchOptions {
  readonly retrieve: Retrieve;
  /** The observation text of a document, by its index. */
  readonly render: (document: number) => string;
  /** Documents per query. */
  readonly limit: number;
  /** What stands between two documents. */
  readonly separator: string;
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
  return [...found].map(options.render).join(options.separator);
}

/** The web_search tool over any retriever. */
export function makeWebSearch(options: WebSearchOptions): Tool {
  const run = Effect.fnUntraced(function* (callArguments: unknown) {
    const queries = Option.getOrElse(readQueries(callArguments), () => []);
    if (queries.length > 0) return searchText(queries, options);
    return yield* new ToolCallRejected({ message: "query must be a non-empty list of strings" });
  });
  return { spec: WEB_SEARCH, run };
}

/** Retrieval from a BM25 index. */
export function retrieveBm25(index: Bm25Index): Retrieve {
  return (query, limit) => searchBm25(index, query, limit).map((hit) => hit.document);
}

/** A retriever that never finds anything: the control that shows what searching is worth. */
export const retrieveNothing: Retrieve = () => [];

/** Options for one-line documents that each start with a space, joined by a line break. */
export function lineSearch(
  lines: ReadonlyArray<string>,
  retrieve: Retrieve,
  limit: number,
): WebSearchOptions {
  return { retrieve, limit, render: (document) => lines[document]!, separator: "\n" };
}

/** One entry of a real corpus. */
export interface Passage {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** How much of each passage is shown. */
export interface PassageLimits {
  /** Passages per query. */
  readonly limit: number;
  /** Words of a passage's text before it is cut with an ellipsis. */
  readonly maxWords: number;
}

/** Options for titled passages: `title: text`, one a line, cut to `maxWords` words. */
export function passageSearch(
  passages: ReadonlyArray<Passage>,
  retrieve: Retrieve,
  limits: PassageLimits,
): WebSearchOptions {
  const render = (document: number) => renderPassage(passages[document]!, limits.maxWords);
  return { retrieve, limit: limits.limit, render, separator: "\n" };
}

function renderPassage(passage: Passage, maxWords: number): string {
  const words = passage.text.split(/\s+/u).filter((word) => word !== "");
  const text = words.slice(0, maxWords).join(" ") + (words.length > maxWords ? " …" : "");
  return passage.title === "" ? text : `${passage.title}: ${text}`;
}
