import assert from "node:assert/strict";
import { Effect } from "effect";
import { withTraits } from "../../src/gpu/device.ts";
import { readThroughTextures } from "../../src/gpu/texture_form.ts";
import { linearCase } from "../shaders/linear_cases.ts";
import { device, onWgsl, openEngine } from "../support/engines.ts";
import { assertSameBits, runOpOn } from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";

const KERNEL = `@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> s: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
fn f() {
  y[0] = s[u32(x[at[i]].x) + 1u] + f32(w[2u].y) + max[3].x;
}`;

Deno.test("readThroughTextures() replaces reads of the bindings named, brackets within brackets", () => {
  const code = readThroughTextures(KERNEL, [1, 3]);
  assert.match(
    code,
    /y\[0\] = s_at\(u32\(x_at\(at\[i\]\)\.x\) \+ 1u\) \+ f32\(w\[2u\]\.y\) \+ max\[3\]\.x;/,
  );
  assert.match(code, /@binding\(1\) var x: texture_storage_2d<rgba32float, read>;/);
  assert.match(code, /@binding\(3\) var s: texture_storage_2d<rgba32float, read>;/);
  assert.match(code, /@binding\(2\) var<storage, read> w: array<vec4u>;/);
});

Deno.test("readThroughTextures() refuses bindings that are written or not there", () => {
  assert.throws(() => readThroughTextures(KERNEL, [4]), /Binding 4/);
  assert.throws(() => readThroughTextures(KERNEL, [9]), /Binding 9/);
});

onWgsl(
  "an executable that reads through textures sees every write to its inputs",
  () =>
    Effect.gen(function* () {
      const opened = device!; // this test is skipped without an adapter
      const claimed = withTraits(opened, { family: "lines" });
      const engine = yield* Effect.promise(() => openEngine(claimed));
      const base = linearCase({
        rows: 9,
        inner: 36,
        features: 33,
        bias: true,
        residual: true,
        from: "norm",
      });
      const changed = [0, 1, 2, 3, 4].map((input) => ({
        ...base,
        inputs: base.inputs.map((operand, i) =>
          i === input ? { ...operand, data: randomValues(30 + i, operand.data.length) } : operand
        ),
      }));
      const rounds = [base, ...changed, base];
      const together = yield* runOpOn(engine, rounds);
      for (const [i, round] of rounds.entries()) {
        const [alone] = yield* runOpOn(engine, [round]);
        assertSameBits(together[i]!, alone!, `round ${i}`);
      }
    }),
);
