import assert from "node:assert/strict";
import fc from "fast-check";
import { plainWords } from "../../src/environment/analysis.ts";
import { buildBm25, type Hit, searchBm25 } from "../../src/environment/bm25.ts";

/** The formula as it is defined, over every document. */
function scoreAll(texts: ReadonlyArray<string>, query: string, k1: number, b: number): Array<Hit> {
  const documents = texts.map(plainWords);
  const mean = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;
  const scoreOf = (words: ReadonlyArray<string>): number =>
    plainWords(query).reduce((score, term) => {
      const frequency = words.filter((word) => word === term).length;
      const holders = documents.filter((other) => other.includes(term)).length;
      const idf = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5));
      const floor = k1 * (1 - b + (b * words.length) / mean);
      return score + (frequency === 0 ? 0 : (idf * frequency) / (frequency + floor));
    }, 0);
  return documents
    .map((words, document) => ({ document, score: scoreOf(words) }))
    .filter((hit) => hit.score > 0)
    .sort((left, right) => right.score - left.score || left.document - right.document);
}

const words = (count: number) =>
  fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: count })
    .map((list) => list.join(" "));

Deno.test("searchBm25() ranks and scores as Lucene's formula does over every document", () => {
  const world = fc.record({
    texts: fc.array(words(8), { minLength: 1, maxLength: 12 }),
    query: words(5),
    k1: fc.double({ min: 0.1, max: 3, noNaN: true }),
    b: fc.double({ min: 0, max: 1, noNaN: true }),
    limit: fc.integer({ min: 0, max: 14 }),
  });
  fc.assert(
    fc.property(world, ({ texts, query, k1, b, limit }) => {
      const got = searchBm25(buildBm25(texts, { k1, b }), query, limit);
      const want = scoreAll(texts, query, k1, b).slice(0, limit);
      // Both add the same numbers in the order of the query's terms, so they agree exactly.
      assert.deepEqual(got, want);
    }),
    { seed: 20251, numRuns: 500 },
  );
});

Deno.test("searchBm25() gives the value worked out by hand", () => {
  const index = buildBm25(["x y", "x", "z z z"], { k1: 1, b: 0.5 });
  const [hit] = searchBm25(index, "y", 5);
  // N = 3, n = 1, |d| = 2, mean = 2: ln(1 + 2.5 / 1.5) / (1 + 1 * (0.5 + 0.5)).
  assert.equal(hit!.document, 0);
  assert.ok(Math.abs(hit!.score - Math.log(8 / 3) / 2) <= 1e-15);
});

Deno.test("searchBm25() lists equal scores in document order, also at the cut", () => {
  const index = buildBm25(["q r", "r q", "q s", "q t"]);
  assert.deepEqual(searchBm25(index, "q", 3).map((hit) => hit.document), [0, 1, 2]);
});

Deno.test("searchBm25() counts a repeated query term twice", () => {
  const index = buildBm25(["left", "right"]);
  assert.deepEqual(searchBm25(index, "left right right", 1)[0]!.document, 1);
});

Deno.test("searchBm25() finds nothing for unknown words, an empty query or an empty list", () => {
  assert.deepEqual(searchBm25(buildBm25(["a b"]), "zzz", 3), []);
  assert.deepEqual(searchBm25(buildBm25(["a b"]), "", 3), []);
  assert.deepEqual(searchBm25(buildBm25([]), "a", 3), []);
});
