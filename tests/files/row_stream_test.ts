import assert from "node:assert/strict";
import { Result, Stream } from "effect";
import { streamRowResults, streamRows } from "../../src/files/row_stream.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

/** Rows as `[row, value]`, and messages of bad ones without the path. */
async function resultsOf(path: string): Promise<ReadonlyArray<unknown>> {
  const results = await run(Stream.runCollect(streamRowResults(path)));
  return results.map((result) =>
    Result.isSuccess(result)
      ? [result.success.row, result.success.value]
      : result.failure.message.replace(`"${path}"`, "FILE")
  );
}

const encode = (text: string) => new TextEncoder().encode(text);

folderTest("streamRowResults() goes on after rows that are wrong", async (folder) => {
  const path = `${folder}/rows.jsonl`;
  await Deno.writeFile(
    path,
    Uint8Array.of(...encode('\ufeff1\n{"a":\n\n"'), 0xff, ...encode('"\n4')),
  );
  const [first, broken, foreign, last] = await resultsOf(path);
  assert.deepEqual([first, last], [[1, 1], [5, 4]]);
  assert.match(String(broken), /^Cannot read FILE as in row 2 it must be JSON: /);
  assert.equal(
    foreign,
    'Cannot read FILE as in row 4 it must be UTF-8 text: current value is "other bytes"',
  );
});

folderTest("streamRowResults() goes on after a line that is too long", async (folder) => {
  const path = `${folder}/rows.jsonl`;
  await Deno.writeTextFile(path, `1\n"${"x".repeat(50_000_000)}"\n3\n`);
  const [first, long, last] = await resultsOf(path);
  assert.deepEqual([first, last], [[1, 1], [3, 3]]);
  assert.match(
    String(long),
    /^Cannot read FILE as in row 2 a line must have at most 16777216 bytes/,
  );
});

folderTest("streamRowResults() reads characters that two chunks share", async (folder) => {
  const path = `${folder}/rows.jsonl`;
  const rows = Array.from({ length: 9 }, (_, i) => `${"é€".repeat(20_000)}${i}`);
  await Deno.writeTextFile(path, rows.map((row) => JSON.stringify(row)).join("\n"));
  assert.deepEqual(await resultsOf(path), rows.map((row, i) => [i + 1, row]));
});

folderTest("streamRowResults() reads gzip and says where it breaks", async (folder) => {
  const path = `${folder}/rows.jsonl.gz`;
  const zipped = new Blob(["1\n2"]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(zipped).arrayBuffer());
  await Deno.writeFile(path, bytes);
  assert.deepEqual(await resultsOf(path), [[1, 1], [2, 2]]);
  await Deno.writeFile(path, bytes.subarray(0, -9));
  assert.match(await refusal(Stream.runCollect(streamRowResults(path))), /it must be in gzip/);
});

folderTest("streamRowResults() refuses a folder and a missing file", async (folder) => {
  assert.match(await refusal(Stream.runCollect(streamRowResults(folder))), /it is a folder$/);
  const missing = refusal(Stream.runCollect(streamRowResults(`${folder}/none.jsonl`)));
  assert.match(await missing, /there is no such file$/);
});

folderTest("streamRows() fails at the first row that is wrong", async (folder) => {
  const path = `${folder}/rows.jsonl`;
  await Deno.writeTextFile(path, "1\n{\n{");
  assert.match(await refusal(Stream.runCollect(streamRows(path))), /in row 2 it must be JSON/);
});

folderTest(
  "streamRows() reads all members of a gzip file, and says when its end is missing",
  async (folder) => {
    const zip = async (text: string) => {
      const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Uint8Array(await new Response(zipped).arrayBuffer());
    };
    const [first, second] = [await zip("1\n2\n"), await zip("3\n")];
    const path = `${folder}/rows.jsonl.gz`;
    await Deno.writeFile(path, Uint8Array.of(...first, ...second));
    const rows = await run(Stream.runCollect(streamRows(path)));
    assert.deepEqual(rows.map(({ value }) => value), [1, 2, 3]);
    await Deno.writeFile(path, first.subarray(0, -9));
    const message = await refusal(Stream.runCollect(streamRows(path)));
    assert.match(message, /must be in gzip: current value is "unexpected end of file"$/);
  },
);
