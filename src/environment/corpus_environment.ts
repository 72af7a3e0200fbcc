import type { Duration, Layer } from "effect";
import { porterWords } from "./analysis.ts";
import { buildBm25 } from "./bm25.ts";
import { Environment } from "./environment.ts";
import {
  makeWebSearch,
  type Passage,
  type PassageLimits,
  passageSearch,
  retrieveBm25,
} from "./web_search.ts";

/** How a corpus is searched and shown; what is left out takes the default beside it. */
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

/** Serves a corpus through web_search: BM25 over title and text with Porter stems and stopwords. */
export function layerCorpus(
  passages: ReadonlyArray<Passage>,
  options: CorpusEnvironmentOptions = {},
): Layer.Layer<Environment> {
  const index = buildBm25(passages.map(({ title, text }) => `${title} ${text}`), CORPUS_BM25);
  const limits = { ...CORPUS_LIMITS, ...options };
  return Environment.layerTools({
    tools: [makeWebSearch(passageSearch(passages, retrieveBm25(index), limits))],
    deadline: options.deadline ?? "30 seconds",
    concurrency: options.concurrency ?? 4,
  });
}
