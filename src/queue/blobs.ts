/** Blobs: bytes named by their SHA-256. Here they are files of a folder; http_blobs.ts fetches them from its owner. */
import { Effect, Schema } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { temporaryBeside } from "../files/atomic.ts";
import { fileReason, onDisk } from "../files/disk.ts";
import { append, fill } from "../files/file_bytes.ts";
import { type BlobRef, sha256Of } from "./job.ts";

/** A blob is not there, or is not what its name says. */
export class BadBlob extends Schema.TaggedError<BadBlob>()("BadBlob", {
  message: Schema.String,
  /** Whether it is only missing: what nothing refers to any more is removed. */
  isMissing: Schema.Boolean,
}) {}

/** What gives blobs cannot be reached; it may be back later. */
export class BlobsAway extends Schema.TaggedError<BlobsAway>()("BlobsAway", {
  message: Schema.String,
}) {}

/** Where blobs are kept. */
export interface Blobs {
  /** Keeps parts that follow each other as one blob. */
  readonly put: (parts: ReadonlyArray<Uint8Array>) => Effect.Effect<BlobRef, BadInput | BlobsAway>;
  /** The bytes of a blob; nothing is allocated for one that says to have more than `most`. */
  readonly get: (
    blob: BlobRef,
    most: number,
  ) => Effect.Effect<Uint8Array<ArrayBuffer>, BadBlob | BlobsAway>;
}

/** Blobs in a folder of this process. */
export interface BlobFolder extends Blobs {
  readonly path: string;
  readonly put: (parts: ReadonlyArray<Uint8Array>) => Effect.Effect<BlobRef, BadInput>;
  readonly get: (blob: BlobRef, most: number) => Effect.Effect<Uint8Array<ArrayBuffer>, BadBlob>;
  readonly remove: (blob: BlobRef) => Effect.Effect<void>;
  /** Removes all other blobs. */
  readonly keepOnly: (blobs: ReadonlyArray<BlobRef>) => Effect.Effect<void, BadInput>;
}

/** Opens a folder of blobs, and makes it where it is missing. */
export const openBlobFolder = Effect.fn("openBlobFolder")(function* (folder: string) {
  const pathOf = ({ sha256 }: BlobRef) => `${folder}/${sha256}`;
  yield* onDisk(`make the folder "${folder}"`, () => Deno.mkdir(folder, { recursive: true }));
  return {
    path: folder,
    put: (parts) => {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      const blob = { sha256: sha256Of(parts), bytes };
      const path = pathOf(blob);
      return Effect.as(onDisk(`write "${path}"`, () => write(path, parts)), blob);
    },
    get: (blob, most) =>
      Effect.tryPromise({
        try: () => read(pathOf(blob), blob, most),
        catch: (error) => {
          const why = error instanceof WrongBytes
            ? error.message
            : `it cannot be read: ${fileReason(error)}`;
          return badBlob(blob, why, error instanceof Deno.errors.NotFound);
        },
      }),
    remove: (blob) => Effect.promise(() => Deno.remove(pathOf(blob)).catch(() => {})),
    keepOnly: (blobs) => {
      const kept = new Set(blobs.map(({ sha256 }) => sha256));
      return onDisk(`remove blobs of "${folder}"`, async () => {
        const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
        const others = names.filter((name) => SHA256.test(name) && !kept.has(name));
        for (const name of others) await Deno.remove(`${folder}/${name}`).catch(() => {});
      });
    },
  } satisfies BlobFolder;
});

/** What is wrong with a blob, in a sentence. */
export function badBlob({ sha256 }: BlobRef, why: string, isMissing = false): BadBlob {
  // As much of its name as a message needs.
  const message = `Cannot use the blob ${sha256.slice(0, 12)}… as ${why}`;
  return new BadBlob({ message, isMissing });
}

const SHA256 = /^[0-9a-f]{64}$/;

/** A reader finds a whole blob or none. It need not survive a power cut: readers compare its hash. */
async function write(path: string, parts: ReadonlyArray<Uint8Array>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (const part of parts) await append(file, part);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await Deno.rename(temporary, path);
}

class WrongBytes extends Error {}

async function read(
  path: string,
  { bytes, sha256 }: BlobRef,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes > most) throw new WrongBytes(`it must have at most ${most} bytes: it has ${bytes}`);
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (size !== bytes) throw new WrongBytes(`it must have ${bytes} bytes: it has ${size}`);
  // Deno.readFile, which does not know the size, takes several times as long.
  const found = new Uint8Array(bytes);
  await fill(file, found, 0);
  const hash = sha256Of([found]);
  if (hash === sha256) return found;
  throw new WrongBytes(`its bytes must have the hash of its name: theirs is ${hash.slice(0, 12)}…`);
}
