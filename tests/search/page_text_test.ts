import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { cutPages, decodePage } from "../../src/search/page_text.ts";

const META = new TextEncoder().encode('<meta charset="latin1">');
const HTTP_EQUIV = new TextEncoder().encode(
  '<meta http-equiv="Content-Type" content="text/html; charset=latin1">',
);
const TEXTS: ReadonlyArray<readonly [string, string, ReadonlyArray<number>, string]> = [
  ["UTF-8", "text/html", [0xC3, 0xA9], "é"],
  ["UTF-8 with a byte order mark", "text/html", [0xEF, 0xBB, 0xBF, 0xC3, 0xA9], "é"],
  ["bytes that are not UTF-8", "text/html", [65, 255, 66], "A\u{FFFD}B"],
  ["latin1 by the content type", "text/html; charset=iso-8859-1", [0xE9], "é"],
  ["latin1 in quotes", 'text/html; Charset="latin1"', [0xE9], "é"],
  ["Shift_JIS", "text/html; charset=shift_jis", [0x93, 0xFA], "日"],
  ["an encoding that is none", "text/html; charset=none", [0xC3, 0xA9], "é"],
  ["latin1 by a meta element", "text/html", [...META, 0xE9], "é"],
  ["latin1 by an older meta element", "text/html", [...HTTP_EQUIV, 0xE9], "é"],
  ["a meta element that the content type overrules", "text/html; charset=utf-8", [
    ...META,
    0xC3,
    0xA9,
  ], "é"],
];
for (const [name, type, bytes, text] of TEXTS) {
  Deno.test(`decodePage() reads ${name}`, () => {
    strictEqual(decodePage(new Uint8Array(bytes), type).replace(/^<.*>/, ""), text);
  });
}

Deno.test("cutPages() cuts between lines, else between words, else anywhere but within a pair of surrogates", () => {
  deepStrictEqual(cutPages("one two\nthree four", 12), ["one two", "three four"]);
  deepStrictEqual(cutPages("one two three", 8), ["one two", "three"]);
  deepStrictEqual(cutPages("abcdefgh", 3), ["abc", "def", "gh"]);
  deepStrictEqual(cutPages("abc", 3), ["abc"]);
  deepStrictEqual(cutPages("a😀😀", 2), ["a", "😀", "😀"]);
  deepStrictEqual(cutPages("", 3), [""]);
});
