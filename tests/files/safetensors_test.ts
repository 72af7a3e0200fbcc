import assert from "node:assert/strict";
import { Result } from "effect";
import fc from "fast-check";
import {
  type Float32Tensor,
  readSafetensorsHeader,
  readTensor,
  writeSafetensors,
} from "../../src/files/safetensors.ts";
import { parseHeader } from "../../src/files/safetensors_header.ts";
import { fromFloat32, toFloat32, toTrainable } from "../../src/files/tensor_types.ts";
import { readSafetensors } from "../support/read_safetensors.ts";
import { folderTest, refusal, run, safetensorsBytes } from "./fixtures.ts";

const TENSORS: ReadonlyArray<Float32Tensor> = [
  { name: "a.weight", shape: [2, 3], values: Float32Array.of(1, -2, 0.5, 3, 1e-3, -0) },
  { name: "scalar", shape: [], values: Float32Array.of(7) },
  { name: "none", shape: [0, 4], values: new Float32Array() },
];

const entry = (dtype: string, shape: ReadonlyArray<number>, ...data_offsets: [number, number]) => ({
  dtype,
  shape,
  data_offsets,
});

const LITTLE_ENDIAN = true;

const bits = (values: Float32Array) =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

folderTest("writeSafetensors() writes what readSafetensors() reads", async (folder) => {
  const path = `${folder}/model.safetensors`;
  await run(writeSafetensors(path, TENSORS));
  const tensors = await run(readSafetensors(path));
  for (const { name, shape, values } of TENSORS) {
    const tensor = tensors.get(name)!;
    assert.deepEqual(tensor.shape, shape);
    assert.deepEqual(Result.getOrThrow(toFloat32(tensor)), values);
  }
  assert.equal(tensors.size, TENSORS.length);
});

folderTest("writeSafetensors() gives the same bytes for the same tensors", async (folder) => {
  await run(writeSafetensors(`${folder}/1`, TENSORS, "BF16"));
  await run(writeSafetensors(`${folder}/2`, TENSORS, "BF16"));
  assert.deepEqual(await Deno.readFile(`${folder}/1`), await Deno.readFile(`${folder}/2`));
});

folderTest("writeSafetensors() aligns the data and says which library reads it", async (folder) => {
  await run(writeSafetensors(`${folder}/1`, TENSORS));
  const header = await run(readSafetensorsHeader(`${folder}/1`));
  assert.deepEqual(header.metadata, { format: "pt" });
  assert.equal(header.tensors.get("a.weight")!.offset % 8, 0);
});

folderTest("writeSafetensors() refuses a shape that does not fit its values", async (folder) => {
  const wrong = [{ name: "w", shape: [2, 2], values: new Float32Array(3) }];
  assert.match(await refusal(writeSafetensors(`${folder}/1`, wrong)), /"w".*4 values.*is 3/);
});

folderTest("writeSafetensors() never overwrites a file", async (folder) => {
  await Deno.writeTextFile(`${folder}/1`, "mine");
  await refusal(writeSafetensors(`${folder}/1`, TENSORS));
  assert.equal(await Deno.readTextFile(`${folder}/1`), "mine");
});

folderTest("readTensor() reads one tensor of a file", async (folder) => {
  await run(writeSafetensors(`${folder}/1`, TENSORS));
  const header = await run(readSafetensorsHeader(`${folder}/1`));
  const tensor = await run(readTensor(`${folder}/1`, header.tensors.get("scalar")!));
  assert.deepEqual(Result.getOrThrow(toFloat32(tensor)), Float32Array.of(7));
});

folderTest("readTensor() notices a file that was cut after its header was read", async (folder) => {
  await run(writeSafetensors(`${folder}/1`, TENSORS));
  const header = await run(readSafetensorsHeader(`${folder}/1`));
  const info = header.tensors.get("a.weight")!;
  await Deno.truncate(`${folder}/1`, info.offset + 5);
  assert.match(await refusal(readTensor(`${folder}/1`, info)), /24 bytes.*is 5/);
});

