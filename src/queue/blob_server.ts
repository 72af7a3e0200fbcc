/**
 * Gives workers the trainer's blobs, and takes theirs. A request names one blob by its hash and is signed for it: GET
 * answers with its bytes, from `range` on; PUT keeps bytes that have this hash. There is nothing else, no list either.
 */
import { createHash } from "node:crypto";
import { Effect, FiberSet } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote } from "../domain/quote.ts";
import { reason } from "../domain/reason.ts";
import { temporaryBeside } from "../files/atomic.ts";
import { fileReason, onDisk } from "../files/disk.ts";
import { append } from "../files/file_bytes.ts";
import { readParts } from "./body_parts.ts";
import { isSigned, type Sign } from "./blob_secret.ts";

/** How long whoever sends a blob may be silent, milliseconds. */
const SILENCE_MILLIS = 1000 * LIMITS.blobSilenceSeconds;

/** What is served, and to whom. */
export interface ServedBlobs {
  readonly folder: string;
  /** HOST:PORT; port 0 is any that is free. */
  readonly address: string;
  readonly sign: Sign;
  /** The most bytes of a blob that is put. @default {LIMITS.groupBytes} */
  readonly mostBytes?: number;
  /** @default {LIMITS.blobSilenceSeconds} */
  readonly silenceMillis?: number;
}

/** Serves a folder of blobs until the scope closes; answers with its address. */
export const serveBlobs = Effect.fn("serveBlobs")(function* (served: ServedBlobs) {
  const { address } = served;
  const [, hostname, port] = /^(\[[\da-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(address) ?? [];
  if (hostname === undefined) {
    return yield* new BadInput({
      message: `Cannot serve blobs as --serve-blobs must be HOST:PORT: current value is ` +
        quote(address),
    });
  }
  const run = yield* FiberSet.makeRuntimePromise<never, Response, never>();
  const server = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        Deno.serve(
          { hostname: hostname.replaceAll(/[[\]]/g, ""), port: Number(port), onListen: () => {} },
          (request) => run(answer(request, served)),
        ),
      catch: (error) =>
        new BadInput({ message: `Cannot listen on ${quote(address)}: ${reason(error)}` }),
    }),
    (server) => Effect.promise(() => server.shutdown()).pipe(Effect.timeoutOption("1 second")),
  );
  return `http://${hostname}:${server.addr.port}`;
});

const answer = Effect.fnUntraced(function* (request: Request, served: ServedBlobs) {
  const { pathname } = new URL(request.url);
  if (!isSigned(served.sign, request, pathname)) return refusal(401, "its signature is wrong");
  const sha256 = /^\/([0-9a-f]{64})$/.exec(pathname)?.[1];
  if (sha256 === undefined) return refusal(404, "a blob is named by a SHA-256");
  const path = `${served.folder}/${sha256}`;
  switch (request.method) {
    case "GET":
      return yield* Effect.promise(() => give(path, request));
    case "PUT":
      return yield* take(path, { sha256, request, served });
    default:
      return refusal(405, "blobs are got or put");
  }
});

/** The file itself is the body: Deno sends it as fast as its reader takes it, and holds little of it. */
async function give(path: string, { headers }: Request): Promise<Response> {
  const file = await Deno.open(path).catch(() => null);
  if (file === null) return refusal(404, "there is no such blob");
  const { size } = await file.stat();
  const start = Number(/^bytes=(\d{1,15})-$/.exec(headers.get("range") ?? "bytes=0-")?.[1] ?? size);
  if (start > 0 && start >= size) {
    file.close();
    return refusal(416, `the blob has ${size} bytes`);
  }
  await file.seek(start, Deno.SeekMode.Start);
  return new Response(file.readable, {
    status: start === 0 ? 200 : 206,
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(size - start),
      ...(start === 0 ? {} : { "content-range": `bytes ${start}-${size - 1}/${size}` }),
    },
  });
}

/** Keeps what is sent if it has the hash and the size that it says to have. */
const take = Effect.fnUntraced(
  function* (
    path: string,
    { sha256, request, served }: {
      readonly sha256: string;
      readonly request: Request;
      readonly served: ServedBlobs;
    },
  ) {
    const { silenceMillis = SILENCE_MILLIS, mostBytes = LIMITS.groupBytes } = served;
    const length = /^\d{1,15}$/.exec(request.headers.get("content-length") ?? "")?.[0];
    if (length === undefined) return refusal(411, "a blob is sent with its length");
    const bytes = Number(length);
    if (bytes > mostBytes) {
      return refusal(413, `it must have at most ${mostBytes} bytes: it has ${bytes}`);
    }
    const temporary = temporaryBeside(path);
    const hash = createHash("sha256");
    const file = yield* Effect.acquireRelease(
      onDisk("write a blob", () => Deno.open(temporary, { write: true, createNew: true })),
      (file) =>
        Effect.promise(async () => {
          file.close();
          await Deno.remove(temporary).catch(() => {});
        }),
    );
    const { body } = request;
    const received = yield* Effect.tryPromise({
      try: (signal) =>
        readParts(body, { silenceMillis, signal }, (part) => {
          hash.update(part);
          return append(file, part);
        }),
      catch: (error) => new BadInput({ message: `Cannot keep a blob: ${fileReason(error)}` }),
    });
    if (received < bytes) return refusal(408, `only ${received} of ${bytes} bytes came`);
    if (hash.digest("hex") !== sha256) {
      return refusal(422, "its bytes must have the hash of its name");
    }
    yield* onDisk("write a blob", () => Deno.rename(temporary, path));
    return new Response(null, { status: 204 });
  },
  Effect.scoped,
  Effect.catchTag("BadInput", ({ message }) => Effect.succeed(refusal(500, message))),
);

function refusal(status: number, rule: string): Response {
  return new Response(rule, { status, headers: { "content-type": "text/plain" } });
}
