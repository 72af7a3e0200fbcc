/** Blobs that a trainer serves, as its workers see them. Nothing but this one address is asked. */
import { createHash, type Hash } from "node:crypto";
import { Clock, Effect, Schedule, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote } from "../domain/quote.ts";
import { readAtMost } from "../files/body.ts";
import { fileReason } from "../files/disk.ts";
import { fetchReason, line } from "../files/fetch_error.ts";
import { SECRET_NAME, type Sign } from "./blob_secret.ts";
import { badBlob, type Blobs, BlobsAway } from "./blobs.ts";
import { readParts } from "./body_parts.ts";
import { type BlobRef, sha256Of } from "./job.ts";

/** How long a server may be away or silent. */
export interface BlobTimes {
  /** Until a server that is away, or from which nothing comes, is given up. @default {LIMITS.blobSilenceSeconds} */
  readonly patienceMillis?: number;
  /** Between two tries. @default {500} */
  readonly retryMillis?: number;
}

interface Server extends Required<BlobTimes> {
  readonly origin: string;
  readonly sign: Sign;
}

/** The blobs at an address such as `http://10.0.0.1:8010`. */
export const reachBlobs = Effect.fn("reachBlobs")(function* (
  address: string,
  sign: Sign,
  { patienceMillis = 1000 * LIMITS.blobSilenceSeconds, retryMillis = 500 }: BlobTimes = {},
) {
  const { origin, protocol } = URL.parse(address) ?? {};
  if (origin !== address || !/^https?:$/.test(protocol!)) {
    return yield* new BadInput({
      message: `Cannot use --blobs as it must be a folder, or an address such as ` +
        `http://HOST:PORT: current value is ${quote(address)}`,
    });
  }
  const server = { origin, sign, patienceMillis, retryMillis };
  return {
    get: (blob, most) =>
      blob.bytes > most
        ? Effect.fail(badBlob(blob, `it must have at most ${most} bytes: it has ${blob.bytes}`))
        : download(blob, server),
    put: (parts) => upload(parts, server),
  } satisfies Blobs;
});

/** A server's refusal, for good. */
class Refused extends Schema.TaggedError<Refused>()("Refused", {
  message: Schema.String,
  isMissing: Schema.Boolean,
}) {}

/** The part of a blob that is there. */
interface Got {
  readonly all: Uint8Array<ArrayBuffer>;
  filled: number;
  hash: Hash;
}

const download = Effect.fn("HttpBlobs.get")(function* (blob: BlobRef, server: Server) {
  const got: Got = { all: new Uint8Array(blob.bytes), filled: 0, hash: createHash("sha256") };
  yield* patiently(receive(blob, got, server), server, () => got.filled);
  const found = got.hash.digest("hex");
  if (found === blob.sha256) return got.all;
  const why = `its bytes must have the hash of its name: theirs is ${found.slice(0, 12)}…`;
  return yield* badBlob(blob, why);
});

const upload = Effect.fn("HttpBlobs.put")(
  function* (parts: ReadonlyArray<Uint8Array>, server: Server) {
    const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (body.set(part, at), at + part.length), 0);
    const blob: BlobRef = { sha256: sha256Of([body]), bytes: body.length };
    const sent = ask(blob, { method: "PUT", body }, server);
    yield* patiently(sent, server).pipe(
      Effect.catchTag(
        "Refused",
        ({ message }) => Effect.fail(new BadInput({ message: `Cannot give a blob as ${message}` })),
      ),
    );
    return blob;
  },
);

/** Tries again while the server is away, until `progress` has stood still for as long as there is patience. */
const patiently = <A, E>(
  attempt: Effect.Effect<A, E | BlobsAway>,
  { patienceMillis, retryMillis }: BlobTimes & Server,
  progress: () => number = () => 0,
) => {
  let last = { progress: -1, millis: 0 };
  return Effect.retry(attempt, {
    schedule: Schedule.spaced(retryMillis),
    while: Effect.fnUntraced(function* (error) {
      if (!(error instanceof BlobsAway)) return false;
      const millis = yield* Clock.currentTimeMillis;
      if (progress() > last.progress) last = { progress: progress(), millis };
      return millis - last.millis < patienceMillis;
    }),
  });
};

class TooMany extends Error {}

/** Receives what is missing of a blob, in one request. */
const receive = Effect.fnUntraced(function* (blob: BlobRef, got: Got, server: Server) {
  const { bytes } = blob;
  const from = got.filled;
  const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
  const response = yield* ask(blob, { method: "GET", headers }, server).pipe(
    Effect.catchTag(
      "Refused",
      ({ message, isMissing }) => Effect.fail(badBlob(blob, message, isMissing)),
    ),
  );
  // A server without ranges begins anew.
  if (!response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) {
    got.filled = 0;
    got.hash = createHash("sha256");
  }
  const { body } = response;
  yield* Effect.tryPromise({
    try: (signal) =>
      readParts(body, { silenceMillis: server.patienceMillis, signal }, (part) => {
        if (got.filled + part.length > bytes) throw new TooMany();
        got.all.set(part, got.filled);
        got.hash.update(part);
        got.filled += part.length;
      }),
    catch: (error) =>
      error instanceof TooMany
        ? badBlob(blob, `it must have ${bytes} bytes: it has more`)
        : away(server, fetchReason(error)),
  });
  if (got.filled < bytes) {
    return yield* away(server, `the connection ended after ${got.filled} of ${bytes} bytes`);
  }
});

/** An upload must be as fast as this, bytes a second. */
const SLOWEST = 16_384;

/** Asks for a blob, or gives it. */
const ask = Effect.fnUntraced(function* (
  { sha256, bytes }: BlobRef,
  request: {
    readonly method: "GET" | "PUT";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array<ArrayBuffer>;
  },
  server: Server,
) {
  const { origin, sign, patienceMillis } = server;
  const { method, headers } = request;
  const path = `/${sha256}`;
  const sending = method === "PUT" ? 1000 * bytes / SLOWEST : 0;
  const response = yield* Effect.tryPromise({
    try: (signal) =>
      fetch(origin + path, {
        ...request,
        headers: { ...headers, authorization: sign(method, path) },
        // An answer leads to no other address.
        redirect: "manual",
        signal,
      }),
    catch: (error) =>
      error instanceof Deno.errors.NotCapable
        ? new Refused({ message: `${origin}: ${fileReason(error)}`, isMissing: false })
        : away(server, fetchReason(error)),
  }).pipe(
    Effect.timeoutOrElse({
      duration: patienceMillis + sending,
      orElse: () => Effect.fail(away(server, "it does not answer")),
    }),
  );
  if (response.ok) return response;
  return yield* refusalOf(response, server);
});

const away = ({ origin }: Server, why: string) =>
  new BlobsAway({ message: `Cannot reach the blobs at ${origin}: ${line(why)}` });

const LONGEST_REASON = 1000;

const refusalOf = Effect.fnUntraced(function* (response: Response, server: Server) {
  const { status, body } = response;
  const words = yield* Effect.promise(() => readAtMost(body, LONGEST_REASON).catch(() => null));
  const said = `${status} (${line(new TextDecoder().decode(words ?? new Uint8Array()))})`;
  if (status === 408 || status === 429 || status >= 500) {
    return yield* away(server, `it answers ${said}`);
  }
  const rule = status === 401 ? `${SECRET_NAME} must be the trainer's` : "the trainer must agree";
  return yield* new Refused({
    message: `${rule}: ${server.origin} answers ${said}`,
    isMissing: status === 404,
  });
});
