import assert from "node:assert/strict";
import { buildBm25, searchBm25 } from "../../src/environment/bm25.ts";
import { CORPUS_BM25 } from "../../src/environment/corpus_environment.ts";
import type { Passage } from "../../src/domain/search.ts";
import { mean, measureSciFact, readJsonLines, realFolder, recall } from "./real_data.ts";

Deno.test("searchBm25() reaches Anserini's published numbers on SciFact", async () => {
  const folder = realFolder("retrieval/scifact");
  if (folder === null) return;
  const corpus = await readJsonLines<{ _id: string; title: string; text: string }>(
    `${folder}/corpus.jsonl`,
  );
  const index = buildBm25(corpus.map(({ title, text }) => `${title} ${text}`), CORPUS_BM25);
  const { ndcg, recall } = await measureSciFact(
    folder,
    (query) => searchBm25(index, query, 100).map((hit) => corpus[hit.document]!._id),
  );
  // Lucene rounds document lengths to a byte; we don't, which moves nDCG by less than 0.003.
  assert.ok(Math.abs(ndcg - 0.6789) <= 0.003, `nDCG@10 ${ndcg}`);
  assert.ok(Math.abs(recall - 0.9253) <= 0.0005, `R@100 ${recall}`);
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
