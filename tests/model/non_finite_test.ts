import assert from "node:assert/strict";
import { nonFiniteIn } from "../../src/model/non_finite.ts";
import { columnsOf, type Op, scaled, symbol, type Tensor } from "../../src/model/plan.ts";

const whole: Tensor = { name: "t", rows: symbol("N"), cols: 8, format: "f32", role: "scratch" };

function opOf(kind: Op["kind"], output: Tensor): Op {
  return { kind, inputs: [], outputs: [output], dims: {} };
}

Deno.test("nonFiniteIn() tells the row, looks at the window that the op writes alone", () => {
  const values = new Float32Array(6 * 8);
  values[3 * 8 + 5] = NaN;
  const right = opOf("rope_backward", columnsOf(whole, 4, 4));
  const left = opOf("rope_backward", columnsOf(whole, 0, 4));
  assert.deepEqual(nonFiniteIn(right, 0, values, { N: 6 }), { op: right.kind, row: 3, rows: "N" });
  assert.equal(nonFiniteIn(left, 0, values, { N: 6 }), null);
  assert.equal(nonFiniteIn(right, 0, values, { N: 3 }), null, "rows past the last do not count");
});

Deno.test("nonFiniteIn() knows no token where rows are several to a token, nor an op that leaves rows out", () => {
  const values = new Float32Array(12).fill(Infinity, 7);
  const norms = opOf("rmsnorm_forward", { ...whole, rows: scaled(symbol("N"), 3), cols: 1 });
  const want = { op: norms.kind, row: 7, rows: null };
  assert.deepEqual(nonFiniteIn(norms, 0, values, { N: 4 }), want);
  const parts = opOf("attention_key_backward", { ...whole, rows: scaled(symbol("N"), 2), cols: 1 });
  assert.equal(nonFiniteIn(parts, 0, values, { N: 4 }), null);
});
