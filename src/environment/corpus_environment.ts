import { type Duration, Effect, type Layer } from "effect";
import type { Passage, Search } from "../domain/search.ts";
import { porterWords } from "./analysis.ts";
import { buildBm25, searchBm25 } from "./bm25.ts";
import { Environment } from "./environment.ts";
import { makePassageSearch, type PassageLimits } from "./web_search.ts";

/** How a corpus is searched and shown; limits that are left out are those of {@link CORPUS_LIMITS}. */
export interface CorpusEnvironmentOptions extends Partial<PassageLimits> {
  /** @default {"30 seconds"} */
  readonly deadline?: Duration.Input;
  /** Calls of one message that run at the same time. @default {4} */
  readonly concurrency?: number;
}

/** Anserini's BM25 for BEIR's flat corpora. */
export const CORPUS_BM25 = { k1: 0.9, b: 0.4, analyse: porterWords } as const;

/** Five passages a query as in the paper's tool, each at most 100 words. */
export const CORPUS_LIMITS: PassageLimits = { limit: 5, maxWords: 100 };

/** BM25 in memory over title and text, with Porter stems and without stopwords. */
export function searchInMemory(passages: ReadonlyArray<Passage>): Search {
  const index = buildBm25(passages.map(({ title, text }) => `${title} ${text}`), CORPUS_BM25);
  return (queries, limit) =>
    Effect.sync(() =>
      queries.map((query) =>
        searchBm25(index, query, limit).map(({ document, score }) => ({
          ...passages[document]!,
          score,
        }))
      )
    );
}

/** A search that never finds anything: the control that shows what searching is worth. */
export const searchNothing: Search = (queries) => Effect.succeed(queries.map(() => []));

/** Serves a search engine through web_search. */
export function layerSearch(
  search: Search,
  options: CorpusEnvironmentOptions = {},
): Layer.Layer<Environment> {
  return Environment.layerTools({
    tools: [makePassageSearch(search, { ...CORPUS_LIMITS, ...options })],
    deadline: options.deadline ?? "30 seconds",
    concurrency: options.concurrency ?? 4,
  });
}

/** Serves a corpus through web_search: {@link searchInMemory}. */
export function layerCorpus(
  passages: ReadonlyArray<Passage>,
  options: CorpusEnvironmentOptions = {},
): Layer.Layer<Environment> {
  return layerSearch(searchInMemory(passages), options);
}
