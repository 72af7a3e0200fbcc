import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { createRandom } from "../../src/math/random.ts";
import {
  hashString,
  keyFromSeed,
  randomBits,
  splitKey,
  threefry2x32,
  uniform,
} from "../../src/math/threefry.ts";

const ONES = 0xffffffff;
const u32 = fc.integer({ min: 0, max: ONES });

Deno.test("threefry2x32() repeats the known answers of Random123", () => {
  deepStrictEqual(threefry2x32([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
  deepStrictEqual(threefry2x32([ONES, ONES], [ONES, ONES]), [0x1cb996fc, 0xbb002be7]);
  deepStrictEqual(
    threefry2x32([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]),
    [0xc4923a9c, 0x483df7a0],
  );
});

Deno.test("splitKey() folds data one at a time and depends on their order", () => {
  const key = keyFromSeed(7);
  deepStrictEqual(splitKey(key, 3, 5), splitKey(splitKey(key, 3), 5));
  notDeepStrictEqual(splitKey(key, 3, 5), splitKey(key, 5, 3));
  deepStrictEqual(splitKey(key), key);
});

Deno.test("keyFromSeed() tells seeds apart that agree in their low 32 bits", () => {
  deepStrictEqual(keyFromSeed(2 ** 32 + 5), [1, 5]);
  notDeepStrictEqual(keyFromSeed(2 ** 32 + 5), keyFromSeed(5));
});

Deno.test("uniform() is in [0, 1) and exact in float32", () => {
  fc.assert(fc.property(u32, u32, (seed, counter) => {
    const drawn = uniform(keyFromSeed(seed), counter);
    ok(drawn >= 0 && drawn < 1);
    strictEqual(Math.fround(drawn), drawn);
  }));
});

Deno.test("uniform() fills ten bins evenly", () => {
  const bins = new Uint32Array(10);
  for (let counter = 0; counter < 10_000; counter++) {
    bins[Math.floor(uniform([1, 2], counter) * 10)]! += 1;
  }
  // Chi-square with 9 degrees of freedom: 27.9 is exceeded with probability 0.001.
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  ok(chiSquare < 27.9, `chi-square ${chiSquare}`);
});

Deno.test("a draw and a split of the same number come from different blocks", () => {
  const key = keyFromSeed(11);
  for (let datum = 0; datum < 100; datum++) {
    ok(splitKey(key, datum)[0] !== randomBits(key, datum));
  }
});

Deno.test("hashString() is FNV-1a over UTF-8", () => {
  strictEqual(hashString(""), 0x811c9dc5);
  strictEqual(hashString("a"), 0xe40c292c);
  strictEqual(hashString("foobar"), 0xbf9cf968);
});

Deno.test("createRandom() draws a permutation, in range, and the same for the same key", () => {
  fc.assert(fc.property(u32, fc.array(fc.integer(), { maxLength: 20 }), (seed, items) => {
    const shuffled = createRandom(keyFromSeed(seed)).shuffle(items);
    deepStrictEqual(shuffled, createRandom(keyFromSeed(seed)).shuffle(items));
    deepStrictEqual(shuffled.toSorted(), items.toSorted());
    const drawn = createRandom(keyFromSeed(seed)).int(items.length + 1);
    ok(drawn >= 0 && drawn <= items.length);
  }));
});
