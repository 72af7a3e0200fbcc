import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  correlation,
  levels,
  mean,
  quantile,
  ranks,
  standardDeviation,
  sum,
  variance,
} from "../../src/math/statistics.ts";
import { assertClose } from "../support/comparison.ts";

const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 2,
  maxLength: 30,
}).map((list) => Float64Array.from(list));

Deno.test("sum() keeps digits that plain addition loses", () => {
  strictEqual(sum([1, 1e100, 1, -1e100]), 2);
});

Deno.test("variance() does not cancel far from 0 and is exactly 0 for equal values", () => {
  assertClose([variance(Float64Array.of(1e9, 1e9 + 1, 1e9 + 2), 1)], [1], { atol: 1e-9 });
  strictEqual(variance(new Float64Array(7).fill(0.1), 0), 0);
  strictEqual(variance(Float64Array.of(3), 1), 0);
});

Deno.test("variance() does not change under a shift and scales with the square", () => {
  fc.assert(fc.property(values, (xs) => {
    const base = variance(xs, 0);
    const tolerance = { atol: 1e-9 * (1 + base) };
    assertClose([variance(xs.map((x) => x + 100), 0)], [base], tolerance);
    assertClose([variance(xs.map((x) => -2 * x), 0)], [4 * base], { atol: 1e-8 * (1 + base) });
  }));
});

Deno.test("quantile() is linear between order statistics", () => {
  const xs = Float64Array.of(4, 1, 3, 2);
  assertClose([quantile(xs, 0), quantile(xs, 0.5), quantile(xs, 1)], [1, 2.5, 4], { atol: 0 });
});

Deno.test("correlation() is 1 for a rising line, -1 for a falling one, 0 for a constant", () => {
  const xs = Float64Array.of(1, 2, 4);
  assertClose([correlation(xs, xs.map((x) => 2 * x + 1))], [1], { atol: 1e-12 });
  assertClose([correlation(xs, xs.map((x) => -x))], [-1], { atol: 1e-12 });
  strictEqual(correlation(xs, Float64Array.of(5, 5, 5)), 0);
});

Deno.test("ranks() are places in order, and equal values share the mean of theirs", () => {
  assertClose(ranks(levels(Float64Array.of(30, 10, 20))), [3, 1, 2], { atol: 0 });
  assertClose(ranks(levels(Float64Array.of(5, -1, 5, 5, 0))), [4, 1, 4, 4, 2], { atol: 0 });
  // Some of more values: those that are left out take no rank.
  assertClose(ranks(Float64Array.of(7, 2, 7, 9)), [2.5, 1, 2.5, 4], { atol: 0 });
});

Deno.test("correlation() of ranks without ties is 1 - 6 sum d^2 / (n (n^2 - 1))", () => {
  const xs = Float64Array.of(1, 5, 2, 9, 7);
  const ys = Float64Array.of(0.1, 0.2, 0.9, 0.3, 80);
  // Differences of ranks: 0, 1, -2, 2, -1.
  assertClose([correlation(ranks(levels(xs)), ranks(levels(ys)))], [1 - 6 * 10 / (5 * 24)], {
    atol: 1e-12,
  });
});

Deno.test("mean() and standardDeviation() of nothing are 0", () => {
  strictEqual(mean(new Float64Array(0)), 0);
  strictEqual(standardDeviation(new Float64Array(0), 1), 0);
});
