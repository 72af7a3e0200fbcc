import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Packable, sharedTokens, shareSegments } from "../../src/model/packing.ts";

/** Sequences of few different tokens, so that neighbours often begin alike. */
const sequences: fc.Arbitrary<ReadonlyArray<Packable>> = fc.array(
  fc.record({
    tokens: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 8 }),
    share: fc.nat(8),
  }).map(({ tokens, share }) => ({
    tokens: Uint32Array.from(tokens),
    // A sequence has one token of its own at least.
    shareable: Math.min(share, tokens.length - 1),
  })),
  { maxLength: 12 },
);

/** The tokens that a leaf's path from the root holds, and where in the packing each stands. */
function walk({ segments, leaves }: ReturnType<typeof shareSegments>, index: number) {
  const path = [];
  for (let at = leaves[index]!; at >= 0; at = segments[at]!.parent) path.unshift(segments[at]!);
  return path;
}

Deno.test("shareSegments() gives every sequence its tokens along one path of the forest", () => {
  fc.assert(fc.property(sequences, (all) => {
    const packed = shareSegments(all);
    all.forEach(({ tokens }, index) => {
      const path = walk(packed, index);
      const found = path.flatMap(({ sequence, firstPosition, length }) => [
        ...all[sequence]!.tokens.subarray(firstPosition, firstPosition + length),
      ]);
      deepStrictEqual(found, [...tokens]);
      path.forEach(({ visible }, depth) =>
        strictEqual(visible, depth === 0 ? 0 : path[depth - 1]!.length)
      );
    });
  }));
});

Deno.test("shareSegments() packs without gaps, and what neighbours share once", () => {
  fc.assert(fc.property(sequences, (all) => {
    const { segments } = shareSegments(all);
    let start = 0;
    for (const segment of segments) {
      strictEqual(segment.start, start);
      ok(segment.length > 0);
      start += segment.length;
    }
    const saved = all.slice(1).reduce((sum, one, i) => sum + sharedTokens(all[i]!, one), 0);
    strictEqual(start, all.reduce((sum, { tokens }) => sum + tokens.length, 0) - saved);
  }));
});

Deno.test("shareSegments() shares no token that a sequence keeps for itself", () => {
  fc.assert(fc.property(sequences, (all) => {
    const { segments, leaves } = shareSegments(all);
    all.forEach(({ shareable }, index) => ok(segments[leaves[index]!]!.firstPosition <= shareable));
  }));
});

Deno.test("shareSegments() nests: a system prompt of all, a question of each group", () => {
  const rows = [[9, 9, 1, 5], [9, 9, 1, 6], [9, 9, 2, 7], [9, 9, 2, 8]];
  const all = rows.map((row) => ({ tokens: Uint32Array.from(row), shareable: 3 }));
  const { segments } = shareSegments(all);
  deepStrictEqual(
    segments.map(({ firstPosition, length, parent }) => [firstPosition, length, parent]),
    [[0, 2, -1], [2, 1, 0], [3, 1, 1], [3, 1, 1], [2, 1, 0], [3, 1, 4], [3, 1, 4]],
  );
});
