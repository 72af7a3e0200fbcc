import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { Effect } from "effect";
import { readTuned, writeTuned } from "../../src/files/tuned.ts";
import { kernelsOf } from "../../src/gpu/kernels.ts";
import type { Family } from "../../src/gpu/launches.ts";

const inFolder = async (body: (file: URL) => Promise<void>) => {
  const folder = await Deno.makeTempDir();
  await body(pathToFileURL(`${folder}/a cache, #1/tuned.json`));
  await Deno.remove(folder, { recursive: true });
};

const ofFamily = (family: Family) => ({ family, choices: {} });

Deno.test("readTuned() gives what writeTuned() kept, beside what was there", () =>
  inFolder(async (file) => {
    assert.deepEqual(await Effect.runPromise(readTuned(file)), {});
    const [lines, tiles] = [ofFamily("lines"), { family: "tiles", choices: { tileRows: 64 } }];
    await Effect.runPromise(writeTuned("a card", ofFamily("loops"), file));
    await Effect.runPromise(writeTuned("another", lines, file));
    await Effect.runPromise(writeTuned("a card", tiles, file));
    const want = { "a card": tiles, another: lines };
    assert.deepEqual(await Effect.runPromise(readTuned(file)), want);
  }));

Deno.test("readTuned() refuses a file that is not its own and says what to do; writeTuned() mends it", () =>
  inFolder(async (file) => {
    for (const content of ["{", '{"a card": 3}', '{"a card": "lines"}', "[]x"]) {
      await Effect.runPromise(writeTuned("x", ofFamily("lines"), file));
      await Deno.writeTextFile(file, content);
      const { message } = await Effect.runPromise(Effect.flip(readTuned(file)));
      assert.match(message, /must be a JSON record of adapters: delete it or run the task tune/);
    }
    await Effect.runPromise(writeTuned("x", ofFamily("lines"), file));
    assert.deepEqual(await Effect.runPromise(readTuned(file)), { x: ofFamily("lines") });
  }));

Deno.test("kernelsOf() gives each family its products", () => {
  const traits = { workgroupBytes: 32768, maxInvocations: 1024, cores: 2, subgroup: 16 };
  const sizes = { inner: 64, features: 64, outCols: 64, outColumn: 0, from: 0 };
  const kernel = (family: Family, rows: number, others: Partial<typeof sizes> = {}) =>
    kernelsOf("linear_forward", { ...sizes, ...others, rows }, { ...traits, family })[0];
  assert.equal(kernel("tiles", 32), "linear_tile_forward");
  assert.equal(kernel("tiles", 31), "linear_slice_forward");
  assert.equal(kernel("tiles", 32, { from: 1 }), "linear_slice_forward");
  assert.equal(kernel("loops", 4096), "linear_forward");
  for (const rows of [57, 64, 65, 113, 456, 4096]) {
    assert.equal(kernel("lines", rows), "linear_row_forward");
  }
  for (const rows of [1, 56]) {
    assert.equal(kernel("lines", rows), "linear_forward");
  }
  assert.equal(kernel("lines", 4096, { inner: 2052, features: 4864 }), "linear_row_forward");
  for (const others of [{ features: 36 }, { outCols: 66 }]) {
    assert.equal(kernel("lines", 4096, others), "linear_forward");
  }
  assert.equal(kernel("lines", 4096, { outColumn: 2 }), "linear_forward");
  assert.equal(kernel("lines", 4096, { from: 1 }), "linear_forward");
});
