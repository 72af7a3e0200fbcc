import type { RandomStream } from "../../math/random.ts";

/**
 * Every name is made of pieces: a word is one of 40 first pieces and one of 40 last pieces, and each piece
 * is one token. So a small vocabulary spells 1,600 words, and a policy knows a name only if it has read it
 * in the context: it can copy names but cannot remember them.
 */

const FIRST_ONSETS = [..."BDFGHKMRTV"];
const FIRST_RIMES = ["al", "en", "il", "or"];
const LAST_ONSETS = [..."bdfgkmstvz"];
const LAST_RIMES = ["an", "ek", "is", "ov"];

const joinAll = (onsets: ReadonlyArray<string>, rimes: ReadonlyArray<string>): Array<string> =>
  onsets.flatMap((onset) => rimes.map((rime) => onset + rime));

/** The 40 pieces a word can begin with, such as "Hol". */
export const FIRST_PIECES: ReadonlyArray<string> = joinAll(FIRST_ONSETS, FIRST_RIMES);

/** The 40 pieces a word can end with, such as "zek". */
export const LAST_PIECES: ReadonlyArray<string> = joinAll(LAST_ONSETS, LAST_RIMES);

/** All 1,600 words a name can hold. */
export const NAME_WORDS: ReadonlyArray<string> = joinAll(FIRST_PIECES, LAST_PIECES);

/** The kinds of things a world holds, apart from years. */
export type NamedType = "person" | "city" | "country" | "company" | "film";

/** One third of the words. The three parts share no word, and each part holds every piece. */
export function thirdOfWords(part: 0 | 1 | 2): ReadonlyArray<string> {
  const { length } = LAST_PIECES;
  return NAME_WORDS.filter((_, at) => (Math.floor(at / length) + (at % length)) % 3 === part);
}

/** Names out of `words` for `counts` things of each kind: one word each, and no word twice. */
export function drawNames(
  words: ReadonlyArray<string>,
  counts: Readonly<Record<NamedType, number>>,
  random: RandomStream,
): Record<NamedType, ReadonlyArray<string>> {
  const left = random.shuffle(words);
  const take = (type: NamedType): ReadonlyArray<string> => left.splice(0, counts[type]);
  return {
    person: take("person"),
    film: take("film"),
    city: take("city"),
    country: take("country"),
    company: take("company"),
  };
}
