import {
  accumulated,
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

interface Tile {
  readonly rows: number;
  readonly stride: number;
  readonly features: number;
  readonly first?: number;
  readonly column?: number;
  readonly inverseTemperature?: number;
}

function dimsOf({ first = 0, column = 0, inverseTemperature = 1, ...rest }: Tile) {
  return { ...rest, first, column, inverseTemperature };
}

/** Targets that lie in the tile, before it and behind it. */
function targets({ rows, features, first = 0 }: Tile) {
  return words(1, randomIds(9, rows, features + 4).map((id) => Math.max(0, first + id - 2)));
}

/** Statistics as one tile before would have left them. */
function carried({ rows }: Tile): Float32Array {
  return randomValues(5, rows * 4).map((x, i) => [3 * x, 5 + x, 20 * x, x][i % 4]!);
}

function statisticsCase(label: string, tile: Tile, logits?: Float32Array): OpCase {
  return {
    label: `${label} ${JSON.stringify(tile)}`,
    kind: "head_statistics",
    dims: dimsOf(tile),
    inputs: [
      floats(tile.stride, logits ?? randomValues(1, tile.rows * tile.stride, 8)),
      targets(tile),
    ],
    outputs: [(tile.first ?? 0) > 0 ? accumulated(4, carried(tile)) : overwritten(tile.rows, 4)],
  };
}

function logitsOf({ rows, stride }: Tile, value: (f: number) => number): Float32Array {
  return Float32Array.from({ length: rows * stride }, (_, i) => value(i % stride));
}

const WHOLE = { rows: 3, stride: 131, features: 131 };

// exp of WGSL is good to 3 + 2 |x| units in the last place; weights count for exp(-|x|), which makes that at most
// 4 on average. Sums of `features` such weights, |logit| <= 80.
kernelMatches("head_statistics carries maximum, sums and the target's logit", [
  statisticsCase("alone", { rows: 1, stride: 1, features: 1 }),
  statisticsCase("first tile", { rows: 13, stride: 256, features: 131 }),
  statisticsCase("cool", { rows: 33, stride: 257, features: 257, inverseTemperature: 1 / 0.7 }),
  statisticsCase("later tile", { rows: 13, stride: 40, features: 31, first: 256, column: 5 }),
  statisticsCase("equal logits", WHOLE, logitsOf(WHOLE, () => 2)),
  statisticsCase("one-hot", WHOLE, logitsOf(WHOLE, (f) => f === 77 ? 80 : -80)),
  statisticsCase("both signs", WHOLE, logitsOf(WHOLE, (f) => f % 2 === 0 ? 80 : -80)),
  statisticsCase("zeros of both signs", WHOLE, logitsOf(WHOLE, (f) => f % 2 === 0 ? 0 : -0)),
], ({ dims }) => ({ atol: 16 * (dims["features"]! + 8) * F32_EPSILON, rtol: 64 * F32_EPSILON }));

kernelMatches(
  "head_finish gives log-prob, entropy and log sum",
  [1, 33, 131].map((rows): OpCase => ({
    label: `${rows} rows`,
    kind: "head_finish",
    dims: { rows },
    inputs: [
      floats(4, randomValues(1, rows * 4).map((x, i) => [8 * x, 2 + x, 8 * x, 8 * x][i % 4]!)),
    ],
    outputs: [overwritten(rows, 4)],
  })),
  // Sums of numbers up to 8, and WGSL's log: within 3 units in the last place or 2^-21.
  () => ({ atol: 2 ** -20, rtol: 8 * F32_EPSILON }),
);

function backwardCase(label: string, tile: Tile, logits?: Float32Array): OpCase {
  const values = logits ?? randomValues(1, tile.rows * tile.stride, 8);
  const scale = tile.inverseTemperature ?? 1;
  const result = new Float32Array(tile.rows * 4);
  for (let r = 0; r < tile.rows; r++) {
    const row = values.slice(r * tile.stride, r * tile.stride + tile.features).map((x) =>
      x * scale
    );
    const max = row.reduce((most, x) => Math.max(most, x), -Infinity);
    const logSum = max + Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
    const entropy = logSum - row.reduce((sum, x) => sum + x * Math.exp(x - logSum), 0);
    result.set([row[0]! - logSum, entropy, logSum], r * 4);
  }
  return {
    label: `${label} ${JSON.stringify(tile)}`,
    kind: "head_backward",
    dims: dimsOf(tile),
    inputs: [targets(tile), floats(4, result), floats(2, randomValues(2, tile.rows * 2))],
    outputs: [accumulated(tile.stride, values)],
  };
}

// p (log p + H) with |log p + H| <= 160 and p up to 1, from logits up to 80 rounded at 2^-18: p is off by 2^-17.
kernelMatches("head_backward turns logits into gradients and the padding into zeros", [
  backwardCase("alone", { rows: 1, stride: 4, features: 1 }),
  backwardCase("padded", { rows: 13, stride: 256, features: 131 }),
  backwardCase("cool", { rows: 33, stride: 257, features: 257, inverseTemperature: 1 / 0.7 }),
  backwardCase("later tile", { rows: 13, stride: 40, features: 31, first: 256 }),
  backwardCase("equal logits", WHOLE, logitsOf(WHOLE, () => 2)),
  backwardCase("one-hot", WHOLE, logitsOf(WHOLE, (f) => f === 77 ? 80 : -80)),
], () => ({ atol: 2e-5, rtol: 1e-5 }));
