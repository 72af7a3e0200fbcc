import assert from "node:assert/strict";
import fc from "fast-check";
import { occurrenceTable, packBatch } from "../../src/model/packing.ts";
import { allRuns, keyTable, queryTable, TILE } from "../../src/model/segments.ts";
import { separateSegments } from "../support/plans.ts";
import { forest, plantForest, seenBy, tablesOf, TILING, tokensOf } from "../support/forests.ts";

/** Slots that row n of a query table sees, read as the kernels read it. */
function seenSlots(table: Uint32Array, n: number): number[] {
  const [first, count, own, slot] = table.subarray(4 * n, 4 * n + 4);
  const seen: number[] = [];
  const walk = (start: number, end: number) => {
    for (let j = start; j < end; j++) seen.push(j);
  };
  for (let r = first!; r < first! + count!; r++) walk(table[4 * r]!, table[4 * r + 1]!);
  walk(own!, slot! + 1);
  return seen;
}

/** Packed queries that see key j, read as the kernels read the key table. */
function seeingQueries(table: Uint32Array, j: number): number[] {
  const [first, count, ownEnd] = table.subarray(4 * j, 4 * j + 3);
  const seeing: number[] = [];
  for (let n = j; n < ownEnd!; n++) seeing.push(n);
  for (let view = first!; view < first! + count!; view++) {
    const [start, end, visibleEnd] = table.subarray(4 * view, 4 * view + 3);
    if (j < visibleEnd!) { for (let n = start!; n < end!; n++) seeing.push(n); }
  }
  return seeing;
}

Deno.test("queryTable() lets each token see what the definition says, root first", () => {
  fc.assert(fc.property(forest, (segments) => {
    const { queries } = tablesOf(segments);
    segments.forEach(({ start, length }, index) => {
      for (let i = 0; i < length; i++) {
        assert.deepEqual(seenSlots(queries, start + i), seenBy(segments, index, i));
      }
    });
  }));
});

Deno.test("keyTable() lists exactly the queries that see a key, each once", () => {
  fc.assert(fc.property(forest, (segments) => {
    const { queries, keys } = tablesOf(segments);
    const tokens = tokensOf(segments);
    for (let j = 0; j < tokens; j++) {
      const want = Array.from({ length: tokens }, (_, n) => n)
        .filter((n) => seenSlots(queries, n).includes(j));
      assert.deepEqual(seeingQueries(keys, j).toSorted((a, b) => a - b), want);
    }
  }));
});

Deno.test("queryTable() of any runs gives the rows of the whole table", () => {
  const cuts = fc.tuple(forest, fc.infiniteStream(fc.nat()));
  fc.assert(fc.property(cuts, ([segments, stream]) => {
    const whole = tablesOf(segments).queries;
    const runs = segments.map(({ length }, segment) => {
      const from = stream.next().value! % length;
      return { segment, from, count: 1 + stream.next().value! % (length - from) };
    });
    const { queries: table, positions } = queryTable(segments, runs, TILING).inputs;
    let row = 0;
    for (const { segment, from, count } of runs) {
      const { start, firstPosition } = segments[segment]!;
      for (let i = from; i < from + count; i++) {
        assert.deepEqual(seenSlots(table, row), seenSlots(whole, start + i));
        assert.equal(table[4 * row + 3], start + i, "the slot it is written to");
        assert.equal(positions[row++], firstPosition + i);
      }
    }
  }));
});

Deno.test("queryTable() puts more queries in a tile where those share more slots than they leave lanes idle", () => {
  const rowsOf = (lengths: ReadonlyArray<number>, group: number) => {
    const segments = separateSegments(lengths);
    return queryTable(segments, allRuns(segments), { ...TILING, group }).dims["tileRows"];
  };
  const many = (length: number) => new Array<number>(16).fill(length);
  assert.deepEqual([1, 2, 7].map((group) => rowsOf(many(256), group)), [64, 64, 32]);
  assert.deepEqual([1, 2, 7].map((group) => rowsOf(many(1024), group)), [64, 64, 32]);
  assert.deepEqual([32, 96, 128].map((length) => rowsOf(many(length), 1)), [32, 32, 64]);
  // One more token needs one more tile.
  assert.equal(rowsOf(many(129), 2), 32);
});

/** Segments long enough for several tiles. */
const longForest = forest.map((segments) =>
  plantForest(segments.map(({ length, parent, visible }, i) => ({
    length: length * (7 + i),
    parent,
    visible: parent < 0 ? 0 : visible * (7 + parent),
  })))
);

Deno.test("queryTable() cuts each run into tiles, those with most work first", () => {
  fc.assert(fc.property(longForest, (segments) => {
    const { inputs, dims } = queryTable(segments, allRuns(segments), TILING);
    const { tiles, queries } = inputs;
    const rows: number[] = [];
    const slotTiles: number[] = [];
    for (let at = 0; at < tiles.length; at += 4) {
      const [row, count, firstRange, rangeCount] = tiles.subarray(
        at,
        at + 4,
      ) as unknown as number[];
      assert.ok(count! >= 1 && count! <= dims["tileRows"]!);
      const own = queries[4 * row! + 2]!;
      const met: number[] = [];
      for (let r = firstRange!; r < firstRange! + rangeCount!; r++) {
        met.push(queries[4 * r]!, queries[4 * r + 1]!);
      }
      met.push(own, row! + count!);
      for (let n = row!; n < row! + count!; n++) {
        rows.push(n);
        // Each range that a row sees lies in one of the ranges of its tile, in the same order.
        const [range, ranges, start, slot] = queries.subarray(4 * n, 4 * n + 4);
        const seen: number[] = [];
        for (let r = range!; r < range! + ranges!; r++) {
          seen.push(queries[4 * r]!, queries[4 * r + 1]!);
        }
        seen.push(start!, slot! + 1);
        assert.equal(seen.length, met.length);
        seen.forEach((x, i) => assert.ok(i % 2 === 0 ? x >= met[i]! : x <= met[i]!));
      }
      slotTiles.push(
        met.reduce((sum, x, i) => i % 2 === 0 ? sum : sum + Math.ceil((x - met[i - 1]!) / TILE), 0),
      );
    }
    assert.deepEqual(rows.toSorted((a, b) => a - b), [...Array(tokensOf(segments)).keys()]);
    assert.deepEqual(slotTiles, slotTiles.toSorted((a, b) => b - a), "most work first");
    assert.equal(dims["queryTiles"], slotTiles.length);
  }));
});

