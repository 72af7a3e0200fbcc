import { stemmer } from "stemmer";

/** Turns text into the terms that are indexed; the same analyser reads documents and queries. */
export type Analyser = (text: string) => Array<string>;

/** Lucene's English stopwords. */
const STOPWORDS: ReadonlySet<string> = new Set(
  ("a an and are as at be but by for if in into is it no not of on or such " +
    "that the their then there these they this to was will with").split(" "),
);

/**
 * Words as Unicode's default segmentation (UAX 29) cuts them: letters, marks and digits run together; an
 * apostrophe, point or colon joins between letters, a point or comma between digits.
 */
const WORD =
  /[\p{L}\p{M}\p{N}_]+(?:(?:(?<=\p{L})['’.:](?=\p{L})|(?<=\p{N})[.,;](?=\p{N}))[\p{L}\p{M}\p{N}_]+)*/gu;

/** The lower-case words of a text. */
export function plainWords(text: string): Array<string> {
  return text.toLowerCase().match(WORD) ?? [];
}

/** Lower-case words without possessive 's, without stopwords, cut to their Porter stem. */
export function porterWords(text: string): Array<string> {
  return plainWords(text)
    .map((word) => word.replace(/['’]s$/u, ""))
    .filter((word) => !STOPWORDS.has(word))
    .map(stemmer);
}
