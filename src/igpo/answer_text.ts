/** Text rules of the official scorer: Python's white space and Python's punctuation. */

/**
 * White space of Python's `str.split`: unlike JavaScript's it contains U+001C to U+001F and U+0085,
 * and does not contain U+FEFF.
 */
// deno-lint-ignore no-control-regex -- U+001C to U+001F are white space in Python
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Python's `string.punctuation`: ASCII only, so a typographic quote or dash stays in its word. */
export const PUNCTUATION: RegExp = /[!-/:-@[-`{-~]/g;

/** The words of a text: punctuation becomes a space, then split at white space. Articles stay. */
export function answerWords(text: string): ReadonlyArray<string> {
  return text.replace(PUNCTUATION, " ").split(WHITE_SPACE).filter((word) => word !== "");
}

/** The words joined by one space, as exact match compares them. Case is kept, so lower it first. */
export function normaliseAnswer(text: string): string {
  return answerWords(text).join(" ");
}