folderTest("readSafetensorsHeader() refuses every truncation of a file", async (folder) => {
  await run(writeSafetensors(`${folder}/whole`, TENSORS));
  const whole = await Deno.readFile(`${folder}/whole`);
  const path = `${folder}/cut`;
  for (let length = 0; length < whole.length; length += 3) {
    await Deno.writeFile(path, whole.subarray(0, length));
    assert.ok((await refusal(readSafetensorsHeader(path))).includes(path));
  }
});

folderTest("readSafetensorsHeader() refuses a header length of 2^60 at once", async (folder) => {
  const path = `${folder}/1`;
  const bytes = new Uint8Array(64);
  bytes[7] = 0x10;
  await Deno.writeFile(path, bytes);
  assert.match(await refusal(readSafetensorsHeader(path)), /64 bytes.*is 1152921504606846976$/);
});

folderTest("readSafetensorsHeader() refuses a header longer than the file", async (folder) => {
  const path = `${folder}/1`;
  await Deno.writeFile(path, Uint8Array.of(57, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(56)));
  assert.match(await refusal(readSafetensorsHeader(path)), /header must fit.*64 bytes.*is 57$/);
});

folderTest("readSafetensorsHeader() refuses a missing file and a folder", async (folder) => {
  assert.match(await refusal(readSafetensorsHeader(`${folder}/none`)), /none"/);
  await refusal(readSafetensorsHeader(folder));
});

Deno.test("parseHeader() names the tensor of a broken entry", () => {
  const cases: ReadonlyArray<readonly [unknown, number, RegExp]> = [
    [{ w: entry("F4", [2], 0, 1) }, 1, /dtype of tensor "w" must be known: current value is "F4"/],
    [{ w: entry("toString", [2], 0, 8) }, 8, /dtype of tensor "w"/],
    [{ w: entry("F32", [2], 0, 4) }, 4, /tensor "w" of F32 \[2\] must take 8 bytes.*is 4/],
    [{ w: entry("F32", [2 ** 40, 2 ** 40], 0, 4) }, 4, /tensor "w"/],
    [{ w: entry("F32", [1], 4, 0) }, 4, /tensor "w".*is -4/],
    [
      { w: entry("F32", [-1], 0, 4) },
      4,
      /in tensor "w" field "shape.0" must be .* or equal to 0: .* is -1$/,
    ],
    [
      { w: entry("F32", [0.5], 0, 2) },
      2,
      /in tensor "w" field "shape.0" must be an integer: .* is 0.5$/,
    ],
    [{ w: { dtype: "F32", shape: [1] } }, 4, /in tensor "w" field "data_offsets" is missing$/],
    [{ w: null }, 0, /in tensor "w" it must be object: current value is null$/],
    [
      { a: entry("F32", [2], 0, 8), b: entry("F32", [1], 4, 8) },
      8,
      /tensor "b" must start where the one before ends/,
    ],
    [
      { a: entry("F32", [1], 0, 4), b: entry("F32", [1], 8, 12) },
      12,
      /tensor "b" must start where the one before ends/,
    ],
    [{ w: entry("F32", [1], 0, 4) }, 9, /must fill the file/],
    [{ w: entry("F32", [2], 0, 8) }, 4, /must fill the file/],
    [{ __metadata__: { a: 1 } }, 0, /__metadata__/],
    ["[]", 0, /in the header it must be object: current value is \[\]$/],
    ["{", 0, /in the header it must be object: current value is none$/],
    ["null", 0, /in the header it must be object: current value is null$/],
  ];
  for (const [header, dataBytes, message] of cases) {
    const bytes = safetensorsBytes(header, dataBytes);
    const json = bytes.subarray(8, bytes.length - dataBytes);
    const result = parseHeader(json, { path: "f", byteLength: bytes.length });
    assert.ok(Result.isFailure(result), JSON.stringify(header));
    assert.match(result.failure.message, message);
  }
});

Deno.test("parseHeader() finds something to say about any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (json) => {
    const result = parseHeader(json, { path: "f", byteLength: 8 + json.length });
    if (Result.isFailure(result)) assert.match(result.failure.message, /^Cannot read "f" as/);
    else assert.ok(Object.keys(JSON.parse(new TextDecoder().decode(json))).length <= 1);
  }));
});

