import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { brave, searchR1, serper, tavily } from "../../src/search/engines.ts";
import { openSearch } from "../../src/search/open.ts";
import { serve } from "./services.ts";

const PATIENCE = { seconds: 5, retries: 0, waitMillis: 1, bytes: 1 << 20, total: 60 };
const run = Effect.runPromise;

Deno.test("searchR1() sends all queries at once and reads documents with scores and without", async () => {
  const bodies: unknown[] = [];
  const rows = [
    { id: "7", contents: '"A "quoted" title"\nText of it.' },
    { id: 8, title: "Other", text: "More." },
  ];
  await using service = serve(async (request, before) => {
    strictEqual(new URL(request.url).pathname, "/retrieve");
    bodies.push(await request.json());
    const scored = rows.map((document, i) => ({ document, score: 2 - i }));
    return Response.json({ result: [before === 0 ? scored : rows, []] });
  });
  const search = searchR1(service.url, PATIENCE);
  const texts = [
    { id: "7", title: 'A "quoted" title', text: "Text of it." },
    { id: "8", title: "Other", text: "More." },
  ];
  deepStrictEqual(await run(search(["a", "b"], 2)), [
    texts.map((one, i) => ({ ...one, score: 2 - i })),
    [],
  ]);
  deepStrictEqual((await run(search(["a", "b"], 1)))[0], [{ ...texts[0]!, score: null }]);
  deepStrictEqual(bodies[0], { queries: ["a", "b"], topk: 2, return_scores: true });
});

Deno.test("searchR1() tells passages without ids apart", async () => {
  const rows = [{ title: "A", text: "first" }, { contents: '"B"\nsecond' }, { contents: "third" }];
  await using service = serve(() => Response.json({ result: [rows] }));
  const [found] = await run(searchR1(service.url, PATIENCE)(["a"], 5));
  strictEqual(new Set(found!.map(({ id }) => id)).size, 3);
});

Deno.test("searchR1() refuses lists for other queries than were asked", async () => {
  await using service = serve(() => Response.json({ result: [[]] }));
  const failure = await run(Effect.flip(searchR1(service.url, PATIENCE)(["a", "b"], 2)));
  strictEqual(failure.kind, "malformed");
  match(failure.message, /a list for each of 2 queries/);
});

Deno.test("serper(), tavily() and brave() send their key in a header and read title, address and text", async () => {
  const page = { title: "T", text: "S" };
  await using service = serve(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const body = request.method === "POST" ? await request.json() : null;
    if (pathname === "/serper") {
      strictEqual(request.headers.get("x-api-key"), "secret");
      deepStrictEqual(body, { q: "who?", num: 3 });
      const organic = [
        { title: "T", link: "https://a/1", snippet: "S", position: 1 },
        { title: null, link: "https://a/2" },
      ];
      return Response.json({ organic });
    }
    if (pathname === "/tavily") {
      strictEqual(request.headers.get("authorization"), "Bearer secret");
      deepStrictEqual(body, { query: "who?", max_results: 3 });
      const results = [{ title: "T", url: "https://a/1", content: "S", score: 0.5 }];
      return Response.json({ results });
    }
    strictEqual(request.headers.get("x-subscription-token"), "secret");
    deepStrictEqual([searchParams.get("q"), searchParams.get("count")], ["who?", "3"]);
    const results = [{ title: "T", url: "https://a/1", description: "S" }];
    return Response.json({ web: { results } });
  });
  for (const [name, make] of Object.entries({ serper, tavily, brave })) {
    const search = make({ key: "secret", url: service.url + name, patience: PATIENCE });
    const [[first, second] = []] = await run(search(["who?"], 3));
    deepStrictEqual(first, { id: "https://a/1", ...page, score: null }, name);
    const untitled = { id: "https://a/2", title: "", text: "", score: null };
    deepStrictEqual(second, name === "serper" ? untitled : undefined);
  }
});

Deno.test("openSearch() refuses a service without its key and an address with a password", async () => {
  const refusal = (name: string) =>
    run(Effect.flip(Effect.scoped(openSearch(name, { deadline: 5, atATime: 2 }))));
  const before = Deno.env.get("SERPER_API_KEY");
  Deno.env.delete("SERPER_API_KEY");
  strictEqual(
    (await refusal("serper")).message,
    "Cannot search with serper as SERPER_API_KEY must hold its key: it is not set",
  );
  if (before !== undefined) Deno.env.set("SERPER_API_KEY", before);
  const secret = "first line\nsecond line";
  Deno.env.set("SERPER_API_KEY", secret);
  const { message } = await refusal("serper");
  match(message, /it has white space or other characters in it$/);
  ok(!message.includes("line"));
  Deno.env.delete("SERPER_API_KEY");
  match((await refusal("toString")).message, /Cannot use the index "toString"/);
  match((await refusal("http://me:word@127.0.0.1/")).message, /without a user or a password/);
  match((await refusal("no/such.file")).message, /Cannot use the index "no\/such.file"/);
});
