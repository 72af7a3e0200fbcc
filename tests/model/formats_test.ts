import assert from "node:assert/strict";
import { WEIGHT_FORMATS } from "../../src/domain/recipe.ts";
import { decodeValues, encodeValues, LAYOUT, storedBytes } from "../../src/model/formats.ts";
import type { WeightFormat } from "../../src/domain/recipe.ts";
import { randomValues } from "../support/random_values.ts";

const through = (format: WeightFormat, values: Float32Array) => {
  const bytes = encodeValues(format, values);
  assert.ok(bytes.length >= values.length * LAYOUT[format].bytes / LAYOUT[format].run, format);
  return decodeValues(format, bytes.buffer, values.length);
};

Deno.test("encodeValues() errs by half a step of its scale at most", () => {
  const values = randomValues(1, 1000).map((x, i) => i % 97 === 0 ? 8 * x : x);
  // The size of groups that share a scale, and the widest step in a group whose largest number is 1.
  const STEPS = {
    int8: [64, 1 / 127],
    int4: [32, 1 / 7 * (1 + 2 ** -8)],
    nf4: [64, 0.3039],
  } as const;
  for (const [format, [group, step]] of Object.entries(STEPS)) {
    const got = through(format as keyof typeof STEPS, values);
    for (let at = 0; at < values.length; at += group) {
      const part = values.subarray(at, at + group);
      const largest = part.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      part.forEach((x, i) => {
        const error = Math.abs(got[at + i]! - x);
        assert.ok(error <= largest * step / 2 * 1.001, `${format}: ${x} became ${got[at + i]}`);
      });
    }
  }
});

Deno.test("encodeValues() keeps zeros, signs and the largest number of a group", () => {
  const values = Float32Array.from({ length: 64 }, (_, i) => i === 5 ? -0.75 : i === 9 ? 0.25 : 0);
  for (const format of WEIGHT_FORMATS) {
    const got = through(format, values);
    assert.ok(Math.abs(got[5]! + 0.75) < 0.003, `${format} ${got[5]}`);
    assert.ok(Math.abs(got[9]! - 0.25) < 0.04, `${format} ${got[9]}`);
    assert.ok(got.every((x, i) => i === 5 || i === 9 || x === 0), format);
    assert.ok(through(format, new Float32Array(300)).every((x) => x === 0), format);
  }
});

Deno.test("nf4 has the levels of QLoRA and takes the nearest", () => {
  const values = Float32Array.of(1, 0.86, 0.85, 0.04, 0.03, -0.5, -0.99, -1);
  assert.deepEqual(
    [...through("nf4", values)].map((x) => Math.round(x * 1e4) / 1e4),
    [1, 0.723, 0.723, 0.0796, 0, -0.5251, -1, -1],
  );
});

Deno.test("storedBytes() counts the scales", () => {
  assert.equal(storedBytes("f32", 256), 1024);
  assert.equal(storedBytes("bf16", 255), 512);
  assert.equal(storedBytes("int8", 256), 272);
  assert.equal(storedBytes("int4", 257), 288);
  assert.equal(storedBytes("nf4", 4096) * 8 / 4096, 4.5);
});
