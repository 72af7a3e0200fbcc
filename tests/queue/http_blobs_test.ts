/** Blobs over HTTP: what is forged, cut off, too large, unsigned or slow. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Effect } from "effect";
import { LIMITS } from "../../src/domain/limits.ts";
import { readSecret, type Sign } from "../../src/queue/blob_secret.ts";
import { serveBlobs } from "../../src/queue/blob_server.ts";
import { type BlobFolder, type Blobs, openBlobFolder } from "../../src/queue/blobs.ts";
import { reachBlobs } from "../../src/queue/http_blobs.ts";
import { breakingRelay, rawRequest } from "../support/raw_http.ts";
import { inFolder } from "../support/tiny_run.ts";

const SECRET = "a secret that is long enough to be one";

async function signOf(secret: string): Promise<Sign> {
  Deno.env.set("BLOBS_SECRET", secret);
  return await Effect.runPromise(readSecret).finally(() => Deno.env.delete("BLOBS_SECRET"));
}

const sign = await signOf(SECRET);
const QUICK = { patienceMillis: 300, retryMillis: 5 };

interface Served {
  readonly folder: BlobFolder;
  readonly address: string;
  readonly port: number;
  /** What another process sees of the folder. */
  readonly blobs: Blobs;
  readonly names: () => Promise<ReadonlyArray<string>>;
}

/** Serves a folder of blobs, beside which lies a file that is none of them. */
const withServer = (use: (served: Served) => Promise<void>, silenceMillis = 30_000) =>
  inFolder((outer) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      yield* Effect.promise(() => Deno.writeTextFile(`${outer}/key`, "private"));
      const folder = yield* openBlobFolder(`${outer}/blobs`);
      const served = { folder: folder.path, address: "127.0.0.1:0", sign, silenceMillis };
      const address = yield* serveBlobs(served);
      const blobs = yield* reachBlobs(address, sign, QUICK);
      const names = () => Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
      const port = Number(new URL(address).port);
      yield* Effect.promise(() => use({ folder, address, port, blobs, names }));
      strictEqual(yield* Effect.promise(() => Deno.readTextFile(`${outer}/key`)), "private");
      const beside = yield* Effect.promise(() => Array.fromAsync(Deno.readDir(outer)));
      deepStrictEqual(beside.map(({ name }) => name).sort(), ["blobs", "key"]);
    })))
  );

const { runPromise: run } = Effect;
const refused = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>) =>
  run(Effect.flip(effect));

function numbers(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * i >> 3);
}

const shaOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

Deno.test("blobs come and go over HTTP as they do in the folder", () =>
  withServer(async ({ folder, blobs, names }) => {
    const parts = [numbers(700_000), numbers(3)];
    const blob = await run(blobs.put(parts));
    deepStrictEqual(blob, await run(folder.put(parts)));
    deepStrictEqual(await run(blobs.get(blob, 700_003)), await run(folder.get(blob, 700_003)));
    const none = await run(blobs.put([]));
    strictEqual((await run(blobs.get(none, 0))).length, 0);
    deepStrictEqual((await names()).toSorted(), [blob.sha256, none.sha256].sort());
  }));

Deno.test("a blob whose connection breaks goes on where it broke", () =>
  withServer(async ({ folder, port }) => {
    const blob = await run(folder.put([numbers(900_000)]));
    const relay = breakingRelay(port, 400_000);
    const blobs = await run(reachBlobs(`http://127.0.0.1:${relay.port}`, sign, QUICK));
    deepStrictEqual(await run(blobs.get(blob, 1e6)), numbers(900_000));
    await relay.close();
    strictEqual(relay.asked.length, 2);
    ok(!/^range:/im.test(relay.asked[0]!));
    const from = Number(/^range: bytes=(\d+)-\r$/im.exec(relay.asked[1]!)?.[1]);
    ok(from > 0 && from < 400_000, `it went on at ${from}`);
  }));

