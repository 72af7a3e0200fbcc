import assert from "node:assert/strict";
import { Effect, Result } from "effect";
import { jsonLine, openJsonlWriter, parseJsonl, readJsonl } from "../../src/files/jsonl.ts";
import { badRow } from "../../src/files/lines.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const parse = (text: string) => parseJsonl(text, "f.jsonl");

Deno.test("parseJsonl() numbers rows by line and skips empty lines", () => {
  assert.deepEqual(Result.getOrThrow(parse('{"a":1}\r\n\r\n  \n[2]\n3')), [
    { row: 1, value: { a: 1 } },
    { row: 4, value: [2] },
    { row: 5, value: 3 },
  ]);
  assert.deepEqual(Result.getOrThrow(parse("")), []);
});

Deno.test("parseJsonl() names file and row of broken JSON", () => {
  const result = parse('1\n{"a":\n');
  assert.ok(Result.isFailure(result));
  assert.match(result.failure.message, /"f\.jsonl" as in row 2 it must be JSON/);
  const deep = parseJsonl("[".repeat(5000), "f.jsonl");
  assert.ok(Result.isFailure(deep));
  assert.equal(
    deep.failure.message,
    'Cannot read "f.jsonl" as in row 1 it must be JSON: it must nest at most 100 deep',
  );
});

folderTest("readJsonl() takes a byte order mark but no broken UTF-8", async (folder) => {
  await Deno.writeTextFile(`${folder}/bom`, "\ufeff1\n");
  assert.deepEqual(await run(readJsonl(`${folder}/bom`)), [{ row: 1, value: 1 }]);
  await Deno.writeFile(`${folder}/bad`, Uint8Array.of(0x22, 0xff, 0x22));
  assert.match(await refusal(readJsonl(`${folder}/bad`)), /UTF-8/);
});

Deno.test("jsonLine() writes numbers that JSON lacks as words, typed arrays as arrays", () => {
  const value = { loss: NaN, gain: [-Infinity, 1], scores: Float64Array.of(0.5, Infinity) };
  assert.equal(
    jsonLine(value),
    '{"loss":"NaN","gain":["-Infinity",1],"scores":[0.5,"Infinity"]}\n',
  );
});

folderTest("openJsonlWriter() has each line in the file when append() returns", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  await run(Effect.gen(function* () {
    const writer = yield* openJsonlWriter(path);
    for (const step of [1, 2, 3]) {
      yield* writer.append({ step });
      assert.equal((yield* readJsonl(path)).length, step);
    }
  }));
});

folderTest("openJsonlWriter() refuses to write into a file that was deleted", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  await run(Effect.gen(function* () {
    const writer = yield* openJsonlWriter(path);
    yield* writer.append({ step: 1 });
    yield* Effect.promise(() => Deno.remove(path));
    const { message } = yield* Effect.flip(writer.append({ step: 2 }));
    assert.match(message, /metrics\.jsonl" as the file must stay in place .* it was deleted$/);
  }));
});

folderTest("openJsonlWriter() goes on after the last whole line", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const long = JSON.stringify("x".repeat(70_000));
  const cases = [
    ["1\n2\n", "1\n2\n"],
    ['1\n{"half', "1\n"],
    [`1\n${long}`, "1\n"],
    [`${long}\n${long}`, `${long}\n`],
    ['{"half', ""],
    ["", ""],
  ] as const;
  for (const [before, kept] of cases) {
    await Deno.writeTextFile(path, before);
    const append = Effect.andThen(openJsonlWriter(path), (writer) => writer.append(9));
    await run(append);
    assert.equal(await Deno.readTextFile(path), `${kept}9\n`);
  }
});

folderTest("openJsonlWriter() refuses a folder that is not there", async (folder) => {
  await refusal(openJsonlWriter(`${folder}/none/metrics.jsonl`));
});

Deno.test("badRow() shows the bigints of Parquet rows", () => {
  assert.equal(
    badRow("f", 2, "it must be good", { id: 5n }).message,
    'Cannot read "f" as in row 2 it must be good: current value is {"id":5}',
  );
});
