import assert from "node:assert/strict";
import { createBuilder } from "../../src/model/builder.ts";
import { OPS } from "../../src/model/ops/registry.ts";
import { columnsOf } from "../../src/model/plan.ts";

const matrix = (name: string) => createBuilder().tensor(name, 3, 8);
const [x, y] = [matrix("x"), matrix("y")];

Deno.test("push() takes the tensors and sizes that the record names: others do not compile", () => {
  const b = createBuilder();
  b.push("swiglu_forward", { y, x }, { cols: 4, rows: 3 });
  const dims = { rows: 3, cols: 4 };
  assert.deepEqual(b.ops, [{ kind: "swiglu_forward", inputs: [x], outputs: [y], dims }]);
  // Type-checked, never called.
  const _wrong = () => {
    // @ts-expect-error An output is missing.
    b.push("swiglu_forward", { x }, dims);
    // @ts-expect-error A tensor is not one of this op.
    b.push("swiglu_forward", { x, y, z: x }, dims);
    // @ts-expect-error A size is missing.
    b.push("swiglu_forward", { x, y }, { rows: 3 });
    // @ts-expect-error A size is not one of this op.
    b.push("swiglu_forward", { x, y }, { rows: 3, cols: 4, perRow: 1 });
    // @ts-expect-error There is no such op.
    b.push("swiglu_sideways", { x, y }, dims);
  };
});

Deno.test("push() keeps no sizes of other ops", () => {
  const b = createBuilder();
  const more = { rows: 3, cols: 4, perRow: 1 };
  b.push("swiglu_forward", { x, y }, more);
  assert.deepEqual(b.ops[0]!.dims, { rows: 3, cols: 4 });
});

Deno.test("push() refuses an optional input without those before it, and windows where the op knows none", () => {
  const b = createBuilder();
  const tensors = { q: x, keyValue: x, queries: x, keys: x, out: y, softmax: y };
  const dims = { rows: 3, heads: 1, keyValueHeads: 1, headDim: 8 };
  assert.throws(() => b.push("attention_forward", tensors, dims), /keys only with all inputs/);
  const window = { x: columnsOf(x, 0, 4), y };
  assert.throws(() => b.push("swiglu_forward", window, { rows: 3, cols: 2 }), /whole tensors/);
});

Deno.test("no op gives two of its tensors, or two of its sizes, one name", () => {
  for (const [kind, record] of Object.entries(OPS)) {
    const optional = "optional" in record ? record.optional : [];
    const tensors: ReadonlyArray<string> = [...record.inputs, ...optional, ...record.outputs];
    assert.deepEqual([...new Set(tensors)], tensors, kind);
    assert.deepEqual([...new Set<string>(record.dims)], record.dims, kind);
  }
});
