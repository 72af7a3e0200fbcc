import { createHash } from "node:crypto";
import { Clock, Effect, Schedule, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { onDisk, pathExists } from "./disk.ts";
import { append } from "./file_bytes.ts";
import { hubFolder } from "./hub_cache.ts";
import type { HubFile } from "./hub_listing.ts";
import {
  failed,
  gaveUp,
  hubFetch,
  HubPatience,
  type HubPlace,
  HubUnreachable,
  inTime,
  type Patience,
  refused,
  retryHub,
} from "./hub_request.ts";

/** A file of a commit. */
export interface HubBlob extends HubPlace {
  readonly commit: string;
  readonly file: HubFile;
}

/** Is called with the number of bytes of a file that are there. */
export type ShowBytes = (file: HubFile, bytes: number) => Effect.Effect<void>;

const EXCLUSIVE = true;

/**
 * Makes sure that the cache has a blob; true when it had to be fetched. Bytes go to `HASH.incomplete`, where the next
 * try or the next run continues. That file gets its final name when its hash is right.
 */
export const fetchBlob = Effect.fn("fetchBlob")(function* (blob: HubBlob, show: ShowBytes) {
  const { settings, model, file } = blob;
  const repo = hubFolder(settings.cache, model.id);
  const path = `${repo}/blobs/${file.hash}`;
  const part = `${path}.incomplete`;
  yield* lockBlob(blob);
  if (yield* pathExists(path)) return false;
  yield* onDisk(`write "${path}"`, () => Deno.mkdir(`${repo}/blobs`, { recursive: true }));
  yield* download(blob, part, show).pipe(
    retryHub,
    Effect.catchTag("HubUnreachable", (cause) => keptPart(blob, part, cause)),
  );
  yield* checkHash(blob, part);
  yield* onDisk(`write "${path}"`, () => Deno.rename(part, path));
  return true;
}, Effect.scoped);

/** Holds the lock that keeps other tools from fetching the same blob, until the scope closes. */
const lockBlob = Effect.fnUntraced(function* ({ settings, model, file }: HubBlob) {
  const folder = hubFolder(`${settings.cache}/.locks`, model.id);
  const path = `${folder}/${file.hash}.lock`;
  const lock = yield* Effect.acquireRelease(
    onDisk(`lock "${path}"`, async () => {
      await Deno.mkdir(folder, { recursive: true });
      return await Deno.open(path, { write: true, create: true });
    }),
    (lock) => Effect.sync(() => lock.close()),
  );
  // The lock is polled, since Ctrl-C could not end a call that waits for it.
  yield* onDisk(`lock "${path}"`, () => lock.tryLock(EXCLUSIVE)).pipe(
    Effect.repeat({ until: (isHeld) => isHeld, schedule: Schedule.spaced("200 millis") }),
  );
});

/** Appends the missing bytes to `part`, in one request. */
const download = Effect.fnUntraced(function* (blob: HubBlob, part: string, show: ShowBytes) {
  const { file } = blob;
  const { silence, pace } = yield* HubPatience;
  const out = yield* Effect.acquireRelease(
    onDisk(`write "${part}"`, () => openPart(part)),
    (out) => Effect.sync(() => out.close()),
  );
  const { size } = yield* onDisk(`read "${part}"`, () => out.stat());
  if (size === file.size) return;
  const response = yield* request(blob, size < file.size ? size : 0);
  // A server without range requests sends the file from its first byte.
  const start = response.status === 206 ? size : 0;
  yield* onDisk(`write "${part}"`, async () => {
    await out.truncate(start);
    await out.seek(start, Deno.SeekMode.Start);
  });
  const end = yield* Stream.fromReadableStream({
    evaluate: () => response.body ?? new ReadableStream<Uint8Array>(),
    onError: (error) => failed(blob, error),
  }).pipe(
    Stream.timeout(`${silence} seconds`),
    keepsPace(pace),
    Stream.mapAccum(() => start, (before, bytes) => {
      const done = before + bytes.length;
      return [done, [{ bytes, done }]] as const;
    }),
    Stream.takeUntil(({ done }) => done >= file.size),
    Stream.runFoldEffect(
      () => start,
      (_, { bytes, done }) =>
        onDisk("write", () => append(out, bytes)).pipe(
          Effect.catch((cause) => notWritten(blob, part, cause)),
          Effect.andThen(show(file, done)),
          Effect.as(done),
        ),
    ),
  );
  yield* onDisk(`write "${part}"`, () => out.sync());
  // The connection broke, or was silent for too long.
  if (end < file.size) {
    return yield* new HubUnreachable({
      message: `the connection ended after ${end} of ${file.size} bytes`,
    });
  }
}, Effect.scoped);

/** Opens the file of the bytes that are there. A link in its place could lead anywhere: it is removed. */
async function openPart(part: string): Promise<Deno.FsFile> {
  const there = await Deno.lstat(part).catch(() => null);
  if (there?.isSymlink) await Deno.remove(part);
  return await Deno.open(part, { write: true, create: true });
}

/** Fails where too few bytes come in a while: a server that sends one now and then would never end. */
const keepsPace = ({ bytes, seconds }: Patience["pace"]) =>
<E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
): Stream.Stream<Uint8Array, E | HubUnreachable, R> =>
  Stream.mapAccumEffect(
    stream,
    () => ({ since: 0, came: 0 }),
    Effect.fnUntraced(function* ({ since, came }, part) {
      const now = yield* Clock.currentTimeMillis;
      const sum = came + part.length;
      const start = since === 0 ? now : since;
      if (now - start < 1000 * seconds) return [{ since: start, came: sum }, [part]] as const;
      if (sum >= bytes) return [{ since: now, came: 0 }, [part]] as const;
      return yield* new HubUnreachable({ message: `only ${sum} bytes came in ${seconds} s` });
    }),
  );

