import assert from "node:assert/strict";
import { Effect } from "effect";
import { readCorpus } from "../../src/files/corpus.ts";
import { readQuestions } from "../../src/files/questions.ts";
import { run } from "./fixtures.ts";

/** Public data that lie outside the repository, in the folder that REAL_DIR names. */
const realDir = Deno.env.get("REAL_DIR");

function realTest(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    if (realDir !== undefined) return await test(realDir);
    // deno-lint-ignore no-console -- says why nothing was checked
    console.log("skipped: REAL_DIR names no folder with real data");
  });
}

realTest("readQuestions() reads published question files", async (folder) => {
  const files = [
    "2wiki/questions.jsonl",
    "hotpotqa/questions.jsonl",
    "bamboogle/questions.jsonl",
    "nq-sample/test.jsonl",
  ];
  for (const file of files) {
    const read = await run(
      readQuestions([{ file: `${folder}/qa/${file}`, weight: 1 }], Effect.fail),
    );
    const questions = read[0]!.questions;
    const lines = (await Deno.readTextFile(`${folder}/qa/${file}`)).trim().split("\n");
    assert.equal(questions.length, lines.length, file);
    assert.ok(questions.every(({ golds }) => golds.length > 0), file);
  }
});

realTest("readCorpus() reads published corpora in their three layouts", async (folder) => {
  const files = [
    "qa/2wiki/corpus.jsonl",
    "qa/hotpotqa/corpus.jsonl",
    "qa/search-r1-example/corpus.jsonl",
    "retrieval/scifact/corpus.jsonl",
  ];
  for (const file of files) {
    const passages = await run(readCorpus(`${folder}/${file}`));
    assert.ok(passages.every(({ id, title, text }) => id !== "" && (title + text) !== ""), file);
    assert.ok(passages.every(({ title }) => title !== ""), file);
  }
});
