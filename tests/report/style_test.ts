import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { duration, fit, signed, wrap } from "../../src/report/style.ts";

Deno.test("signed() shows the sign of every number", () => {
  deepStrictEqual([signed(0.416), signed(-0.416), signed(0)], ["+0.42", "-0.42", "+0.00"]);
});

Deno.test("fit() leaves short text alone and cuts long text to the width", () => {
  strictEqual(fit("a\n b", 10), "a b");
  strictEqual(fit("abcdefgh", 5), "abcd…");
});

Deno.test("wrap() breaks between words only", () => {
  deepStrictEqual(wrap("one two three fourteen", 9), ["one two", "three", "fourteen"]);
});

Deno.test("duration() grows from tenths to minutes", () => {
  deepStrictEqual([3.14, 42.4, 271].map(duration), ["3.1 s", "42 s", "4 min 31 s"]);
});
