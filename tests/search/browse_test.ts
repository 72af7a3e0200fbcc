import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { type BrowseOptions, makeBrowse } from "../../src/search/browse.ts";
import { serve } from "./services.ts";

const html = (body: string) => new Response(body, { headers: { "content-type": "text/html" } });

/** A browse tool that may speak to a server of the test. */
function browse(url: string, options: Partial<BrowseOptions> = {}) {
  const all: BrowseOptions = { hosts: "any", allowed: [new URL(url).host], ...options };
  return Effect.runPromise(makeBrowse(all));
}

const ARTICLE = `<title>Ada Lovelace</title><nav>Home</nav><article>
  <p>Ada wrote the first program in 1843.<p>Her notes are longer than the paper.
  <p>They have seven parts.<p>The last of them holds the program.
</article>`;

Deno.test("browse answers with the title and a part of the text, and says which part it is", async () => {
  await using service = serve(() => html(ARTICLE));
  const tool = await browse(service.url, { pageCharacters: 70 });
  deepStrictEqual(tool.spec.parameters, {
    type: "object",
    properties: {
      url: { type: "string", description: "Address of a web page" },
      page: { type: "integer", minimum: 1, description: "Which part of a long page, from 1" },
    },
    required: ["url"],
  });
  const url = `${service.url}#notes`;
  const calls = [{ url }, { url, page: 2 }, { url, page: 3 }];
  const found = await Promise.all(calls.map((call) => Effect.runPromise(tool.run(call))));
  for (const [at, text] of found.entries()) {
    ok(text.startsWith("Ada Lovelace\n"));
    ok(text.endsWith(`\n(page ${at + 1} of 3)`), text);
  }
  match(found[0]!, /\nAda wrote the first program in 1843\.\n/);
  // All parts, asked for at the same time, took one request.
  strictEqual(service.count(), 1);
  const beyond = await Effect.runPromise(Effect.flip(tool.run({ url: service.url, page: 4 })));
  deepStrictEqual([beyond._tag, beyond.message], [
    "ToolCallRejected",
    "page must be a whole number from 1 to 3: current value is 4",
  ]);
});

Deno.test("browse says nothing of parts where there is one, reads plain text, and tells an empty page", async () => {
  await using service = serve((request) =>
    request.url.endsWith("/empty") ? html("<p> </p>") : new Response("<b>plain</b>")
  );
  const tool = await browse(service.url);
  strictEqual(await Effect.runPromise(tool.run({ url: service.url })), "<b>plain</b>");
  const empty = await Effect.runPromise(tool.run({ url: `${service.url}empty` }));
  strictEqual(empty, "The page has no text");
});

Deno.test("browse shortens a title that is as long as a page", async () => {
  await using service = serve(() => html(`<title>${"t".repeat(9999)}</title>text`));
  const tool = await browse(service.url);
  const text = await Effect.runPromise(tool.run({ url: service.url }));
  strictEqual(text, `${"t".repeat(200)}\ntext`);
});

Deno.test("browse rejects calls that break its rules before it asks anybody", async () => {
  await using service = serve(() => html("x"));
  const lookup = () => {
    throw new Error("DNS was asked");
  };
  const tool = await browse(service.url, { hosts: ["example.org", "127.0.0.1"], lookup });
  const url = service.url;
  const calls = [{}, { url: 1 }, { url: "x" }, { url: "http://site.test" }, { url, page: 0 }, {
    url,
    page: 1.5,
  }];
  for (const call of calls) {
    const failure = await Effect.runPromise(Effect.flip(tool.run(call)));
    strictEqual(failure._tag, "ToolCallRejected");
    ok(!failure.message.includes("\n") && !failure.message.endsWith("."), failure.message);
  }
  strictEqual(service.count(), 0);
});

Deno.test("browse fetches again what failed", async () => {
  await using service = serve((_, before) =>
    before === 0 ? new Response("", { status: 500 }) : html("found")
  );
  const tool = await browse(service.url);
  const failure = await Effect.runPromise(Effect.flip(tool.run({ url: service.url })));
  strictEqual(failure._tag, "ToolCrashed");
  match(failure.message, /answered 500$/);
  strictEqual(await Effect.runPromise(tool.run({ url: service.url })), "found");
});

Deno.test("browse tells HTML that nests too deep", async () => {
  await using service = serve(() => html("<div>".repeat(100_000)));
  const tool = await browse(service.url);
  const failure = await Effect.runPromise(Effect.flip(tool.run({ url: service.url })));
  match(failure.message, /^the page's HTML nests too deep$/);
});

Deno.test("browse goes on for the others when one of those that wait for a page is interrupted", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using service = serve(async () => {
    arrived.resolve();
    await answer.promise;
    return html("found");
  });
  const tool = await browse(service.url);
  const first = Effect.runFork(tool.run({ url: service.url }));
  const second = Effect.runPromise(tool.run({ url: service.url }));
  await arrived.promise;
  await Effect.runPromise(Fiber.interrupt(first));
  answer.resolve();
  strictEqual(await second, "found");
  strictEqual(service.count(), 1);
});
