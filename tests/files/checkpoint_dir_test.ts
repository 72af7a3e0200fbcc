import assert from "node:assert/strict";
import { Result, Stream } from "effect";
import { openCheckpoint, writeCheckpoint } from "../../src/files/checkpoint_dir.ts";
import { readCheckpointTensor } from "../../src/files/read_checkpoint.ts";
import { type Float32Tensor, writeSafetensors } from "../../src/files/safetensors.ts";
import { toFloat32 } from "../../src/files/tensor_types.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const tensor = (name: string, ...values: ReadonlyArray<number>): Float32Tensor => ({
  name,
  shape: [values.length],
  values: Float32Array.from(values),
});

const INDEX = "model.safetensors.index.json";

async function writeShards(folder: string, weightMap: unknown): Promise<void> {
  await run(writeSafetensors(`${folder}/1.safetensors`, [tensor("a", 1), tensor("b", 2, 3)]));
  await run(writeSafetensors(`${folder}/2.safetensors`, [tensor("c", 4)]));
  await Deno.writeTextFile(`${folder}/config.json`, "{}");
  await Deno.writeTextFile(`${folder}/${INDEX}`, JSON.stringify({ weight_map: weightMap }));
}

folderTest("writeCheckpoint() spreads what is large over shards with an index", async (folder) => {
  const path = `${folder}/m`;
  const tensors = [
    tensor("a", 1, 2),
    tensor("b", 3, 4, 5),
    tensor("c", 6),
    tensor("d", ...Array(9).keys()),
  ].map((one) => ({
    ...one,
    values: Stream.make(one.values.subarray(0, 1), one.values.subarray(1)),
  }));
  await run(writeCheckpoint(path, { config: {}, dtype: "F32", tensors }, 20));
  const names = (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
  assert.deepEqual(names.filter((name) => name.startsWith("model-")), [
    ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
  ]);
  const opened = await run(openCheckpoint(path));
  assert.deepEqual([...opened.tensors.keys()].sort(), ["a", "b", "c", "d"]);
  const whole = await run(readCheckpointTensor(opened, "d"));
  const part = await run(readCheckpointTensor(opened, "d", { from: 2, count: 3 }));
  assert.deepEqual(part.bytes, whole.bytes.slice(8, 20));
});

folderTest("writeCheckpoint() writes what openCheckpoint() lists and loads", async (folder) => {
  const path = `${folder}/step-1`;
  const config = { model_type: "qwen2", hidden_size: 4 };
  const files = { "tokenizer.json": "{}" };
  const tensors = [tensor("a", 1, 2), tensor("b", 3)];
  await run(writeCheckpoint(path, { config, dtype: "BF16", tensors, files }));
  const checkpoint = await run(openCheckpoint(path));
  assert.deepEqual(checkpoint.config, config);
  assert.deepEqual([...checkpoint.tensors.keys()], ["a", "b"]);
  const loaded = await run(readCheckpointTensor(checkpoint, "a"));
  assert.deepEqual(Result.getOrThrow(toFloat32(loaded)), Float32Array.of(1, 2));
  assert.equal(await Deno.readTextFile(`${path}/tokenizer.json`), "{}");
});

folderTest("openCheckpoint() finds the tensors of shards", async (folder) => {
  await writeShards(folder, { a: "1.safetensors", b: "1.safetensors", c: "2.safetensors" });
  const checkpoint = await run(openCheckpoint(folder));
  for (const [name, value] of [["a", 1], ["b", 2], ["c", 4]] as const) {
    const values = toFloat32(await run(readCheckpointTensor(checkpoint, name)));
    assert.equal(Result.getOrThrow(values)[0], value);
  }
});

folderTest("openCheckpoint() refuses an index that its shards do not bear out", async (folder) => {
  const cases = [
    [{ a: "3.safetensors" }, /3\.safetensors/],
    [{ c: "1.safetensors" }, /"1\.safetensors" must hold the tensor "c"/],
    [{ a: "../1.safetensors" }, /field "weight_map.a" must be the name of a safetensors file/],
    [{ a: "/etc/x.safetensors" }, /must be the name of a safetensors file in this folder/],
    [{ a: 1 }, /field "weight_map.a" must be string: current value is 1$/],
    ["x", /field "weight_map" must be object: current value is "x"$/],
  ] as const;
  await writeShards(folder, {});
  for (const [weightMap, message] of cases) {
    await Deno.writeTextFile(`${folder}/${INDEX}`, JSON.stringify({ weight_map: weightMap }));
    assert.match(await refusal(openCheckpoint(folder)), message);
  }
});

folderTest("openCheckpoint() says what is missing", async (folder) => {
  assert.match(await refusal(openCheckpoint(folder)), /config\.json/);
  await Deno.writeTextFile(`${folder}/config.json`, "{");
  assert.match(await refusal(openCheckpoint(folder)), /JSON/);
  await Deno.writeTextFile(`${folder}/config.json`, "{}");
  assert.match(await refusal(openCheckpoint(folder)), /model\.safetensors or/);
});

folderTest("readCheckpointTensor() names a tensor that is not there", async (folder) => {
  await run(writeCheckpoint(`${folder}/m`, { config: {}, dtype: "F32", tensors: [] }));
  const checkpoint = await run(openCheckpoint(`${folder}/m`));
  assert.match(await refusal(readCheckpointTensor(checkpoint, "lm_head")), /"lm_head"/);
});
