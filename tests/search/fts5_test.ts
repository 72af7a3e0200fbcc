/** The index on disk against FTS5's formula, computed here from the words of each passage. */
import { ok } from "node:assert/strict";
import { Effect } from "effect";
import { stemmer } from "stemmer";
import type { Passage } from "../../src/domain/search.ts";
import { openIndex, writeIndex } from "../../src/search/index_file.ts";
import { readJsonLines, realFolder } from "../environment/real_data.ts";
import { inFolder } from "../support/tiny_run.ts";

const K1 = 1.2;
const B = 0.75;

/** Words as `porter unicode61` makes them: without case and marks, cut to their stems. */
const termsOf = (text: string) =>
  (withoutAccents(text.toLowerCase()).match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []).map(stemmer);

const withoutAccents = (text: string) =>
  text.normalize("NFD").replaceAll(/[\u0300-\u036f]/g, "").normalize("NFC");

/** How often each term is in each passage. */
function countTerms(passages: ReadonlyArray<Passage>) {
  const lengths: number[] = [];
  const counts = new Map<string, Map<number, number>>();
  for (const [place, { title, text }] of passages.entries()) {
    const terms = [...termsOf(title), ...termsOf(text)];
    lengths.push(terms.length);
    for (const term of terms) {
      const of = counts.get(term) ?? new Map<number, number>();
      counts.set(term, of.set(place, (of.get(place) ?? 0) + 1));
    }
  }
  return {
    lengths,
    counts,
    mean: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
  };
}

/** Score of each passage that has a word of the query: k1 1.2, b 0.75, an idf of at least a millionth. */
function scores(query: string, { lengths, counts, mean }: ReturnType<typeof countTerms>) {
  const found = new Map<number, number>();
  for (const word of new Set(query.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu))) {
    const of = counts.get(termsOf(word)[0] ?? "") ?? new Map<number, number>();
    const idf = Math.log((lengths.length - of.size + 0.5) / (of.size + 0.5));
    for (const [place, count] of of) {
      const weight = count * (K1 + 1) / (count + K1 * (1 - B + B * lengths[place]! / mean));
      found.set(place, (found.get(place) ?? 0) + Math.max(idf, 1e-6) * weight);
    }
  }
  return found;
}

Deno.test("the index ranks as FTS5's formula does: the ten best of 500 questions", async () => {
  const folder = realFolder("qa/2wiki");
  if (folder === null) return;
  const passages = await readJsonLines<Passage>(`${folder}/corpus.jsonl`);
  const questions = await readJsonLines<{ question: string }>(`${folder}/questions.jsonl`);
  const counted = countTerms(passages);
  const placeOf = new Map(passages.map(({ id }, place) => [id, place]));
  await inFolder((out) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      yield* writeIndex(`${folder}/corpus.jsonl`, `${out}/index`);
      const { search } = yield* openIndex(`${out}/index`);
      let agreeing = 0;
      for (const { question } of questions) {
        const [hits] = yield* search([question], 10);
        const want = scores(question, counted);
        const best = [...want.values()].sort((a, b) => b - a).slice(0, 10);
        // Equal scores have an equal rank: at each rank is a passage that the formula gives this rank's score.
        const agrees = hits!.length === best.length && hits!.every(({ id, score }, rank) =>
          Math.abs(want.get(placeOf.get(id)!)! - best[rank]!) < 1e-9 &&
          Math.abs(score! - best[rank]!) < 1e-9
        );
        agreeing += Number(agrees);
      }
      ok(agreeing >= 0.95 * questions.length, `${agreeing} of ${questions.length}`);
    })))
  );
});
