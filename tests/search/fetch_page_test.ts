/** What addresses, redirects and servers may do wrong: nothing private is reached, and all end as a failure of a kind. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { LookupFunction } from "node:net";
import zlib from "node:zlib";
import { Effect, Fiber, Result } from "effect";
import type { SearchFailed } from "../../src/domain/search.ts";
import { fetchPage, type FetchPageOptions, readPageUrl } from "../../src/search/fetch_page.ts";
import { serve } from "./services.ts";

const HTML = { headers: { "content-type": "text/html" } };
const PATIENCE = { total: 0.5, bytes: 100_000 };
const html = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Response(body, { headers: { "content-type": "text/html", ...headers } });

/** Options that let a server of the test be spoken to. */
function allowing(url: string, others: Partial<FetchPageOptions> = {}): FetchPageOptions {
  return { hosts: "any", patience: PATIENCE, allowed: [new URL(url).host], ...others };
}
const get = (url: string, options: FetchPageOptions) =>
  Effect.runPromise(fetchPage(new URL(url), options));
const fail = (url: string, options: FetchPageOptions): Promise<SearchFailed> =>
  Effect.runPromise(Effect.flip(fetchPage(new URL(url), options)));

/** DNS that answers with one address after the other, then with the last again; notes the names that it was asked for. */
function fakeDns(...addresses: ReadonlyArray<string>) {
  const asked: string[] = [];
  const lookup: LookupFunction = (name, _options, answer) => {
    const address = addresses[Math.min(asked.push(name), addresses.length) - 1]!;
    setTimeout(() => answer(null, address, address.includes(":") ? 6 : 4));
  };
  return { lookup, asked };
}

for (
  const url of [
    ...["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"],
    ...["http://127.1/", "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"],
    ...["http://10.0.0.1/", "https://169.254.169.254/latest", "http://127.0.0.1./"],
    ...["http://[64:ff9b::127.0.0.1]/", "http://[fe80::1]/", "http://１２７.0.0.1/"],
  ]
) {
  Deno.test(`fetchPage() refuses ${url}`, async () => {
    const { kind, message } = await fail(url, { hosts: "any" });
    strictEqual(kind, "refused");
    match(message, /^the page's address must be public: current value is /);
  });
}

for (const address of ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"]) {
  Deno.test(`fetchPage() refuses a name that leads to ${address}`, async () => {
    const { lookup, asked } = fakeDns(address);
    const found = await fail("http://127.0.0.1.site.test/", { hosts: "any", lookup });
    deepStrictEqual([found.kind, asked], ["refused", ["127.0.0.1.site.test"]]);
    ok(found.message.endsWith(`must be public: current value is ${address}`), found.message);
  });
}

Deno.test("fetchPage() refuses what the system's own DNS gives for localhost, and connects to nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const counting = (async () => {
    for await (const connection of listener) {
      connections++;
      connection.close();
    }
  })();
  for (const scheme of ["http", "https"]) {
    const { kind, message } = await fail(`${scheme}://localhost:${listener.addr.port}/`, {
      hosts: "any",
    });
    strictEqual(kind, "refused");
    match(message, /must be public: current value is (127\.0\.0\.1|::1)$/);
  }
  // A connection that was asked for would arrive before this one.
  (await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port })).close();
  while (connections === 0) await new Promise((resolve) => setTimeout(resolve));
  strictEqual(connections, 1);
  listener.close();
  await counting.catch(() => {});
});

Deno.test("fetchPage() connects to the address that it checked: DNS is asked once a request, and each answer is checked", async () => {
  await using service = serve((request) =>
    new URL(request.url).pathname === "/"
      ? new Response(null, { status: 302, headers: { location: "/next" } })
      : html("secret")
  );
  const { port } = new URL(service.url);
  const options = allowing(service.url);
  const once = fakeDns("127.0.0.1");
  const { text } = await get(`http://site.test:${port}/next`, { ...options, lookup: once.lookup });
  deepStrictEqual([text, once.asked.length], ["secret", 1]);
  const changing = fakeDns("127.0.0.1", "127.0.0.2");
  const found = await fail(`http://site.test:${port}/`, { ...options, lookup: changing.lookup });
  match(found.message, /must be public: current value is 127\.0\.0\.2$/);
  deepStrictEqual([changing.asked.length, service.count()], [2, 2]);
});

Deno.test("fetchPage() sends no byte where it sees an address only once connected", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received = (async () => {
    using connection = await listener.accept();
    return await connection.read(new Uint8Array(1)).catch(() => null);
  })();
  // Answers before anyone can listen to the answer.
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, "127.0.0.1", 4);
  const url = `http://site.test:${listener.addr.port}/`;
  const { kind, message } = await fail(url, { hosts: "any", lookup });
  strictEqual(kind, "refused", message);
  strictEqual(await received, null);
  listener.close();
});

