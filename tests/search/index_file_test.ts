import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Effect } from "effect";
import { matchOf, openIndex, writeIndex } from "../../src/search/index_file.ts";
import { inFolder } from "../support/tiny_run.ts";
import { measureSciFact, realFolder } from "../environment/real_data.ts";

const run = Effect.runPromise;
const ROWS = [
  { id: "1", title: "Cats", text: "Cats like fish." },
  { id: "2", title: "Dogs", text: "Dogs like cats, and walking." },
  { id: "3", contents: '"Fish"\nFish swim.' },
];
const lines = (rows: ReadonlyArray<unknown>) =>
  rows.map((row) => JSON.stringify(row)).join("\n") + "\n";

const searchIn = (path: string, query: string, limit = 10) =>
  run(Effect.scoped(Effect.gen(function* () {
    const { search } = yield* openIndex(path);
    return (yield* search([query], limit))[0]!;
  })));

const indexed = (corpus: string, path: string) => run(writeIndex(corpus, path));
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
const refused = (corpus: string, path: string) =>
  run(Effect.flip(writeIndex(corpus, path))).then(({ message }) => message);

Deno.test("writeIndex() makes stems searchable, best first, whole passages", () =>
  inFolder(async (folder) => {
    const [corpus, path] = [`${folder}/c.jsonl`, `${folder}/c.index`];
    await Deno.writeTextFile(corpus, lines(ROWS));
    deepStrictEqual(await indexed(corpus, path), { rows: 3, isResumed: false });
    const found = await searchIn(path, "a cat that walks");
    deepStrictEqual(found.map(({ id }) => id), ["2", "1"]);
    ok(found[0]!.score! > found[1]!.score!);
    const [fish] = await searchIn(path, "swimming", 1);
    deepStrictEqual([fish!.title, fish!.text], ["Fish", "Fish swim."]);
    deepStrictEqual(await searchIn(path, '"?! OR (NEAR'), []);
  }));

Deno.test("writeIndex() reads gzip and goes on where a stopped run was", () =>
  inFolder(async (folder) => {
    const many = Array.from({ length: 12_000 }, (_, i) => ({ id: i, text: `number ${i} word` }));
    const [corpus, path, whole] = ["c.jsonl.gz", "a.index", "b.index"].map((n) => `${folder}/${n}`);
    const zipped = new Blob([lines(many)]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(corpus!, zipped);
    const stopped = run(
      writeIndex(corpus!, path!, (rows) => rows > 5000 ? Effect.interrupt : Effect.void),
    );
    ok(await stopped.then(() => false, () => true));
    match(
      (await run(Effect.flip(Effect.scoped(openIndex(path!))))).message,
      /it must be finished: run \.\/igpo index/,
    );
    deepStrictEqual(await indexed(corpus!, path!), { rows: 12_000, isResumed: true });
    await indexed(corpus!, whole!);
    for (const query of ["11999", "number 7", "word 4999 5000"]) {
      deepStrictEqual(await searchIn(path!, query), await searchIn(whole!, query));
    }
    strictEqual((await searchIn(path!, "11999"))[0]!.id, "11999");
  }));

Deno.test("writeIndex() names the row that is wrong, and leaves the index of another corpus alone", () =>
  inFolder(async (folder) => {
    const [a, b, path] = ["a.jsonl", "b.jsonl", "x.index"].map((name) => `${folder}/${name}`);
    await Deno.writeTextFile(a!, lines([...ROWS, { id: "1", text: "again" }]));
    match(await refused(a!, path!), /in row 4 the id must be new: current value is "1"/);
    // Mended, it goes into the same file.
    await Deno.writeTextFile(a!, lines(ROWS));
    await Deno.writeTextFile(b!, lines(ROWS.slice(1)));
    await indexed(a!, path!);
    match(await refused(b!, path!), /the file must be new or of the same corpus/);
    strictEqual((await searchIn(path!, "fish")).length, 2);
    deepStrictEqual(await indexed(a!, path!), { rows: 3, isResumed: true });
    await Deno.writeTextFile(b!, "");
    match(await refused(b!, `${path}2`), /a corpus must hold a passage: current value is 0/);
    ok(!(await exists(`${path}2`)));
    const bytes = await Deno.readFile(a!);
    match(await refused(b!, a!), /Cannot use the index/);
    deepStrictEqual(await Deno.readFile(a!), bytes);
  }));

Deno.test("writeIndex() leaves no file where there is no corpus, and mends one whose end was cut off", () =>
  inFolder(async (folder) => {
    const [corpus, path] = [`${folder}/c.jsonl`, `${folder}/c.index`];
    match(await refused(corpus, path), /Cannot read/);
    ok(!(await exists(path)));
    await Deno.writeTextFile(corpus, lines(ROWS));
    await indexed(corpus, path);
    const db = new DatabaseSync(path);
    db.exec("pragma journal_mode = wal");
    db.close();
    await indexed(corpus, path);
    const again = new DatabaseSync(path, { readOnly: true });
    strictEqual(again.prepare("pragma journal_mode").get()!["journal_mode"], "delete");
    again.close();
  }));

Deno.test("writeIndex() refuses an index that another program writes", () =>
  inFolder(async (folder) => {
    const [corpus, path] = [`${folder}/c.jsonl`, `${folder}/c.index`];
    await Deno.writeTextFile(corpus, lines(ROWS));
    const seen: Array<string> = [];
    await run(writeIndex(corpus, path, () =>
      Effect.promise(async () => {
        seen.push(await refused(corpus, path));
      })));
    match(seen.join(), /Cannot use the index ".*c\.index": database is locked/);
    strictEqual((await searchIn(path, "fish")).length, 2);
  }));

Deno.test("matchOf() looks for a bounded number of words", () => {
  const words = Array.from({ length: 10_000 }, (_, i) => `w${i}`).join(" ");
  strictEqual(matchOf(words).split(" OR ").length, 128);
});

Deno.test("matchOf() quotes every different word, so that none is an operator", () => {
  strictEqual(
    matchOf('who "is" NEAR(x) OR y-z*? who'),
    '"who" OR "is" OR "near" OR "x" OR "or" OR "y" OR "z"',
  );
  strictEqual(matchOf("?!"), "");
});

Deno.test("an index on disk reaches the published numbers of FTS5 on SciFact", () => {
  const data = realFolder("retrieval/scifact");
  if (data === null) return;
  return inFolder(async (folder) => {
    const path = `${folder}/scifact.index`;
    await indexed(`${data}/corpus.jsonl`, path);
    const { ndcg, recall } = await measureSciFact(
      data,
      async (query) => (await searchIn(path, query, 100)).map(({ id }) => id),
    );
    ok(Math.abs(ndcg - 0.6874) <= 0.003, `nDCG@10 ${ndcg}`);
    ok(Math.abs(recall - 0.9253) <= 0.003, `R@100 ${recall}`);
  });
});
