import type { Cut } from "../domain/recipe.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** How much of a text is kept. */
export interface CutOptions {
  /** Most tokens, the mark of the cut included. */
  readonly tokens: number;
  readonly cut: Cut;
}

const MARK = " … ";

/** More characters than a token ever stands for on average: encoding 50 MB would take minutes. */
const TOKEN_CHARACTERS = 64;

/** A text of at most so many tokens, with a mark where words were cut away. */
export function cutText(tokenizer: Tokenizer, text: string, options: CutOptions): string {
  const { tokens } = options;
  // No encoder makes more than four tokens of a character.
  if (4 * text.length <= tokens) return text;
  const most = TOKEN_CHARACTERS * tokens;
  const start = text.length <= most ? text : join(split(text, most, options));
  const ids = tokenizer.encodePlain(start);
  if (ids.length <= tokens) return start;
  // Tokens at an end may merge with the mark or split without their neighbours: fewer are kept until it fits.
  for (let kept = tokens - tokenizer.encodePlain(MARK).length; kept > 0; kept--) {
    const short = join(split(ids, kept, options).map((part) => decodeWhole(tokenizer, part)));
    if (tokenizer.encodePlain(short).length <= tokens) return short;
  }
  return "";
}

/** What is kept from the start and from the end. */
function split<A extends string | Uint32Array>(
  whole: A,
  kept: number,
  { cut }: CutOptions,
): ReadonlyArray<A> {
  const head = { left: 0, middle: Math.ceil(kept / 2), right: kept }[cut];
  const tail = whole.length - (kept - head);
  // A slice is what it is a slice of.
  return [whole.slice(0, head) as A, whole.slice(tail) as A];
}

function join(parts: ReadonlyArray<string>): string {
  return parts.join(MARK).trim();
}

/** The text of tokens without the halves of characters at its ends. */
function decodeWhole(tokenizer: Tokenizer, ids: Uint32Array): string {
  return tokenizer.decode(ids).replaceAll(/^\uFFFD+|\uFFFD+$/gu, "");
}