Deno.test("fetchPage() refuses other ports than 80 and 443", async () => {
  const { lookup } = fakeDns("8.8.8.8");
  const { kind, message } = await fail("http://site.test:8080/", { hosts: "any", lookup });
  deepStrictEqual([kind, message], [
    "refused",
    "the page's port must be 80 or 443: current value is 8080",
  ]);
});

Deno.test("readPageUrl() refuses other schemes, users, passwords and hosts", () => {
  const hosts = ["example.org", "*.Site.test"];
  const failures = [
    ...["file:///etc/passwd", "ftp://example.org", "data:text/html,x", "example.org", ""],
    ...["http://user@example.org", "http://:key@example.org", "http://sub.example.org"],
    ...["http://example.org.evil.test", "http://evilsite.test", "http://127.0.0.1"],
  ].filter((url) => Result.isSuccess(readPageUrl(url, hosts)));
  deepStrictEqual(failures, []);
  const good = ["http://example.org/x", "https://site.test", "https://a.b.SITE.test:443"];
  deepStrictEqual(good.filter((url) => Result.isSuccess(readPageUrl(url, hosts))), good);
  ok(Result.isSuccess(readPageUrl("http://anything.test", "any")));
});

Deno.test("fetchPage() follows five redirects, and not six", async () => {
  await using service = serve((request) => {
    const left = Number(new URL(request.url).pathname.slice(1));
    if (left === 0) return html("arrived");
    return new Response(null, { status: 302, headers: { location: `/${left - 1}` } });
  });
  strictEqual((await get(`${service.url}5`, allowing(service.url))).text, "arrived");
  const { kind, message } = await fail(`${service.url}6`, allowing(service.url));
  deepStrictEqual([kind, service.count()], ["refused", 12]);
  match(message, /redirects more than 5 times$/);
});

const to = (location: string) => () => new Response(null, { status: 307, headers: { location } });
const MEGABYTE = new Uint8Array(1 << 20).fill(97);
/** A body without end, a part every 20 ms or whenever one is asked for. */
function endless(part: Uint8Array<ArrayBuffer>, millis: number | null) {
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      if (millis !== null) timer = setInterval(() => controller.enqueue(part), millis);
    },
    pull: (controller) => {
      if (millis === null) controller.enqueue(part);
    },
    cancel: () => clearInterval(timer),
  });
}
const packed = (coding: string, pack: (bytes: Uint8Array) => Uint8Array) => () =>
  html(new Uint8Array(pack(MEGABYTE)), { "content-encoding": coding });

const FAULTS: ReadonlyArray<{
  readonly name: string;
  readonly handler: (request: Request) => Response | Promise<Response>;
  readonly kind: SearchFailed["kind"];
  readonly says: RegExp;
}> = [
  {
    name: "a redirect to a private address",
    handler: to("http://10.0.0.1/"),
    kind: "refused",
    says: /must be public: current value is 10\.0\.0\.1$/,
  },
  {
    name: "a redirect to a file",
    handler: to("file:///etc/passwd"),
    kind: "refused",
    says: /redirects, and url must start with http/,
  },
  {
    name: "a redirect with a password",
    handler: to("http://a:b@site.test/"),
    kind: "refused",
    says: /no password$/,
  },
  {
    name: "a redirect to nowhere",
    handler: () => new Response(null, { status: 302 }),
    kind: "malformed",
    says: /redirects, and does not say where$/,
  },
  { name: "a redirect to itself", handler: to("/"), kind: "refused", says: /redirects more/ },
  {
    name: "404",
    handler: () => new Response("", { status: 404 }),
    kind: "refused",
    says: /answered 404$/,
  },
  {
    name: "429",
    handler: () => new Response("", { status: 429 }),
    kind: "busy",
    says: /answered 429$/,
  },
  {
    name: "500",
    handler: () => new Response("", { status: 500 }),
    kind: "unreachable",
    says: /answered 500$/,
  },
  {
    name: "another content type",
    handler: () => new Response("x", { headers: { "content-type": "image/png" } }),
    kind: "malformed",
    says: /its content type is image\/png$/,
  },
  {
    name: "an unknown encoding",
    handler: () => html("x", { "content-encoding": "zstd" }),
    kind: "malformed",
    says: /unknown encoding: zstd$/,
  },
  {
    name: "what is not gzip",
    handler: () => html("x", { "content-encoding": "gzip" }),
    kind: "unreachable",
    says: /gave no page/,
  },
  {
    name: "a bomb of gzip",
    handler: packed("gzip", zlib.gzipSync),
    kind: "too_large",
    says: /more than 100000 bytes$/,
  },
  {
    name: "a bomb of deflate",
    handler: packed("deflate", zlib.deflateSync),
    kind: "too_large",
    says: /more than/,
  },
  {
    name: "a bomb of brotli",
    handler: packed("br", zlib.brotliCompressSync),
    kind: "too_large",
    says: /more than/,
  },
  {
    name: "bytes without end",
    handler: () => new Response(endless(MEGABYTE, null), HTML),
    kind: "too_large",
    says: /more than/,
  },
  {
    name: "a slow drip",
    handler: () => new Response(endless(new Uint8Array([32]), 20), HTML),
    kind: "late",
    says: /gave no page within 0\.5 s$/,
  },
  {
    name: "gzip without end that holds nothing",
    handler: () =>
      html(endless(new Uint8Array(zlib.gzipSync("")), 20), { "content-encoding": "gzip" }),
    kind: "late",
    says: /within 0\.5 s$/,
  },
  {
    name: "a hang",
    handler: (request) =>
      new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(html("")))),
    kind: "late",
    says: /within 0\.5 s$/,
  },
];
for (const { name, handler, kind, says } of FAULTS) {
  Deno.test(`fetchPage() survives ${name}`, async () => {
    await using service = serve(handler);
    const started = performance.now();
    const found = await fail(service.url, allowing(service.url));
    strictEqual(found.kind, kind, found.message);
    match(found.message, says);
    ok(!found.message.includes(service.url), found.message);
    ok(performance.now() - started < 3000);
  });
}

