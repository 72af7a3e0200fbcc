import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ggufBytes } from "../../src/files/gguf.ts";

const LITTLE_ENDIAN = true;

Deno.test("ggufBytes() writes magic, version, counts, metadata, tensors the other way round, and aligned data", () => {
  const tensors = [
    { name: "a", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "b", shape: [1], values: Float32Array.of(7) },
  ];
  const bytes = ggufBytes({ k: "v", n: { u32: 9 }, s: { strings: ["x", "yz"] } }, tensors);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u32 = () => view.getUint32((at += 4) - 4, LITTLE_ENDIAN);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, LITTLE_ENDIAN));
  const text = () => {
    const length = u64();
    return new TextDecoder().decode(bytes.subarray(at, at += length));
  };
  strictEqual(new TextDecoder().decode(bytes.subarray(0, at += 4)), "GGUF");
  deepStrictEqual([u32(), u64(), u64()], [3, 2, 3]);
  deepStrictEqual([text(), u32(), text()], ["k", 8, "v"]);
  deepStrictEqual([text(), u32(), u32()], ["n", 4, 9]);
  deepStrictEqual([text(), u32(), u32(), u64(), text(), text()], ["s", 9, 8, 2, "x", "yz"]);
  deepStrictEqual([text(), u32(), u64(), u64(), u32(), u64()], ["a", 2, 3, 2, 0, 0]);
  deepStrictEqual([text(), u32(), u64(), u32(), u64()], ["b", 1, 1, 0, 32]);
  const start = Math.ceil(at / 32) * 32;
  const values = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getFloat32(start + from + 4 * i, LITTLE_ENDIAN));
  deepStrictEqual([values(0, 6), values(32, 1)], [[1, 2, 3, 4, 5, 6], [7]]);
  strictEqual(bytes.length % 32, 0);
});