Deno.test("parseHeader() accepts tensors in any order, empty ones too", () => {
  const header = {
    late: entry("I64", [1], 6, 14),
    none: entry("F32", [0], 6, 6),
    early: entry("BF16", [3], 0, 6),
  };
  const bytes = safetensorsBytes(header, 14);
  const json = bytes.subarray(8, bytes.length - 14);
  const parsed = Result.getOrThrow(parseHeader(json, { path: "f", byteLength: bytes.length }));
  assert.deepEqual([...parsed.tensors.keys()], ["early", "none", "late"]);
});

Deno.test("toFloat32() widens every F16 and BF16 value exactly", () => {
  const all = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
  const bytes = new Uint8Array(all.buffer);
  const shape = [all.length];
  const wide = (dtype: "F16" | "BF16") =>
    Result.getOrThrow(toFloat32({ name: "w", dtype, shape, bytes }));
  assert.deepEqual(bits(wide("BF16")), Uint32Array.from(all, (half) => half << 16));
  const view = new DataView(bytes.buffer);
  wide("F16").forEach((value, i) => assert.equal(value, view.getFloat16(2 * i, LITTLE_ENDIAN)));
});

Deno.test("fromFloat32() rounds BF16 to nearest even, and NaN stays NaN", () => {
  const values = new Float32Array(
    Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800001, 0xff800000).buffer,
  );
  const halves = new Uint16Array(fromFloat32(values, "BF16").buffer);
  assert.deepEqual([...halves], [0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7fc0, 0xff80]);
});

Deno.test("fromFloat32() and toFloat32() give each value back within half a unit", () => {
  fc.assert(fc.property(fc.float32Array({ noNaN: true, min: -60000, max: 60000 }), (list) => {
    for (const [dtype, unit] of [["F32", 0], ["F16", 2 ** -11], ["BF16", 2 ** -8]] as const) {
      const bytes = new Uint8Array(fromFloat32(list, dtype));
      const tensor = { name: "w", dtype, shape: [list.length], bytes };
      Result.getOrThrow(toFloat32(tensor)).forEach((got, i) => {
        assert.ok(Math.abs(got - list[i]!) <= Math.abs(list[i]!) * unit + 2 ** -24);
      });
    }
  }));
});

Deno.test("toFloat32() refuses tensors of integers", () => {
  const tensor = { name: "w", shape: [], bytes: new Uint8Array(8), dtype: "I32" } as const;
  assert.ok(Result.isFailure(toFloat32(tensor)));
});

Deno.test("toTrainable() refuses numbers that no run should go on from, and says which", () => {
  const tensor = (...values: ReadonlyArray<number>) => ({
    name: "v w",
    dtype: "F32" as const,
    shape: [values.length],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  });
  assert.deepEqual(Result.getOrThrow(toTrainable(tensor(1, -2))), Float32Array.of(1, -2));
  for (const bad of [NaN, Infinity, -Infinity]) {
    const failure = Result.getOrThrow(Result.flip(toTrainable(tensor(0, bad))));
    assert.equal(
      failure.message,
      `Cannot go on from tensor "v w" as all its numbers must be finite: number 1 is ${bad}`,
    );
  }
  const negative = Result.getOrThrow(Result.flip(toTrainable(tensor(0, -0.5), 0)));
  assert.match(negative.message, /must be finite and not negative: number 1 is -0.5$/);
});