/** A server that answers each connection with these bytes, as often as it can, then closes it. */
async function answering(bytes: string, times: number, use: (url: string) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const part = new TextEncoder().encode(bytes);
      try {
        await connection.read(new Uint8Array(4096));
        for (let i = 0; i < times; i++) await connection.write(part);
      } catch {
        // The other side has gone.
      }
      connection.close();
    }
  })();
  await use(`http://127.0.0.1:${listener.addr.port}/`);
  listener.close();
  await serving.catch(() => {});
}

const BROKEN = {
  "a connection that closes at once": ["", 0],
  "an answer that is not HTTP": ["SSH-2.0-x\r\n", 1],
  "a body that breaks off": [
    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\nx",
    1,
  ],
  "a body without end that nobody reads": ["HTTP/1.1 500 Broken\r\n\r\n", 1e9],
  "headers without end": [`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(1000)}`, 1e9],
} as const;
for (const [name, [bytes, times]] of Object.entries(BROKEN)) {
  Deno.test(`fetchPage() survives ${name}`, async () => {
    await answering(bytes, times, async (url) => {
      const { kind, message } = await fail(url, allowing(url));
      strictEqual(kind, "unreachable", message);
    });
  });
}

Deno.test({
  name: "fetchPage() needs the permission to speak to a host by its name, and no other",
  permissions: { net: ["localhost"] },
  fn: async () => {
    await using server = Deno.serve(
      { hostname: "localhost", port: 0, onListen: () => {} },
      () => html("here"),
    );
    const { port } = server.addr;
    const allowed = ["127.0.0.1", "::1"].map((address) => `${address}:${port}`);
    const { text } = await get(`http://localhost:${port}/`, { hosts: "any", allowed });
    strictEqual(text, "here");
    for (const url of ["http://site.test/", "https://site.test/", "http://8.8.8.8/"]) {
      const { kind, message } = await fail(url, { hosts: "any" });
      deepStrictEqual([kind, message], [
        "refused",
        `this program may not speak to ${new URL(url).host}`,
      ]);
    }
  },
});

Deno.test("fetchPage() survives a host that is not there", async () => {
  const { lookup } = fakeDns("127.0.0.1");
  const url = "http://site.test:1/";
  const { kind, message } = await fail(url, { ...allowing(url), allowed: ["127.0.0.1:1"], lookup });
  strictEqual(kind, "unreachable", message);
});

Deno.test("fetchPage() that is interrupted ends its request", async () => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using service = serve((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    arrived.resolve();
    return new Promise(() => {});
  });
  const options = allowing(service.url, { patience: { total: 60, bytes: 1000 } });
  const fiber = Effect.runFork(fetchPage(new URL(service.url), options));
  await arrived.promise;
  await Effect.runPromise(Fiber.interrupt(fiber));
  await aborted.promise;
});

Deno.test("fetchPage() reads the charset of the header, and whether it is HTML", async () => {
  await using service = serve((request) => {
    const type = request.url.endsWith("/plain") ? "text/plain" : "TEXT/HTML; charset=latin1";
    return new Response(new Uint8Array([0xE9]), { headers: { "content-type": type } });
  });
  const options = allowing(service.url);
  deepStrictEqual(await get(service.url, options), { isHtml: true, text: "é" });
  deepStrictEqual(await get(`${service.url}plain`, options), { isHtml: false, text: "\u{FFFD}" });
});

for (
  const [coding, pack] of Object.entries({
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    br: zlib.brotliCompressSync,
  })
) {
  Deno.test(`fetchPage() unpacks ${coding}`, async () => {
    await using service = serve(() =>
      html(new Uint8Array(pack("text")), { "content-encoding": coding })
    );
    strictEqual((await get(service.url, allowing(service.url))).text, "text");
  });
}
