/** Search services by their request and answer shapes. */
import { Effect, Schema } from "effect";
import type { Search, SearchHit } from "../domain/search.ts";
import { splitContents } from "../files/corpus.ts";
import { ask, PATIENCE, type Patience } from "./ask.ts";

const Document = Schema.Struct({
  id: Schema.optional(Schema.Union([Schema.String, Schema.Number])),
  title: Schema.optional(Schema.NullOr(Schema.String)),
  text: Schema.optional(Schema.String),
  contents: Schema.optional(Schema.String),
});

const Scored = Schema.Struct({
  document: Document,
  score: Schema.optional(Schema.NullOr(Schema.Number)),
});

const SearchR1Answer = Schema.Struct({
  result: Schema.Array(Schema.Array(Schema.Union([Scored, Document]))),
});

/**
 * A server of Search-R1's protocol: POST `{queries, topk, return_scores}` to `/retrieve` gives `{result}`, for each query
 * a list of `{document: {id, contents}, score}` or of documents. All queries of a call go in one request.
 */
export function searchR1(url: string, patience: Patience = PATIENCE): Search {
  const address = new URL(url);
  if (address.pathname === "/") address.pathname = "/retrieve";
  return (queries, limit) =>
    ask({
      url: address.href,
      method: "POST",
      body: { queries, topk: limit, return_scores: true },
      answer: SearchR1Answer.check(Schema.makeFilter(({ result }) =>
        result.length === queries.length || `a list for each of ${queries.length} queries`
      )),
    }, patience).pipe(
      Effect.map(({ result }) =>
        result.map((hits) => hits.slice(0, limit).map(hitOf))
      ),
    );
}

function hitOf(hit: typeof Scored.Type | typeof Document.Type): SearchHit {
  const { document, score = null } = "document" in hit ? hit : { document: hit };
  const { id, title, text, contents = "" } = document;
  const split = text === undefined ? splitContents(contents) : { title: "", text };
  const passage = { title: title ?? split.title, text: split.text, score };
  return { id: id === undefined ? `${passage.title}\n${passage.text}` : String(id), ...passage };
}

/** A page that a web search found, whatever the service calls it. */
interface Page {
  readonly title?: string | null | undefined;
  readonly url: string;
  readonly text?: string | null | undefined;
}

const pageHit = ({ title, url, text }: Page): SearchHit => ({
  id: url,
  title: title ?? "",
  text: text ?? "",
  score: null,
});

/** Queries of one call that are asked at the same time. */
export const AT_A_TIME = 3;

/** A search that asks for each query on its own. */
function eachQuery(
  one: (
    query: string,
    limit: number,
  ) => ReturnType<Search> extends Effect.Effect<infer _A, infer E>
    ? Effect.Effect<ReadonlyArray<Page>, E>
    : never,
): Search {
  return (queries, limit) =>
    Effect.forEach(
      queries,
      (query) => Effect.map(one(query, limit), (pages) => pages.slice(0, limit).map(pageHit)),
      { concurrency: AT_A_TIME },
    );
}

/** Services leave out what they do not have, or say null. */
const Text = Schema.optional(Schema.NullOr(Schema.String));

/** What a web search service needs. */
export interface WebOptions {
  readonly key: string;
  /** Where it is, instead of its own address. */
  readonly url?: string | undefined;
  readonly patience?: Patience;
}

/** Serper: POST `{q, num}` with X-API-KEY gives `organic` of `{title, link, snippet}`. */
export function serper({ key, url, patience = PATIENCE }: WebOptions): Search {
  const Answer = Schema.Struct({
    organic: Schema.optional(
      Schema.Array(Schema.Struct({ title: Text, link: Schema.String, snippet: Text })),
    ),
  });
  return eachQuery((q, num) =>
    ask({
      url: url ?? WEB_SERVICES.serper.url,
      method: "POST",
      headers: { "X-API-KEY": key },
      body: { q, num },
      answer: Answer,
    }, patience).pipe(
      Effect.map(({ organic = [] }) =>
        organic.map(({ title, link, snippet }) => ({ title, url: link, text: snippet }))
      ),
    )
  );
}

/** Tavily: POST `{query, max_results}` with a bearer token gives `results` of `{title, url, content}`. */
export function tavily({ key, url, patience = PATIENCE }: WebOptions): Search {
  const Answer = Schema.Struct({
    results: Schema.Array(Schema.Struct({ title: Text, url: Schema.String, content: Text })),
  });
  return eachQuery((query, limit) =>
    ask({
      url: url ?? WEB_SERVICES.tavily.url,
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: { query, max_results: limit },
      answer: Answer,
    }, patience).pipe(
      Effect.map(({ results }) =>
        results.map(({ title, url, content }) => ({ title, url, text: content }))
      ),
    )
  );
}

/** Brave: GET `?q=&count=` with X-Subscription-Token gives `web.results` of `{title, url, description}`. */
export function brave({ key, url, patience = PATIENCE }: WebOptions): Search {
  const Results = Schema.Array(
    Schema.Struct({ title: Text, url: Schema.String, description: Text }),
  );
  const Answer = Schema.Struct({ web: Schema.optional(Schema.Struct({ results: Results })) });
  const address = url ?? WEB_SERVICES.brave.url;
  return eachQuery((q, limit) =>
    ask({
      url: `${address}?${new URLSearchParams({ q, count: String(limit) })}`,
      method: "GET",
      headers: { "X-Subscription-Token": key },
      answer: Answer,
    }, patience).pipe(
      Effect.map(({ web }) =>
        (web?.results ?? []).map(({ title, url, description }) => ({
          title,
          url,
          text: description,
        }))
      ),
    )
  );
}

/** Web search services by name: their address, and the variable of the environment that holds the key. */
export const WEB_SERVICES = {
  serper: { make: serper, key: "SERPER_API_KEY", url: "https://google.serper.dev/search" },
  tavily: { make: tavily, key: "TAVILY_API_KEY", url: "https://api.tavily.com/search" },
  brave: {
    make: brave,
    key: "BRAVE_API_KEY",
    url: "https://api.search.brave.com/res/v1/web/search",
  },
};
