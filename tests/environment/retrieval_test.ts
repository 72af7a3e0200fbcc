import assert from "node:assert/strict";
import { buildBm25, searchBm25 } from "../../src/environment/bm25.ts";
import { CORPUS_BM25 } from "../../src/environment/corpus_environment.ts";
import type { Passage } from "../../src/environment/web_search.ts";
import { readJsonLines, realFolder } from "./real_data.ts";

interface Record {
  readonly _id: string;
  readonly title: string;
  readonly text: string;
}

/** Relevant documents of each query. */
async function readJudgements(path: string): Promise<Map<string, Set<string>>> {
  const rows = (await Deno.readTextFile(path)).trim().split("\n").slice(1);
  const relevant = new Map<string, Set<string>>();
  for (const [query, document, grade] of rows.map((row) => row.split("\t"))) {
    if (Number(grade) > 0) {
      relevant.set(query!, (relevant.get(query!) ?? new Set()).add(document!));
    }
  }
  return relevant;
}

/** Binary gain, discount log2(rank + 1), ideal cut at ten. */
function ndcgAt10(ranked: ReadonlyArray<string>, relevant: ReadonlySet<string>): number {
  const gain = (rank: number): number => 1 / Math.log2(rank + 2);
  const got = ranked.slice(0, 10).reduce(
    (sum, id, rank) => sum + (relevant.has(id) ? gain(rank) : 0),
    0,
  );
  const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => gain(rank));
  return got / ideal.reduce((sum, value) => sum + value, 0);
}

function recall(ranked: ReadonlyArray<string>, relevant: ReadonlySet<string>): number {
  return ranked.filter((id) => relevant.has(id)).length / relevant.size;
}

const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("searchBm25() reaches Anserini's published numbers on SciFact", async () => {
  const folder = realFolder("retrieval/scifact");
  if (folder === null) return;
  const corpus = await readJsonLines<Record>(`${folder}/corpus.jsonl`);
  const queries = new Map(
    (await readJsonLines<Record>(`${folder}/queries.jsonl`)).map((
      query,
    ) => [query._id, query.text]),
  );
  const judgements = [...await readJudgements(`${folder}/qrels/test.tsv`)];
  const index = buildBm25(corpus.map(({ title, text }) => `${title} ${text}`), CORPUS_BM25);
  const ranked = judgements.map(([query]) =>
    searchBm25(index, queries.get(query)!, 100).map((hit) => corpus[hit.document]!._id)
  );
  const ndcg = mean(judgements.map(([, relevant], row) => ndcgAt10(ranked[row]!, relevant)));
  const found = mean(judgements.map(([, relevant], row) => recall(ranked[row]!, relevant)));
  // Lucene rounds document lengths to a byte; we don't, which moves nDCG by less than 0.003.
  assert.ok(Math.abs(ndcg - 0.6789) <= 0.003, `nDCG@10 ${ndcg}`);
  assert.ok(Math.abs(found - 0.9253) <= 0.0005, `R@100 ${found}`);
});

Deno.test("searchBm25() finds support of two-hop questions as often as another implementation", async () => {
  const folder = realFolder("qa/2wiki");
  if (folder === null) return;
  const corpus = await readJsonLines<Passage>(`${folder}/corpus.jsonl`);
  const questions = await readJsonLines<{ question: string; support: Array<string> | null }>(
    `${folder}/questions.jsonl`,
  );
  const index = buildBm25(corpus.map(({ title, text }) => `${title} ${text}`), CORPUS_BM25);
  const recalls = questions.filter(({ support }) => support !== null).map((row) => {
    const hits = searchBm25(index, row.question, 5).map((hit) => corpus[hit.document]!.id);
    return recall(hits, new Set(row.support));
  });
  assert.equal(recalls.length, 440);
  assert.ok(Math.abs(mean(recalls) - 0.67) <= 0.01, `R@5 ${mean(recalls)}`);
});
