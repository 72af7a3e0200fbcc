import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { createBuilder } from "../../src/model/builder.ts";
import { linear } from "../../src/model/ops/linear.ts";
import { MOST_TRIPS, STRETCH_UNIT, symbol } from "../../src/model/plan.ts";
import { bytesWithin, reachedBytes, stretchesOf } from "../../src/model/stretches.ts";

/** y (2 N, features) = x (2 N, inner) W: two rows for each token that N counts. */
function product(inner: number, features: number) {
  const b = createBuilder();
  const x = b.tensor("x", symbol("N", 2), inner);
  linear(b, x, b.tensor("w", features, inner, { role: "weight" }));
  return b.ops[0]!;
}

const sizes = fc.record({
  count: fc.integer({ min: 0, max: 20_000 }),
  inner: fc.integer({ min: 1, max: 40 }).map((n) => 4 * n),
  features: fc.integer({ min: 1, max: 200 }),
  bindingBytes: fc.integer({ min: 500_000, max: 4_000_000 }),
});

Deno.test("stretchesOf() goes through all rows in order, in blocks, and within a binding", () => {
  fc.assert(fc.property(sizes, ({ count, inner, features, bindingBytes }) => {
    const op = product(inner, features);
    const tensors = [op.inputs[0]!, op.outputs[0]!];
    const isReachable = tensors.every((tensor) =>
      reachedBytes(op, tensor, { N: count }) <= bindingBytes
    );
    fc.pre(isReachable);
    const stretches = stretchesOf(op, { N: count }, { bindingBytes });
    let next = 0;
    for (const stretch of stretches) {
      deepStrictEqual([stretch.first, stretch.first % STRETCH_UNIT], [next, 0]);
      next += stretch.count;
      for (const tensor of tensors) {
        const { offset, size } = bytesWithin(op, tensor, stretch)!;
        ok(size <= bindingBytes && offset % 256 === 0, `${offset}, ${size}`);
      }
    }
    deepStrictEqual(next, count);
  }));
});

Deno.test("stretchesOf() leaves an op whole that reaches its tensors", () => {
  const op = product(64, 128);
  const bytes = 2 * 1000 * 128 * 4;
  deepStrictEqual(stretchesOf(op, { N: 1000 }, { bindingBytes: bytes }), [{
    first: 0,
    count: 1000,
  }]);
  deepStrictEqual(stretchesOf(op, { N: 1000 }, { bindingBytes: bytes - 1 }), [
    { first: 0, count: 512 },
    { first: 512, count: 488 },
  ]);
});

Deno.test("stretchesOf() cuts a sum over rows where its loop would be longer than one may be", () => {
  const b = createBuilder();
  // The norm of 16 heads of each token.
  const rows = symbol("N", 16);
  const tensors = {
    x: b.tensor("x", symbol("N"), 64),
    scale: b.tensor("scale", rows, 1),
    dy: b.tensor("d", rows, 4),
    dWeight: b.tensor("dW", 4, 1, { role: "gradient" }),
  };
  const dims = { rows, cols: 4, perRow: 16, column: 0, stride: 64 };
  b.push("rmsnorm_weight_backward", tensors, dims);
  const stretches = stretchesOf(b.ops[0]!, { N: 4096 }, { bindingBytes: Infinity });
  deepStrictEqual(stretches, [{ first: 0, count: 2048 }, { first: 2048, count: 2048 }]);
  for (const { count } of stretches) ok(16 * count + 16 * count / 256 <= MOST_TRIPS);
});

Deno.test("stretchesOf() makes at least as many stretches as are asked for, in blocks, of ops that go by row", () => {
  const whole = { bindingBytes: Infinity };
  const counts = (parts: number) =>
    stretchesOf(product(64, 128), { N: 1000 }, { ...whole, parts }).map(({ count }) => count);
  deepStrictEqual(counts(2), [256, 256, 256, 232]);
  deepStrictEqual(counts(1), [1000]);
  // No more than there are blocks.
  deepStrictEqual(counts(100), counts(4));
  const b = createBuilder();
  const weight = b.tensor("w", symbol("N"), 64, { role: "weight" });
  const y = b.tensor("y", 64, 1000);
  b.push("transpose_forward", { w: weight, y }, {
    rows: symbol("N"),
    cols: 64,
    weightRow: 0,
    outCols: 64,
  });
  deepStrictEqual(stretchesOf(b.ops[0]!, { N: 1000 }, { ...whole, parts: 3 }), [
    { first: 0, count: 1000 },
  ]);
});
