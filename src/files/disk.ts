import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";

/** Most bytes that one call reads or writes, since some systems refuse 2 GiB and more at once. */
const CHUNK_BYTES = 1 << 26;

/** A range of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Runs a disk operation; an exception becomes the error `Cannot <action>: ...`. */
export function onDisk<A>(action: string, run: () => Promise<A>): Effect.Effect<A, BadInput> {
  return Effect.tryPromise({
    try: run,
    catch: (error) =>
      new BadInput({
        message: `Cannot ${action}: ${fileReason(error)}`,
      }),
  });
}

/** Text of a file. Bytes that are not UTF-8 fail instead of turning into U+FFFD; a BOM is dropped. */
export const readText = Effect.fn("readText")(function* (path: string) {
  const bytes = yield* onDisk(`read "${path}"`, () => Deno.readFile(path));
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: (error) =>
      new BadInput({
        message: `Cannot read "${path}" as it must be UTF-8 text: current value is "${
          reason(error)
        }"`,
      }),
  });
});

/** Exactly the bytes of a range; fails when the file ends within it. */
export const readRange = Effect.fn("readRange")(function* (path: string, range: ByteRange) {
  const bytes = new Uint8Array(range.length);
  const filled = yield* Effect.acquireUseRelease(
    onDisk(`read "${path}"`, () => Deno.open(path)),
    (file) => onDisk(`read "${path}"`, () => fill(file, bytes, range.offset)),
    (file) => Effect.sync(() => file.close()),
  );
  if (filled === range.length) return bytes;
  return yield* new BadInput({
    message:
      `Cannot read "${path}" as it must hold ${range.length} bytes from ${range.offset} on: ` +
      `current value is ${filled}`,
  });
});

/** Writes a new file part by part, and returns when the disk holds it. */
export const writeNewFile = Effect.fn("writeNewFile")(
  function* (path: string, parts: Iterable<Uint8Array> | Stream.Stream<Uint8Array, BadInput>) {
    const stream = Stream.isStream(parts) ? parts : Stream.fromIterable(parts);
    yield* Effect.acquireUseRelease(
      onDisk(`write "${path}"`, () => Deno.open(path, { write: true, createNew: true })),
      (file) =>
        Stream.runForEach(stream, (part) => onDisk(`write "${path}"`, () => append(file, part)))
          .pipe(Effect.andThen(onDisk(`write "${path}"`, () => file.sync()))),
      (file) => Effect.sync(() => file.close()),
    );
  },
);

/** Makes renames and new names in a folder survive a power cut, where the system can. */
export const syncFolder = Effect.fnUntraced(function* (path: string) {
  // Windows cannot open folders, so a failure is ignored.
  yield* Effect.ignore(Effect.acquireUseRelease(
    onDisk(`open "${path}"`, () => Deno.open(path)),
    (file) => onDisk(`sync "${path}"`, () => file.sync()),
    (file) => Effect.sync(() => file.close()),
  ));
});

/** Why a file operation failed; common cases are in a user's words, not in those of a system call. */
export function fileReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission is denied";
  // Deno's own advice is to allow everything.
  if (error instanceof Deno.errors.NotCapable) return "Deno lets no program use it";
  return reason(error);
}

/** A path from the root of the file system on; relative ones begin in the folder of this process. */
export function absolutePath(path: string): string {
  return resolve(path);
}

/** The address of a file or folder, as modules are named. */
export function fileUrl(path: string): URL {
  return pathToFileURL(path);
}

/** The message of a thrown value, on one line. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, " ");
}

/** Fills bytes from an offset on, as far as the file goes, and answers with how many. */
export async function fill(file: Deno.FsFile, bytes: Uint8Array, offset: number): Promise<number> {
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled, filled + CHUNK_BYTES));
    if (read === null) break;
    filled += read;
  }
  return filled;
}

/** Writes all bytes of a part at the file's current position. */
export async function append(file: Deno.FsFile, part: Uint8Array): Promise<void> {
  for (let written = 0; written < part.length;) {
    written += await file.write(part.subarray(written, written + CHUNK_BYTES));
  }
}

/** Whether there is a file or folder. */
export const pathExists = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() => Deno.stat(path).then(() => true, () => false));