Deno.test("keyTable() tiles let each key meet exactly the queries that see it, each once", () => {
  fc.assert(fc.property(fc.oneof(forest, longForest), (segments) => {
    const { queries, keys, key_tiles: tiles, key_parts: parts, dims } = tablesOf(segments);
    const tokens = tokensOf(segments);
    const met: number[][] = Array.from({ length: tokens }, () => []);
    const work: number[] = [];
    for (let at = 0; at < tiles.length; at += 4) {
      const [key, part, first, count] = tiles.subarray(at, at + 4) as unknown as number[];
      assert.ok(part! < parts[4 * key! + 1]!);
      let queryTiles = 0;
      for (let r = first!; r < first! + count!; r++) {
        const [start, end, visibleEnd, isOwn] = keys.subarray(4 * r, 4 * r + 4);
        queryTiles += Math.ceil((end! - start!) / TILE);
        for (let n = start!; n < end!; n++) {
          for (let j = key!; j < key! + parts[4 * key! + 2]!; j++) {
            if (isOwn === 1 ? n >= j : j < visibleEnd!) met[j]!.push(n);
          }
        }
      }
      work.push(queryTiles);
    }
    met.forEach((list, j) => {
      const want = Array.from({ length: tokens }, (_, n) => n)
        .filter((n) => seenSlots(queries, n).includes(j));
      assert.deepEqual(list.toSorted((a, b) => a - b), want);
    });
    assert.deepEqual(work, work.toSorted((a, b) => b - a), "most work first");
    assert.equal(dims["keyTiles"], work.length);
    const rows = Array.from({ length: tokens }, (_, n) => {
      const [first, count, stride] = parts.subarray(4 * n, 4 * n + 3);
      return Array.from({ length: count! }, (_, p) => first! + p * stride!);
    }).flat();
    assert.equal(new Set(rows).size, rows.length, "each part has rows of its own");
    assert.ok(rows.length <= 2 * tokens && Math.max(...rows) < 2 * tokens, "parts are few");
  }));
});

Deno.test("a token never sees more slots than its position counts", () => {
  fc.assert(fc.property(forest, (segments) => {
    const { queries: table, positions } = queryTable(
      segments,
      segments.map(({ length }, segment) => ({ segment, from: 0, count: length })),
      TILING,
    ).inputs;
    positions.forEach((position, n) => assert.equal(seenSlots(table, n).length, position + 1));
  }));
});

Deno.test("a segment cannot see more of its parent than there is", () => {
  const segments = plantForest([{ length: 2, parent: -1, visible: 0 }]);
  const greedy = { start: 2, length: 1, firstPosition: 3, parent: 0, visible: 3 };
  assert.throws(
    () => queryTable([...segments, greedy], [{ segment: 1, from: 0, count: 1 }], TILING),
    /sees 3 of its parent's 2 tokens/,
  );
});

Deno.test("separateSegments() packs sequences that see only themselves", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lengths) => {
    const segments = separateSegments(lengths);
    assert.equal(tokensOf(segments), lengths.reduce((sum, n) => sum + n, 0));
    segments.forEach(({ start, length }, index) => {
      const slots = Array.from({ length }, (_, i) => start + i);
      assert.deepEqual(seenBy(segments, index, length - 1), slots);
    });
    const { keys } = keyTable(segments).inputs;
    for (let n = 0; n < tokensOf(segments); n++) assert.equal(keys[4 * n + 1], 0, "no views");
  }));
});

const idList = fc.uint32Array({ max: 6, minLength: 1, maxLength: 20 });

Deno.test("occurrenceTable() lists the rows of each token id once, in order", () => {
  fc.assert(fc.property(idList, (ids) => {
    const { occurrences, tokenOrder } = occurrenceTable(ids);
    const rows = new Map<number, number[]>();
    for (let u = 0; u < occurrences.length; u += 4) {
      const [id, first, count] = occurrences.subarray(u, u + 3);
      rows.set(id!, [...tokenOrder.subarray(first, first! + count!)]);
    }
    const want = new Map<number, number[]>();
    ids.forEach((id, row) => want.set(id, [...want.get(id) ?? [], row]));
    assert.deepEqual(new Map([...rows].sort()), new Map([...want].sort()));
    assert.equal(rows.size, occurrences.length / 4, "each id stands once");
  }));
});

Deno.test("packBatch() maps rows to predictions and back", () => {
  fc.assert(fc.property(idList, fc.infiniteStream(fc.boolean()), (ids, coin) => {
    const rows = [...ids.keys()].filter(() => coin.next().value!).toReversed();
    const predictions = rows.map((row) => ({ row, target: 3 }));
    const { inputs, dims } = packBatch(separateSegments([ids.length]), ids, predictions, TILING);
    assert.equal(dims["R"], rows.length);
    inputs["row_inverse"]!.forEach((r, n) => {
      assert.equal(r, rows.includes(n) ? rows.indexOf(n) : 0xffffffff);
    });
  }));
});
