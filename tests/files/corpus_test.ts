import assert from "node:assert/strict";
import { Effect, Stream } from "effect";
import { collectPassages, readCorpus } from "../../src/files/corpus.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const collect = (...values: ReadonlyArray<unknown>) =>
  collectPassages(Stream.fromIterable(values.map((value, i) => ({ row: i + 1, value }))), "f");

const passage = (value: unknown) => Effect.runSync(collect(value))[0];

Deno.test("collectPassages() reads each layout of a passage", () => {
  assert.deepEqual(passage({ id: "1", title: "T", text: "x" }), { id: "1", title: "T", text: "x" });
  assert.deepEqual(passage({ _id: 2, text: "x" }), { id: "2", title: "", text: "x" });
  assert.deepEqual(passage({ id: "0", contents: '"T "q" t"\nx\ny' }), {
    id: "0",
    title: 'T "q" t',
    text: "x\ny",
  });
  assert.deepEqual(passage({ id: "0", contents: '"T"\r\nx' }), { id: "0", title: "T", text: "x" });
});

Deno.test("collectPassages() takes contents without a quoted first line as they are", () => {
  for (const contents of ["x\ny", '"said" he\n"then" more', '"no line end"']) {
    assert.deepEqual(passage({ id: "0", contents }), { id: "0", title: "", text: contents });
  }
});

Deno.test("collectPassages() refuses rows without id or text, and ids that stand twice", async () => {
  const blank = [{ id: "1", title: "", text: " " }, { id: "1", contents: "" }];
  const partial = [{}, { id: "1" }, { text: "x" }, { id: null, text: "x" }, null, "x"];
  for (const value of [...blank, ...partial]) {
    const message = await refusal(collect({ id: "ok", text: "x" }, value));
    assert.match(message, /^Cannot read "f" as in row 2 /);
  }
  assert.match(await refusal(collect({ id: 1, text: "x" }, { id: "1", text: "y" })), /be new/);
});

folderTest("readCorpus() refuses an empty corpus", async (folder) => {
  await Deno.writeTextFile(`${folder}/corpus.jsonl`, "\n\n");
  assert.match(await refusal(readCorpus(`${folder}/corpus.jsonl`)), /must hold a passage/);
  await Deno.writeTextFile(`${folder}/corpus.jsonl`, '{"id":"1","text":"x"}\n');
  assert.equal((await run(readCorpus(`${folder}/corpus.jsonl`))).length, 1);
});

folderTest(
  "readCorpus() says of a row what is wrong with its fields, and of a file that it is missing",
  async (folder) => {
    const path = `${folder}/corpus.jsonl`;
    assert.equal(await refusal(readCorpus(path)), `Cannot read "${path}": there is no such file`);
    await Deno.writeTextFile(path, '{"id":"1","text":7}');
    assert.equal(
      await refusal(readCorpus(path)),
      `Cannot read "${path}" as in row 1 field "text" must be string | null: ` +
        `current value is 7`,
    );
  },
);
