import { type Analyser, plainWords } from "./analysis.ts";

/** Parameters of Lucene's BM25. */
export interface Bm25Options {
  /** How soon the score of a repeated term levels off: later for larger values. @default {1.2} */
  readonly k1?: number;
  /** How strongly long documents are penalised, 0 to 1. @default {0.75} */
  readonly b?: number;
  /** @default {plainWords} */
  readonly analyse?: Analyser;
}

/** One retrieved document: its place in the indexed list and its score. */
export interface Hit {
  readonly document: number;
  readonly score: number;
}

/** An inverted index: the postings of term t are `[start[t], start[t + 1])`, in document order. */
export interface Bm25Index {
  readonly documentCount: number;
  readonly analyse: Analyser;
  readonly termIds: ReadonlyMap<string, number>;
  readonly start: Uint32Array;
  readonly document: Uint32Array;
  /** What one occurrence of the posting's term in a query adds to its document's score. */
  readonly impact: Float64Array;
}

/**
 * Indexes texts. A posting's impact is idf(t) f / (f + k1 (1 - b + b |d| / mean|d|)) with
 * idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)): f occurrences, n of N documents hold t, |d| in terms.
 */
export function buildBm25(texts: ReadonlyArray<string>, options: Bm25Options = {}): Bm25Index {
  const { k1 = 1.2, b = 0.75, analyse = plainWords } = options;
  const { termIds, rows } = readTerms(texts, analyse);
  const start = postingStarts(rows, termIds.size);
  const document = new Uint32Array(start.at(-1)!);
  const impact = new Float64Array(document.length);
  const next = start.slice();
  const meanLength = rows.reduce((sum, row) => sum + row.length, 0) / Math.max(1, rows.length);
  rows.forEach((row, index) => {
    const floor = k1 * (1 - b + (b * row.length) / meanLength);
    for (const [term, frequency] of row.frequency) {
      const holders = start[term + 1]! - start[term]!;
      const idf = Math.log(1 + (rows.length - holders + 0.5) / (holders + 0.5));
      const slot = next[term]!++;
      document[slot] = index;
      impact[slot] = (idf * frequency) / (frequency + floor);
    }
  });
  return { documentCount: rows.length, analyse, termIds, start, document, impact };
}

interface TermRow {
  readonly length: number;
  readonly frequency: ReadonlyMap<number, number>;
}

function readTerms(texts: ReadonlyArray<string>, analyse: Analyser) {
  const termIds = new Map<string, number>();
  const rows = texts.map((text): TermRow => {
    const terms = analyse(text);
    const frequency = new Map<number, number>();
    for (const term of terms) {
      const id = termIds.get(term) ?? termIds.size;
      termIds.set(term, id);
      frequency.set(id, (frequency.get(id) ?? 0) + 1);
    }
    return { length: terms.length, frequency };
  });
  return { termIds, rows };
}

function postingStarts(rows: ReadonlyArray<TermRow>, termCount: number): Uint32Array {
  const start = new Uint32Array(termCount + 1);
  for (const row of rows) {
    for (const term of row.frequency.keys()) start[term + 1]!++;
  }
  for (let term = 0; term < termCount; term++) start[term + 1]! += start[term]!;
  return start;
}

/**
 * The `limit` best documents that share a term with the query, best first, equal scores in document order.
 * A term that stands twice in the query counts twice.
 */
export function searchBm25(index: Bm25Index, query: string, limit: number): Array<Hit> {
  const score = new Float64Array(index.documentCount);
  const touched: Array<number> = [];
  for (const word of index.analyse(query)) {
    const term = index.termIds.get(word);
    if (term === undefined) continue;
    for (let slot = index.start[term]!; slot < index.start[term + 1]!; slot++) {
      const document = index.document[slot]!;
      if (score[document] === 0) touched.push(document);
      score[document]! += index.impact[slot]!;
    }
  }
  return best(touched, score, limit);
}

/** Keeps a sorted list of at most `limit` documents while it reads the candidates once. */
function best(candidates: ReadonlyArray<number>, score: Float64Array, limit: number): Array<Hit> {
  const kept: Array<Hit> = [];
  for (const document of candidates) {
    const hit = { document, score: score[document]! };
    if (kept.length === limit && !ranksBefore(hit, kept[limit - 1])) continue;
    let low = 0;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ranksBefore(hit, kept[middle])) high = middle;
      else low = middle + 1;
    }
    kept.splice(low, 0, hit);
    if (kept.length > limit) kept.pop();
  }
  return kept;
}

function ranksBefore(hit: Hit, other: Hit | undefined): boolean {
  if (other === undefined) return false;
  return hit.score > other.score || (hit.score === other.score && hit.document < other.document);
}