Deno.test("bytes that are not those of a blob's name are refused on either side, and not kept", () =>
  withServer(async ({ folder, blobs, port, names }) => {
    const blob = await run(folder.put([numbers(1000)]));
    await Deno.writeFile(`${folder.path}/${blob.sha256}`, numbers(1000).reverse());
    match((await refused(blobs.get(blob, 1000))).message, /must have the hash of its name/);
    await Deno.writeFile(`${folder.path}/${blob.sha256}`, numbers(1001));
    match((await refused(blobs.get(blob, 1000))).message, /must have 1000 bytes: it has more$/);
    await Deno.remove(`${folder.path}/${blob.sha256}`);
    const path = `/${"a".repeat(64)}`;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "PUT",
      headers: { authorization: sign("PUT", path) },
      body: numbers(10),
    });
    deepStrictEqual(
      [answer.status, await answer.text()],
      [422, "its bytes must have the hash of its name"],
    );
    deepStrictEqual(await names(), []);
  }));

Deno.test("what is too large is refused before it is sent or kept", () =>
  withServer(async ({ port, names }) => {
    const away = await run(reachBlobs("http://127.0.0.1:1", sign, QUICK));
    const large = { sha256: "a".repeat(64), bytes: 1e15 };
    match((await refused(away.get(large, 1e6))).message, /must have at most 1000000 bytes/);
    const path = `/${"a".repeat(64)}`;
    const head = (length: string) =>
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
      `Authorization: ${sign("PUT", path)}\r\n${length}\r\n\r\n`;
    const most = LIMITS.groupBytes;
    const answer = await rawRequest(port, head(`Content-Length: ${most + 1}`));
    match(answer, /^HTTP\/1.1 413 /);
    match(answer, new RegExp(`it must have at most ${most} bytes: it has ${most + 1}$`));
    const endless = await rawRequest(port, `${head("Transfer-Encoding: chunked")}1\r\na\r\n`);
    match(endless, /^HTTP\/1.1 411 /);
    deepStrictEqual(await names(), []);
  }));

Deno.test("a trainer with large gradients takes blobs as large as they are, and no larger", () =>
  withServer(async ({ folder: { path } }) => {
    const most = 1000;
    const put = Effect.fnUntraced(function* (bytes: number) {
      const served = { folder: path, address: "127.0.0.1:0", sign, mostBytes: most };
      const blobs = yield* reachBlobs(yield* serveBlobs(served), sign, QUICK);
      return yield* blobs.put([numbers(bytes)]);
    }, Effect.scoped);
    strictEqual((await run(put(most))).bytes, most);
    match((await refused(put(most + 1))).message, /it must have at most 1000 bytes: it has 1001/);
  }));

