import assert from "node:assert/strict";
import { Effect, Option } from "effect";
import { buildBm25 } from "../../src/environment/bm25.ts";
import { layerCorpus } from "../../src/environment/corpus_environment.ts";
import type { Search } from "../../src/domain/search.ts";
import { Environment } from "../../src/environment/environment.ts";
import {
  lineSearch,
  makeDocumentSearch,
  makePassageSearch,
  readQueries,
  retrieveBm25,
  retrieveNothing,
  searchText,
  WEB_SEARCH,
} from "../../src/environment/web_search.ts";

const LINES = [" Red is a color.", " Blue is a color.", " Red wine is old.", " Nothing else."];
const search = lineSearch(LINES, retrieveBm25(buildBm25(LINES)), 2);

Deno.test("readQueries() takes a list or one string, trims, drops repeats, and keeps three", () => {
  const read = (query: unknown) => Option.getOrNull(readQueries({ query }));
  assert.deepEqual(read(" red "), ["red"]);
  assert.deepEqual(read(["a", " a", "b", "c"]), ["a", "b"]);
  assert.deepEqual(read(["a", "b", "c", "d"]), ["a", "b", "c"]);
  assert.deepEqual(read(["", " "]), []);
});

Deno.test("readQueries() refuses arguments without queries", () => {
  for (const wrong of [null, undefined, "red", {}, { query: 3 }, { query: [1] }, []]) {
    assert.ok(Option.isNone(readQueries(wrong)), JSON.stringify(wrong));
  }
});

Deno.test("searchText() shows the best documents of each query, each once, one a line", () => {
  assert.equal(searchText(["red color"], search), " Red is a color.\n Blue is a color.");
  const both = searchText(["red color", "red wine"], search);
  assert.equal(both, " Red is a color.\n Blue is a color.\n Red wine is old.");
});

Deno.test("searchText() says so when nothing is found", () => {
  assert.equal(searchText(["zebra"], search), " no results");
  assert.equal(searchText(["red"], { ...search, retrieve: retrieveNothing }), " no results");
});

Deno.test("makeWebSearch() refuses empty and wrong arguments in one sentence", async () => {
  for (const wrong of [{ query: [] }, { query: " " }, { q: "red" }, 7]) {
    const error = await Effect.runPromise(Effect.flip(makeDocumentSearch(search).run(wrong)));
    assert.equal(error._tag, "ToolCallRejected");
    assert.equal(error.message, "query must be a non-empty list of strings");
  }
});

Deno.test("makePassageSearch() shows title and text of each passage once, cut to whole words", async () => {
  const passages = [
    { id: "1", title: "Color", text: "Red  is\na warm color" },
    { id: "2", title: "", text: "Color of three" },
  ];
  const search: Search = (queries) =>
    Effect.succeed(queries.map(() => passages.map((one) => ({ ...one, score: 1 }))));
  const { run } = makePassageSearch(search, { limit: 5, maxWords: 3 });
  const observation = await Effect.runPromise(run({ query: ["color", "red"] }));
  assert.equal(observation, "Color: Red is a …\nColor of three");
});

Deno.test("layerCorpus() answers a search with stemmed matches of title and text", async () => {
  const passages = [
    { id: "a", title: "Running", text: "The runners ran" },
    { id: "b", title: "Sleep", text: "No sport at all" },
  ];
  const program = Effect.gen(function* () {
    const environment = yield* Environment;
    assert.deepEqual(environment.tools, [WEB_SEARCH]);
    const session = yield* environment.open({ id: "q", text: "?", golds: ["x"], kind: "real" });
    const call = { name: "web_search", arguments: { query: "who runs" } };
    return yield* session.step({ _tag: "ToolCalls", calls: [call] });
  });
  const step = await Effect.runPromise(
    program.pipe(Effect.scoped, Effect.provide(layerCorpus(passages))),
  );
  assert.equal(step._tag === "Observation" && step.results[0]!.content, "Running: The runners ran");
});
