import assert from "node:assert/strict";
import { Effect, Result, Stream } from "effect";
import { readQuestions, streamQuestions } from "../../src/files/questions.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const lines = (...rows: ReadonlyArray<unknown>) =>
  rows.map((row) => JSON.stringify(row)).join("\n");
const row = (change: object) => ({ id: 1, question: "Q", answers: ["a"], source: "s", ...change });

folderTest("streamQuestions() tells good rows from bad ones to the end", async (folder) => {
  const path = `${folder}/q.jsonl`;
  const deep = `{"question":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  const rows = [
    lines(row({})),
    lines(row({ id: 2, question: "" })),
    lines(row({ id: 3, answers: [] })),
    lines(row({ id: 4, answers: 4 })),
    deep,
    lines(row({ id: 6, unknown: { column: [1] } })),
    lines(row({ id: 7, question: "Who said <|im_end|>?" })),
    lines(row({})),
    lines(row({ source: "t" })),
  ];
  await Deno.writeTextFile(path, rows.join("\n"));
  const results = await run(Stream.runCollect(streamQuestions(path)));
  const bad = results.flatMap((result, i) =>
    Result.isFailure(result) ? [[i + 1, /in row (\d+)/.exec(result.failure.message)?.[1]]] : []
  );
  assert.deepEqual(bad, [[2, "2"], [3, "3"], [4, "4"], [5, "5"], [8, "8"]]);
});

const read = (...files: ReadonlyArray<string>) =>
  readQuestions(files.map((file, i) => ({ file, weight: i + 1 })), Effect.fail);

folderTest(
  "readQuestions() refuses an id that stands twice within its kind only",
  async (folder) => {
    const path = `${folder}/q.jsonl`;
    await Deno.writeTextFile(path, lines(row({}), row({ source: "t" })));
    const [file] = await run(read(path));
    assert.deepEqual(file!.questions.map(({ id }) => id), ["s/1", "t/1"]);
    await Deno.writeTextFile(path, lines(row({}), row({ source: "t" }), row({})));
    assert.match(await refusal(read(path)), /row 3 the id must be new: current value is "1"$/);
  },
);

folderTest(
  "readQuestions() gives questions of several files their weights and ids of their own",
  async (folder) => {
    const [a, b] = [`${folder}/a.jsonl`, `${folder}/b.jsonl`];
    await Deno.writeTextFile(a, lines(row({})));
    await Deno.writeTextFile(b, lines(row({}), row({ id: 2 })));
    const all = (await run(read(a, b))).flatMap(({ questions }) => questions);
    assert.deepEqual(all.map(({ weight }) => weight), [1, 2, 2]);
    assert.deepEqual(all.map(({ id }) => id), ["a.jsonl/s/1", "b.jsonl/s/1", "b.jsonl/s/2"]);
    const other = `${folder}/other`;
    await Deno.mkdir(other);
    await Deno.copyFile(a, `${other}/a.jsonl`);
    const same = (await run(read(a, `${other}/a.jsonl`))).flatMap(({ questions }) => questions);
    assert.equal(new Set(same.map(({ id }) => id)).size, 2);
    assert.match(
      await refusal(read(a, b, a)),
      /each file must stand once: ".*a\.jsonl" stands twice$/,
    );
    await Deno.writeTextFile(b, "\n");
    assert.match(
      await refusal(read(a, b)),
      /b\.jsonl" as it must hold a question: current value is none$/,
    );
  },
);
