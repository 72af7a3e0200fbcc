/** What a search service may do wrong, on this machine alone: each ends in bounded time, as a failure of a known kind. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Fiber, Schema, Semaphore } from "effect";
import type { SearchFailed } from "../../src/domain/search.ts";
import { ask, type Patience } from "../../src/search/ask.ts";
import { serve } from "./services.ts";

const Answer = Schema.Struct({ found: Schema.String });
const PATIENCE: Patience = { seconds: 0.5, retries: 2, waitMillis: 10, bytes: 10_000, total: 60 };

const json = (value: unknown, init?: ResponseInit) => Response.json(value, init);
const question = (url: string) => ({ url, method: "POST" as const, body: {}, answer: Answer });

/** The failure, how many requests it took, and how long, of a service that always answers so. */
async function failureOf(
  handler: (request: Request, before: number) => Response | Promise<Response>,
  patience: Partial<Patience> = {},
) {
  await using service = serve(handler);
  const started = performance.now();
  const failure: SearchFailed = await Effect.runPromise(
    Effect.flip(ask(question(service.url), { ...PATIENCE, ...patience })),
  );
  return { failure, requests: service.count(), seconds: (performance.now() - started) / 1000 };
}

/** A body that sends a byte every 20 ms and has no end. */
const drip = () => {
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      timer = setInterval(() => controller.enqueue(new Uint8Array([32])), 20);
    },
    cancel: () => clearInterval(timer),
  });
};
/** 50 MB, a megabyte whenever one is asked for. */
const flood = () => {
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(1 << 20));
      if (++sent === 50) controller.close();
    },
  });
};
const JSON_TYPE = { headers: { "content-type": "application/json" } };

const FAULTS: ReadonlyArray<{
  readonly name: string;
  readonly handler: Parameters<typeof failureOf>[0];
  readonly kind: SearchFailed["kind"];
  readonly requests: number;
  readonly says: RegExp;
}> = [
  {
    name: "a hang",
    handler: (request) =>
      new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(json({})))),
    kind: "late",
    requests: 3,
    says: /did not answer within 0\.5 s/,
  },
  {
    name: "a slow drip",
    handler: () => new Response(drip(), JSON_TYPE),
    kind: "late",
    requests: 3,
    says: /within 0\.5 s/,
  },
  {
    name: "429 without Retry-After",
    handler: () => json({}, { status: 429 }),
    kind: "busy",
    requests: 3,
    says: /answered 429/,
  },
  {
    name: "429 with Retry-After",
    handler: () => json({}, { status: 429, headers: { "retry-after": "0" } }),
    kind: "busy",
    requests: 3,
    says: /answered 429/,
  },
  {
    name: "500",
    handler: () => json({}, { status: 500 }),
    kind: "unreachable",
    requests: 3,
    says: /answered 500/,
  },
  {
    name: "403",
    handler: () => json({}, { status: 403 }),
    kind: "refused",
    requests: 1,
    says: /refused with 403/,
  },
  {
    name: "JSON that is cut off",
    handler: () => new Response('{"found": "a', JSON_TYPE),
    kind: "malformed",
    requests: 1,
    says: /answered something else/,
  },
  {
    name: "JSON of another shape",
    handler: () => json({ lost: 1 }),
    kind: "malformed",
    requests: 1,
    says: /found/,
  },
  {
    name: "deeply nested JSON",
    handler: () => new Response("[".repeat(9000), JSON_TYPE),
    kind: "malformed",
    requests: 1,
    says: /answered something else/,
  },
  {
    name: "another content type",
    handler: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    kind: "malformed",
    requests: 1,
    says: /must answer JSON: it answered text\/html/,
  },
  {
    name: "50 MB",
    handler: () => new Response(flood(), JSON_TYPE),
    kind: "too_large",
    requests: 1,
    says: /more than 10000 bytes/,
  },
  {
    name: "bytes that are no UTF-8",
    handler: () => new Response(new Uint8Array([34, 255, 34]), JSON_TYPE),
    kind: "malformed",
    requests: 1,
    says: /no UTF-8/,
  },
  {
    name: "a redirect to itself",
    handler: (request) => new Response(null, { status: 302, headers: { location: request.url } }),
    kind: "refused",
    requests: 1,
    says: /refused with 302/,
  },
  {
    name: "a redirect to a private address",
    handler: () => new Response(null, { status: 307, headers: { location: "http://10.0.0.1/" } }),
    kind: "refused",
    requests: 1,
    says: /refused with 307/,
  },
];

for (const { name, handler, kind, requests, says } of FAULTS) {
  Deno.test(`ask() survives ${name}`, async () => {
    const found = await failureOf(handler);
    strictEqual(found.failure.kind, kind);
    match(found.failure.message, says);
    strictEqual(found.requests, requests);
    ok(found.seconds < 3, `${found.seconds} s`);
  });
}

Deno.test("ask() survives a host that is not there, and a connection that breaks", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  const breaking = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const broken = await Effect.runPromise(Effect.flip(ask(question(url), PATIENCE)));
  listener.close();
  await breaking.catch(() => {});
  const gone = await Effect.runPromise(Effect.flip(ask(question(url), PATIENCE)));
  deepStrictEqual([broken.kind, gone.kind], ["unreachable", "unreachable"]);
  ok(!gone.message.includes("http://"), gone.message);
});

Deno.test("ask() tries again after 500 and after 429, and then answers", async () => {
  await using service = serve((_, before) =>
    before < 2 ? json({}, { status: [500, 429][before]! }) : json({ found: "it" })
  );
  deepStrictEqual(await Effect.runPromise(ask(question(service.url), PATIENCE)), { found: "it" });
  strictEqual(service.count(), 3);
});

Deno.test("ask() does not wait for a Retry-After beyond its time, and says what the service said", async () => {
  const late = { status: 429, headers: { "retry-after": "1000000000" } };
  const { failure, requests, seconds } = await failureOf(() => json({}, late));
  deepStrictEqual([failure.kind, requests], ["busy", 1]);
  ok(seconds < 1);
});

Deno.test("ask() waits as long as Retry-After asks for", async () => {
  await using service = serve((_, before) =>
    before === 0
      ? json({}, { status: 503, headers: { "retry-after": "1" } })
      : json({ found: "it" })
  );
  const started = performance.now();
  await Effect.runPromise(ask(question(service.url), PATIENCE));
  ok(performance.now() - started >= 950);
});

Deno.test("ask() keeps to the number of calls that a host may get at the same time", async () => {
  let [now, most] = [0, 0];
  await using service = serve(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 10));
    now -= 1;
    return json({ found: "it" });
  });
  const patience = { ...PATIENCE, turns: Semaphore.makeUnsafe(2) };
  const six = Array.from({ length: 6 }, () => ask(question(service.url), patience));
  await Effect.runPromise(Effect.all(six, { concurrency: "unbounded" }));
  strictEqual(most, 2);
});

Deno.test("ask() that is interrupted ends its request", async () => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using service = serve((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    arrived.resolve();
    return new Promise(() => {});
  });
  const fiber = Effect.runFork(ask(question(service.url), { ...PATIENCE, seconds: 60 }));
  await arrived.promise;
  await Effect.runPromise(Fiber.interrupt(fiber));
  await aborted.promise;
});
