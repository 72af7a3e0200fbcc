import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { reason } from "../domain/reason.ts";
import { append, fill } from "./file_bytes.ts";
import {
  type ByteRange,
  type InputFile,
  type InputFolder,
  tooLong,
  tooShort,
  utf8Text,
} from "./input_file.ts";

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

/**
 * Text of a file; `what` names it in errors. Bytes that are not UTF-8 fail instead of turning into U+FFFD; a BOM is
 * dropped.
 */
export const readText = Effect.fn("readText")(function* (
  path: string,
  what = `"${path}"`,
  most: number = LIMITS.wholeFileBytes,
) {
  const bytes = yield* onDisk(`read ${what}`, () => readAtMost(path, most));
  if (bytes === null) return yield* tooLong(what, most);
  return yield* Effect.fromResult(utf8Text(bytes, what));
});

/** The bytes of a file, or null for more than `most`: a device or a pipe does not tell how many it has. */
async function readAtMost(path: string, most: number): Promise<Uint8Array | null> {
  using file = await Deno.open(path);
  const { size, isFile } = await file.stat();
  if (size > most) return null;
  const bytes = new Uint8Array(isFile ? size + 1 : most + 1);
  let filled = 0;
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled === bytes.length ? null : bytes.subarray(0, filled);
}

/** Exactly the bytes of a range; fails when the file ends within it. */
export const readRange = Effect.fn("readRange")(function* (path: string, range: ByteRange) {
  const bytes = new Uint8Array(range.length);
  const filled = yield* Effect.acquireUseRelease(
    onDisk(`read "${path}"`, () => Deno.open(path)),
    (file) => onDisk(`read "${path}"`, () => fill(file, bytes, range.offset)),
    (file) => Effect.sync(() => file.close()),
  );
  return filled === range.length ? bytes : yield* tooShort(path, range, filled);
});

/** A file on disk. */
export function diskFile(path: string): InputFile {
  return {
    path,
    size: onDisk(`read "${path}"`, async () => (await Deno.stat(path)).size),
    text: (what, most) => readText(path, what, most),
    range: (range) => readRange(path, range),
    chunks: Effect.map(
      onDisk(`read "${path}"`, () => Deno.open(path)),
      ({ readable }) => readable,
    ),
  };
}

/** A folder on disk. */
export function diskFolder(path: string): InputFolder {
  return {
    path,
    file: (name) => diskFile(`${path}/${name}`),
    has: (name) => isFile(`${path}/${name}`),
  };
}

function isFile(path: string): Effect.Effect<boolean, BadInput> {
  return onDisk(`read "${path}"`, async () => {
    try {
      return (await Deno.stat(path)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/** Writes a new file part by part, and returns when the disk holds it. */
export const writeNewFile = Effect.fn("writeNewFile")(
  function* <E = BadInput, R = never>(
    path: string,
    parts: Iterable<Uint8Array> | Stream.Stream<Uint8Array, E, R>,
  ) {
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

/** Whether there is a file or folder. */
export const pathExists = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() => Deno.stat(path).then(() => true, () => false));