/** Asks for the bytes from `start` on. */
const request = Effect.fnUntraced(function* (blob: HubBlob, start: number) {
  const { settings, model, commit, file } = blob;
  const response = yield* Effect.tryPromise({
    try: (signal) =>
      hubFetch(settings)(`${settings.endpoint}/${model.id}/resolve/${commit}/${file.name}`, {
        headers: {
          // Uncompressed, since the bytes of a compressed answer could not be counted.
          "accept-encoding": "identity",
          ...(start > 0 ? { range: `bytes=${start}-` } : {}),
        },
        signal,
      }),
    catch: (error) => failed(blob, error),
  }).pipe(inTime);
  const range = response.headers.get("content-range");
  const isWanted = response.status === 200 ||
    response.status === 206 && range?.startsWith(`bytes ${start}-`);
  if (isWanted) return response;
  yield* Effect.ignore(Effect.tryPromise(async () => await response.body?.cancel()));
  const words = response.headers.get("x-error-message") ?? file.name;
  return yield* Effect.fail(refused(blob, { status: response.status, words }));
});

/** Fails when the hash of a fetched file is wrong, and removes that file. */
const checkHash = Effect.fnUntraced(function* ({ model, file }: HubBlob, part: string) {
  const found = yield* onDisk(`read "${part}"`, () => hashFile(part, file));
  if (found === file.hash) return;
  yield* onDisk(`remove "${part}"`, () => Deno.remove(part));
  return yield* new BadInput({
    message: `Cannot fetch "${model.id}" as the hash of ${file.name} must be ${file.hash}: it is ` +
      `${found}; the file is removed, and running again fetches it anew`,
  });
});

/** Hash of a file: LFS's sha256 of its bytes, or git's sha1 of a header and its bytes. */
async function hashFile(path: string, { hash, size }: HubFile): Promise<string> {
  const hasher = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length === 40) hasher.update(`blob ${size}\0`);
  const file = await Deno.open(path);
  for await (const bytes of file.readable) hasher.update(bytes);
  return hasher.digest("hex");
}

const partSize = (part: string) =>
  Effect.promise(() => Deno.stat(part).then(({ size }) => size, () => 0));

const keptPart = Effect.fnUntraced(function* (blob: HubBlob, part: string, cause: HubUnreachable) {
  const { name, size } = blob.file;
  const kept = yield* partSize(part);
  return yield* gaveUp(
    blob,
    cause,
    `${kept} of ${size} bytes of ${name} are kept, and running again goes on from there`,
  );
});

const notWritten = Effect.fnUntraced(function* (blob: HubBlob, part: string, cause: BadInput) {
  const kept = yield* partSize(part);
  return yield* new BadInput({
    message:
      `Cannot keep ${blob.file.name} of "${blob.model.id}" as "${part}" must have room for ` +
      `${blob.file.size} bytes: ${cause.message.replace(/^Cannot write: /, "")}; ${kept} bytes ` +
      `are kept, and running again goes on from there`,
  });
});