Deno.test("without the trainer's secret nothing is given, taken or told", () =>
  withServer(async ({ folder, address, names }) => {
    const blob = await run(folder.put([numbers(10)]));
    const other = await run(reachBlobs(address, await signOf(SECRET.toUpperCase()), QUICK));
    const { message } = await refused(other.get(blob, 10));
    match(message, /^Cannot use the blob .* as BLOBS_SECRET must be the trainer's: http:.* 401 /);
    ok(!message.toLowerCase().includes(SECRET));
    match((await refused(other.put([numbers(11)]))).message, /BLOBS_SECRET must be the trainer's/);
    const path = `/${blob.sha256}`;
    // The signature of another request is no better than none.
    for (const authorization of ["", "igpo ", SECRET, sign("PUT", path), sign("GET", "/")]) {
      for (const where of [path, "/", `/${"a".repeat(64)}`]) {
        if (authorization === sign("GET", where)) continue;
        const answer = await fetch(address + where, { headers: { authorization } });
        deepStrictEqual([answer.status, await answer.text()], [401, "its signature is wrong"]);
      }
    }
    deepStrictEqual(await names(), [blob.sha256]);
  }));

Deno.test("a secret that is missing or short is refused, and not shown", async () => {
  match(
    (await refused(readSecret)).message,
    /^Cannot exchange blobs as BLOBS_SECRET must hold a secret of at least 32 characters.*: it has 0$/,
  );
  Deno.env.set("BLOBS_SECRET", "hunter2");
  const { message } = await refused(readSecret).finally(() => Deno.env.delete("BLOBS_SECRET"));
  match(message, /: it has 7$/);
  ok(!message.includes("hunter2"));
});

Deno.test("a signed request may get or put one blob and nothing else: no list, no other file", () =>
  withServer(async ({ folder, port, address, names }) => {
    const blob = await run(folder.put([numbers(10)]));
    const name = `/${blob.sha256}`;
    for (const method of ["DELETE", "POST", "PATCH", "HEAD"]) {
      const headers = { authorization: sign(method, name) };
      const answer = await fetch(address + name, { method, headers });
      await answer.body?.cancel();
      deepStrictEqual([method, answer.status], [method, 405]);
    }
    const escapes = [
      ...["/", "/..", "/../key", "/%2e%2e/key", "/..%2fkey", "//key", "/./key", "/key"],
      ...[`${name}/../../key`, `${name}%00`, `${name}/`, name.toUpperCase(), `${name}.tmp`],
    ];
    for (const path of escapes) {
      for (const method of ["GET", "PUT"]) {
        for (const signed of [path, new URL(`http://x${path}`).pathname]) {
          const answer = await rawRequest(
            port,
            `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n` +
              `Authorization: ${sign(method, signed)}\r\n\r\n`,
          );
          match(answer, /^HTTP\/1.1 4\d\d /);
          ok(!answer.includes("private"));
        }
      }
    }
    deepStrictEqual(await names(), [blob.sha256]);
  }));

Deno.test("a reader that is slow keeps no other from reading, and the server from nothing", () =>
  withServer(async ({ folder, port, blobs }) => {
    // More than the buffers of a connection hold.
    const bytes = new Uint8Array(24 << 20);
    const blob = await run(folder.put([bytes]));
    const path = `/${blob.sha256}`;
    using slow = await Deno.connect({ hostname: "127.0.0.1", port });
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${
      sign("GET", path)
    }\r\n\r\n`;
    await slow.write(new TextEncoder().encode(request));
    await slow.read(new Uint8Array(1));
    strictEqual((await run(blobs.get(blob, bytes.length))).length, bytes.length);
    await run(folder.keepOnly([]));
    deepStrictEqual((await refused(blobs.get(blob, bytes.length)))._tag, "BadBlob");
  }));

Deno.test("a sender that falls silent is refused, and leaves nothing", () =>
  withServer(async ({ port, names }) => {
    const path = `/${shaOf(numbers(10))}`;
    const answer = await rawRequest(
      port,
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n` +
        `Authorization: ${sign("PUT", path)}\r\n\r\nabc`,
    );
    match(answer, /^HTTP\/1.1 408 .*only 3 of 10 bytes came$/s);
    deepStrictEqual(await names(), []);
  }, 100));

Deno.test("a server that is away is waited for, and told apart from a blob that is missing", () =>
  withServer(async ({ folder, address, blobs }) => {
    const blob = await run(folder.put([numbers(10)]));
    const missing = await refused(blobs.get({ ...blob, sha256: "a".repeat(64) }, 10));
    ok(missing._tag === "BadBlob" && missing.isMissing);
    const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = probe.addr;
    probe.close();
    const late = await run(reachBlobs(`http://127.0.0.1:${port}`, sign, {
      patienceMillis: 10_000,
      retryMillis: 5,
    }));
    const got = run(late.get(blob, 10));
    const relay = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => fetch(address + new URL(request.url).pathname, { headers: request.headers }),
    );
    deepStrictEqual(await got, numbers(10));
    await relay.shutdown();
    const hasty = await run(reachBlobs(`http://127.0.0.1:${port}`, sign, QUICK));
    const gone = await refused(hasty.get(blob, 10));
    strictEqual(gone._tag, "BlobsAway");
    match(gone.message, /^Cannot reach the blobs at http:\/\/127.0.0.1:\d+: .*refused/);
  }));

Deno.test("an answer that leads elsewhere is not followed", () =>
  withServer(async ({ folder, address }) => {
    const blob = await run(folder.put([numbers(10)]));
    const elsewhere = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.redirect(`${address}/${blob.sha256}`),
    );
    const blobs = await run(reachBlobs(`http://127.0.0.1:${elsewhere.addr.port}`, sign, QUICK));
    match((await refused(blobs.get(blob, 10))).message, /answers 302 /);
    await elsewhere.shutdown();
  }));

Deno.test("addresses with more than a host and a port are refused", async () => {
  for (const address of ["http://u:p@host", "http://host/path", "http://host/?a", "ftp://host"]) {
    match((await refused(reachBlobs(address, sign))).message, /^Cannot use --blobs as/);
  }
  for (const address of ["8010", "host", "http://host:1", "a b:1", "h:1/x"]) {
    const serving = Effect.scoped(serveBlobs({ folder: "", address, sign }));
    match(
      (await refused(serving)).message,
      /^Cannot serve blobs as --serve-blobs must be HOST:PORT/,
    );
  }
});
