import assert from "node:assert/strict";
import { Effect } from "effect";
import { keyFromSeed, splitKey } from "../../src/math/threefry.ts";
import type { Engine } from "../../src/model/engine.ts";
import { STATUS } from "../../src/model/decode.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine, eachForm } from "../support/engines.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import {
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  runOp,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

const OFF = { inverseTemperature: 1, penalty: 1, topK: 0, topP: 1, minP: 0 };

function maskCase(
  label: string,
  shape: { readonly rows: number; readonly cols: number; readonly logits?: Float32Array },
  filters: Partial<typeof OFF>,
): OpCase {
  const { rows, cols } = shape;
  const bits = Math.ceil(cols / 32);
  return {
    label,
    kind: "sampling_mask",
    dims: { rows, cols, ...OFF, ...filters },
    inputs: [
      floats(cols, shape.logits ?? randomValues(1, rows * cols, 6)),
      words(bits, randomIds(2, rows * bits, 2 ** 24).map((word) => word * 251)),
    ],
    outputs: [overwritten(rows, cols)],
  };
}

const SMALL = { rows: 3, cols: 7 };
const WIDE = { rows: 5, cols: 131 };
const TIES = { rows: 2, cols: 67, logits: new Float32Array(134).map((_, i) => i % 5) };
const EQUAL = { rows: 2, cols: 33, logits: new Float32Array(66).fill(1.5) };
const ZEROS = { rows: 1, cols: 9, logits: Float32Array.of(0, -0, 0, -1, -0, 0, -0, -2, 0) };
const STEEP = {
  rows: 1,
  cols: 65,
  logits: Float32Array.from({ length: 65 }, (_, i) => i === 40 ? 80 : i % 2 ? -80 : -0),
};

// Kept logits are one or two rounded products of their inputs; a dropped one is NEG_LARGE or the test fails.
kernelMatches("sampling_mask keeps the tokens that the plain loop keeps", [
  maskCase("off", WIDE, {}),
  maskCase("one token", { rows: 1, cols: 1 }, { topK: 1, topP: 0.5, minP: 0.5 }),
  maskCase("temperature", WIDE, { inverseTemperature: 1 / 0.7 }),
  maskCase("penalty", WIDE, { penalty: 1.3 }),
  ...[SMALL, WIDE, TIES, EQUAL, STEEP, ZEROS].flatMap((shape, i) => [
    maskCase(`top-k 3 of shape ${i}`, shape, { topK: 3 }),
    maskCase(`top-p 0.6 of shape ${i}`, shape, { topP: 0.6 }),
    maskCase(`top-p 0 of shape ${i}`, shape, { topP: 0 }),
    maskCase(`min-p 0.1 of shape ${i}`, shape, { minP: 0.1 }),
    maskCase(`all of shape ${i}`, shape, {
      inverseTemperature: 2,
      penalty: 1.2,
      topK: 5,
      topP: 0.8,
      minP: 0.05,
    }),
  ]),
  maskCase("top-k beyond the vocabulary", SMALL, { topK: 100 }),
], () => ({ atol: 0, rtol: 4 * F32_EPSILON }));

interface Draw {
  readonly logits: Float32Array;
  readonly cols: number;
  readonly status: ReadonlyArray<readonly [alive: number, produced: number, limit: number]>;
  readonly greedy?: boolean;
  readonly stops?: ReadonlyArray<number>;
  readonly masked?: Float32Array;
}

const MOST = 3;

function sampleCase({ logits, cols, status, ...options }: Draw): OpCase {
  const rows = status.length;
  const statistics = new Float32Array(rows * 4);
  for (let n = 0; n < rows; n++) {
    const row = logits.subarray(n * cols, (n + 1) * cols);
    const max = row.reduce((most, x) => Math.max(most, x), -Infinity);
    statistics.set([max, row.reduce((sum, x) => sum + Math.exp(x - max), 0)], n * 4);
  }
  const stops = options.stops ?? [];
  const state = status.flatMap((columns, n) => {
    const [key0, key1] = splitKey(keyFromSeed(11), n);
    return [...columns, key0, key1, 0, 0, 0];
  });
  return {
    label: "draw",
    kind: "sample",
    dims: {
      rows,
      cols,
      messageTokens: MOST,
      inverseTemperature: 1,
      maskedScale: 1,
      greedy: options.greedy ? 1 : 0,
      ...Object.fromEntries([0, 1, 2, 3].map((i) => [`stop${i}`, stops[i] ?? 0xffffffff])),
    },
    inputs: [
      floats(cols, options.masked ?? logits),
      floats(cols, logits),
      floats(4, statistics),
    ],
    outputs: [
      words(1, new Uint32Array(rows).fill(9)),
      words(1, new Uint32Array(rows).fill(20)),
      words(4, Uint32Array.from({ length: 4 * rows }, (_, i) => i)),
      words(8, state),
      words(2 * MOST, new Uint32Array(2 * MOST * rows).fill(5)),
    ],
  };
}

/** What one draw did to each row. */
const drawn = Effect.fnUntraced(function* (engine: Engine, draw: Draw) {
  const results = yield* runOp(engine, sampleCase(draw));
  const [ids, positions, queries, status, sampled] = results.map((x) => Uint32Array.from(x));
  return draw.status.map(([, produced], n) => {
    const at = (n * MOST + produced % MOST) * 2;
    return {
      id: ids![n]!,
      position: positions![n]!,
      slot: queries![n * 4 + 3]! - (n * 4 + 3),
      alive: status![n * 8 + STATUS.alive]!,
      produced: status![n * 8 + STATUS.produced]!,
      token: sampled![at]!,
      logProb: new Float32Array(sampled!.slice(at + 1, at + 2).buffer)[0]!,
      state: [...status!.slice(n * 8 + 2, n * 8 + 8), ...queries!.slice(n * 4, n * 4 + 3)],
    };
  });
});

const ALIVE: Draw["status"] = Array.from({ length: 37 }, (_, n) => [1, n % 5, 40]);

for (const greedy of [false, true]) {
  eachForm(
    `sample draws the plain loop's tokens with greedy ${greedy}`,
    "sample",
    (engine) =>
      Effect.gen(function* () {
        // GPUs take sample_parts and sample_join, and cut the last one into three stretches.
        for (const cols of [1, 7, 64, 131, 259, 4300]) {
          const logits = randomValues(cols, ALIVE.length * cols, 3);
          const draw = { logits, cols, status: ALIVE, greedy };
          const got = yield* drawn(engine.fresh(), draw);
          const want = yield* drawn(createInterpreter(), draw);
          const without = (rows: typeof got) => rows.map((row) => ({ ...row, logProb: 0 }));
          assert.deepEqual(without(got), without(want));
          // A log and a sum of numbers up to 6.
          const logProbs = (rows: typeof got) => rows.map(({ logProb }) => logProb);
          assertClose(logProbs(got), logProbs(want), { atol: 16 * F32_EPSILON });
        }
      }),
  );
}

eachEngine("sample follows the probabilities of its logits", (engine) =>
  Effect.gen(function* () {
    const rows = 4000;
    const probabilities = [0.05, 0.4, 0, 0.3, 0.25];
    const cols = probabilities.length;
    const one = probabilities.map((p) => p === 0 ? -3.4028234e38 : Math.log(p));
    const logits = Float32Array.from({ length: rows * cols }, (_, i) => one[i % cols]!);
    const status = Array.from({ length: rows }, () => [1, 0, 40] as const);
    const tokens = (yield* drawn(engine.fresh(), { logits, cols, status })).map((row) => row.token);
    probabilities.forEach((p, token) => {
      const share = tokens.filter((drawnToken) => drawnToken === token).length / rows;
      // Five standard deviations of a binomial share; a token of probability 0 is never drawn.
      const allowed = 5 * Math.sqrt(p * (1 - p) / rows);
      assert.ok(Math.abs(share - p) <= allowed, `token ${token}: share ${share}, not ${p}`);
    });
  }));

eachEngine(
  "sample depends on a row's key and count and on no other row",
  (engine) =>
    Effect.gen(function* () {
      const cols = 67;
      const one = randomValues(3, cols, 2);
      const logits = new Float32Array(ALIVE.length * cols).map((_, i) => one[i % cols]!);
      const all = yield* drawn(engine.fresh(), { logits, cols, status: ALIVE });
      const alone = yield* drawn(engine.fresh(), {
        logits: one,
        cols,
        status: ALIVE.slice(0, 1),
      });
      assert.deepEqual(alone[0]!.token, all[0]!.token);
      assert.ok(new Set(all.map(({ token }) => token)).size > 5, "rows draw different tokens");
    }),
);

eachEngine(
  "sample leaves finished rows alone and finishes rows at stops and limits",
  (engine) =>
    Effect.gen(function* () {
      const cols = 7;
      const logits = Float32Array.from({ length: 4 * cols }, (_, i) => i % cols === 4 ? 9 : 0);
      const draw = (stops: ReadonlyArray<number>) =>
        drawn(engine.fresh(), {
          logits,
          cols,
          status: [[0, 2, 40], [1, 2, 3], [1, 1, 40], [1, 0, 40]],
          greedy: true,
          stops,
        });
      const rows = yield* draw([]);
      assert.deepEqual(rows.map(({ alive }) => alive), [0, 0, 1, 1], "dead, at its limit, alive");
      assert.deepEqual(rows.map(({ token }) => token), [5, 4, 4, 4]);
      assert.deepEqual(rows.map(({ produced }) => produced), [2, 3, 2, 1]);
      assert.deepEqual(rows.map(({ id }) => id), [9, 9, 4, 4], "only living rows go on");
      assert.deepEqual(rows.map(({ position }) => position), [20, 20, 21, 21]);
      assert.deepEqual(rows.map(({ slot }) => slot), [0, 0, 1, 1]);
      const stopped = yield* draw([1, 2, 3, 4]);
      assert.deepEqual(stopped.map(({ alive }) => alive), [0, 0, 0, 0]);
    }),
);

eachEngine(
  "sample takes the first of equal logits when greedy",
  (engine) =>
    Effect.gen(function* () {
      const cols = 131;
      const logits = Float32Array.from({ length: cols }, (_, i) => i === 70 || i === 71 ? 3 : -3);
      const [row] = yield* drawn(engine.fresh(), {
        logits,
        cols,
        status: [[1, 0, 9]],
        greedy: true,
      });
      assert.equal(row!.token, 70);
    }),
);

eachForm(
  "sample takes the first of equal logits that lie far apart when greedy",
  "sample",
  (engine) =>
    Effect.gen(function* () {
      const cols = 5000;
      const logits = Float32Array.from({ length: cols }, (_, i) =>
        [2900, 2999, 4900].includes(i) ? 3 : -3);
      const draw = { logits, cols, status: [[1, 0, 9]], greedy: true } as const;
      const [row] = yield* drawn(engine.fresh(), draw);
      assert.equal(row!.token, 2900);
    }),
);
