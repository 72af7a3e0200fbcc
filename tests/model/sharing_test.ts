import { TILING } from "../support/forests.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  MOST_ANCESTORS,
  type Packable,
  packBatch,
  packedTokens,
  sharedTokens,
  shareSegments,
} from "../../src/model/packing.ts";

/** Sequences with few different tokens, so that neighbours often share their beginning. */
const sequences: fc.Arbitrary<ReadonlyArray<Packable>> = fc.array(
  fc.record({
    tokens: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 8 }),
    share: fc.nat(8),
  }).map(({ tokens, share }) => ({
    tokens: Uint32Array.from(tokens),
    // A sequence has at least one token of its own.
    shareable: Math.min(share, tokens.length - 1),
  })),
  { maxLength: 12 },
);

/** The segments on the path from the root to a leaf. */
function walk({ segments, leaves }: ReturnType<typeof shareSegments>, index: number) {
  const path = [];
  for (let at = leaves[index]!; at >= 0; at = segments[at]!.parent) path.unshift(segments[at]!);
  return path;
}

Deno.test("shareSegments() gives every sequence its tokens along one path of the forest", () => {
  fc.assert(fc.property(sequences, (all) => {
    const packed = shareSegments(all, 3600);
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

Deno.test("shareSegments() packs without gaps, and what neighbours share once where it may nest", () => {
  fc.assert(fc.property(sequences, (all) => {
    const { segments } = shareSegments(all, 3600);
    let start = 0;
    for (const segment of segments) {
      strictEqual(segment.start, start);
      ok(segment.length > 0);
      start += segment.length;
    }
    const saved = all.slice(1).reduce((sum, one, i) => sum + sharedTokens(all[i]!, one), 0);
    const least = all.reduce((sum, { tokens }) => sum + tokens.length, 0) - saved;
    const depths = all.map((_, index) => walk(shareSegments(all, 3600), index).length - 1);
    ok(depths.every((depth) => depth <= MOST_ANCESTORS));
    if (depths.every((depth) => depth < MOST_ANCESTORS)) strictEqual(start, least);
    else ok(start >= least);
  }));
});

Deno.test("shareSegments() lets at most 3600 tokens see a shared one", () => {
  const all = Array.from({ length: 100 }, (_, i) => ({
    tokens: Uint32Array.from({ length: 100 }, (_, at) => at < 90 ? at : 1000 * i + at),
    shareable: 90,
  }));
  const { segments } = shareSegments(all, 3600);
  const { dims } = packBatch(segments, new Uint32Array(packedTokens(segments)), [], TILING);
  ok(dims["S"]! <= 3600 && dims["S"]! > 300, `${dims["S"]} tokens`);
  strictEqual(dims["N"], 4 * 90 + 100 * 10);
});

Deno.test("shareSegments() shares no token that a sequence keeps for itself", () => {
  fc.assert(fc.property(sequences, (all) => {
    const { segments, leaves } = shareSegments(all, 3600);
    all.forEach(({ shareable }, index) => ok(segments[leaves[index]!]!.firstPosition <= shareable));
  }));
});

Deno.test("shareSegments() nests: a system prompt of all, a question of each group", () => {
  const rows = [[9, 9, 1, 5], [9, 9, 1, 6], [9, 9, 2, 7], [9, 9, 2, 8]];
  const all = rows.map((row) => ({ tokens: Uint32Array.from(row), shareable: 3 }));
  const { segments } = shareSegments(all, 3600);
  deepStrictEqual(
    segments.map(({ firstPosition, length, parent }) => [firstPosition, length, parent]),
    [[0, 2, -1], [2, 1, 0], [3, 1, 1], [3, 1, 1], [2, 1, 0], [3, 1, 4], [3, 1, 4]],
  );
});
