import { deepStrictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../src/domain/json.ts";

Deno.test("parseJson() reads what JSON.parse() reads, and a byte-order mark before it", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => {
    deepStrictEqual(parseJson(text), JSON.parse(text));
    deepStrictEqual(parseJson(`\uFEFF${text}`), JSON.parse(text));
  }));
});

Deno.test("parseJson() counts the depth of values, not of what stands in strings", () => {
  const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
  parseJson(nested(100));
  throws(() => parseJson(nested(102)), /at most 100 deep/);
  parseJson(JSON.stringify("[".repeat(200) + '"\\'.repeat(9)));
  throws(() => parseJson("[".repeat(1 << 20)), /at most 100 deep/);
});
