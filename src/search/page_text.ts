/** Bytes of a page as text, and text as pages to read one at a time. */

/** Where HTML says its encoding, if it does. */
const META_BYTES = 1024;

/** Text in the encoding that the content type or a meta element names, else UTF-8; invalid bytes become U+FFFD. */
export function decodePage(bytes: Uint8Array, contentType: string): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, META_BYTES));
  const named = /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType) ??
    /<meta\s[^>]*charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start);
  return decoderOf(named?.[1] ?? "utf-8").decode(bytes);
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
