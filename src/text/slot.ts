import type { Tokenizer } from "./tokenizer.ts";

/**
 * Chat text with one gap for the content of a user or a tool. Control tokens around the gap are already encoded.
 * The text between them and the gap is encoded together with the content, as in the model's training, but
 * by the plain encoder, so that no content can close a message.
 */
export interface Slot {
  readonly head: Uint32Array;
  readonly before: string;
  readonly after: string;
  readonly tail: Uint32Array;
}

/** The slot between two texts of our own templates. */
export function makeSlot(tokenizer: Tokenizer, before: string, after: string): Slot {
  const control = controlPattern(tokenizer);
  const last = control === null ? undefined : Array.from(before.matchAll(control)).at(-1);
  const headEnd = last === undefined ? 0 : last.index + last[0].length;
  const tailStart = control === null ? -1 : after.search(control);
  const cut = tailStart < 0 ? after.length : tailStart;
  return {
    head: tokenizer.encode(before.slice(0, headEnd)),
    before: before.slice(headEnd),
    after: after.slice(0, cut),
    tail: tokenizer.encode(after.slice(cut)),
  };
}

/** Ids of the slot with `content` in its gap. */
export function fillSlot(tokenizer: Tokenizer, slot: Slot, content: string): Uint32Array {
  const middle = tokenizer.encodePlain(slot.before + content + slot.after);
  return concatIds(slot.head, middle, slot.tail);
}

/** The control token that `text` begins with, or null. */
export function leadingControlToken(tokenizer: Tokenizer, text: string): string | null {
  const control = controlPattern(tokenizer);
  const first = control?.exec(text) ?? null;
  return first?.index === 0 ? first[0] : null;
}

/** One array after the other. */
export function concatIds(...parts: ReadonlyArray<Uint32Array>): Uint32Array {
  const ids = new Uint32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    ids.set(part, offset);
    offset += part.length;
  }
  return ids;
}

// Longest first, as the tokenizer matches them.
function controlPattern(tokenizer: Tokenizer): RegExp | null {
  const tokens = [...tokenizer.controlTokens.keys()].toSorted((a, b) => b.length - a.length);
  if (tokens.length === 0) return null;
  return new RegExp(tokens.map((token) => RegExp.escape(token)).join("|"), "g");
}
