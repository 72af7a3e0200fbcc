import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { searchInMemory } from "../../src/environment/corpus_environment.ts";
import { SearchFailed } from "../../src/domain/search.ts";
import { searchR1 } from "../../src/search/engines.ts";
import { serveRetriever } from "../../src/search/retriever.ts";

const PASSAGES = [
  { id: "1", title: 'The "Cat"', text: "Cats like fish.\nThey do." },
  { id: "2", title: "", text: '"Dogs"\nlike cats' },
];
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };
const search = searchInMemory(PASSAGES);

/** What a server of these passages makes of a request. */
const served = (use: (url: string) => Promise<void>, over = search) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const url = yield* serveRetriever(over, ANYWHERE);
    yield* Effect.promise(() => use(url));
  })));

const post = async (url: string, body: unknown) => {
  const response = await fetch(`${url}/retrieve`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
};

Deno.test("a client of Search-R1's protocol finds through a server what it finds without", () =>
  served(async (url) => {
    const asked = [["cats", "nothing here"], 2] as const;
    const [direct, through] = [search(...asked), searchR1(url)(...asked)];
    const [want] = await Effect.runPromise(direct);
    const [found, none] = await Effect.runPromise(through);
    deepStrictEqual(found!.map(({ id, score }) => [id, score]), want!.map((h) => [h.id, h.score]));
    deepStrictEqual(found, want);
    deepStrictEqual(none, []);
  }));

Deno.test("serveRetriever() answers in Search-R1's shapes: with scores, without, and one query alone", () =>
  served(async (url) => {
    const plain = await post(url, { queries: ["fish"] });
    const document = { id: "1", contents: '"The "Cat""\nCats like fish.\nThey do.' };
    deepStrictEqual(plain, { status: 200, answer: { result: [[document]] } });
    const scored = await post(url, { query: "fish", topk: 1, return_scores: true });
    deepStrictEqual(Object.keys(scored.answer.result[0][0]), ["document", "score"]);
  }));

Deno.test("serveRetriever() refuses what it cannot read in a sentence", () =>
  served(async (url) => {
    for (
      const body of ["{", "[]", { queries: [] }, { queries: [1] }, { queries: ["a"], topk: 0 }]
    ) {
      const { status, answer } = await post(url, body);
      strictEqual(status, 400, JSON.stringify(body));
      match(answer.error, /^(a request is|queries must)/);
    }
    strictEqual((await post(url, " ".repeat(5 << 20))).status, 413);
    const other = await fetch(`${url}/other`);
    strictEqual(other.status, 404);
    await other.body?.cancel();
    const got = await fetch(`${url}/retrieve`);
    strictEqual(got.status, 405);
    await got.body?.cancel();
  }));

Deno.test("serveRetriever() answers 503 where its search fails", () =>
  served(
    async (url) => {
      deepStrictEqual(await post(url, { queries: ["a"] }), {
        status: 503,
        answer: { error: "no disk" },
      });
    },
    () => Effect.fail(new SearchFailed({ kind: "unreachable", message: "no disk" })),
  ));
