/** Bytes of a page as text, and text as pages to read one at a time. */

/** Where HTML says its encoding, if it does. */
const META_BYTES = 1024;

/** Encodings that show themselves by their first bytes. */
const MARKS = [
  { mark: [0xef, 0xbb, 0xbf], label: "utf-8" },
  { mark: [0xfe, 0xff], label: "utf-16be" },
  { mark: [0xff, 0xfe], label: "utf-16le" },
] as const;

/**
 * Text in the encoding that its first bytes, the content type or a meta element name, else UTF-8, as the HTML standard
 * has it; invalid bytes become U+FFFD.
 */
export function decodePage(bytes: Uint8Array, contentType: string): string {
  const marked = MARKS.find(({ mark }) => mark.every((byte, i) => bytes[i] === byte));
  if (marked !== undefined) return new TextDecoder(marked.label).decode(bytes);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, META_BYTES));
  const told = /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType)?.[1];
  const written = /<meta\s[^>]*charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start)?.[1];
  // Who could read that word had not read UTF-16.
  const meta = written !== undefined && /^utf-?16/i.test(written) ? "utf-8" : written;
  return decoderOf(told ?? meta ?? "utf-8").decode(bytes);
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}

/** Cuts text into pages of at most so many characters, between lines or else between words where there are any. */
export function cutPages(text: string, most: number): ReadonlyArray<string> {
  const pages: string[] = [];
  let rest = text.trim();
  while (rest.length > most) {
    const end = cutOf(rest.slice(0, most + 1));
    pages.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...pages, rest];
}

/** Where a page ends that has one character too many: not before its half, and never within a pair of surrogates. */
function cutOf(page: string): number {
  const most = page.length - 1;
  const found = ["\n", " "].map((mark) => page.lastIndexOf(mark)).find((at) => 2 * at > most);
  return found ?? (/[\uD800-\uDBFF]/.test(page.charAt(most - 1)) && most > 1 ? most - 1 : most);
}
