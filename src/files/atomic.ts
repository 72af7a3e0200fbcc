import { Effect, Stream } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { onDisk, syncFolder, writeNewFile } from "./disk.ts";

/**
 * Writes a file so that a reader finds either the old content or the whole new content, also after a crash. It writes
 * a temporary file beside it, flushes it and renames it.
 */
export const writeFileAtomic = Effect.fn("writeFileAtomic")(
  function* (path: string, content: string | Uint8Array) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const temporary = temporaryBeside(path);
    yield* writeNewFile(temporary, [bytes]).pipe(
      Effect.andThen(onDisk(`write "${path}"`, () => Deno.rename(temporary, path))),
      Effect.onError(() => remove(temporary)),
    );
    yield* syncFolder(parentOf(path));
  },
);

/** Writes texts as they come, with the same promise: where the stream fails or is interrupted, nothing is left. */
export const writeStreamAtomic = Effect.fn("writeStreamAtomic")(
  function* <E, R>(path: string, texts: Stream.Stream<string, E, R>) {
    const temporary = temporaryBeside(path);
    const encoder = new TextEncoder();
    yield* writeNewFile(temporary, Stream.map(texts, (text) => encoder.encode(text))).pipe(
      Effect.andThen(onDisk(`write "${path}"`, () => Deno.rename(temporary, path))),
      Effect.onError(() => remove(temporary)),
    );
    yield* syncFolder(parentOf(path));
  },
);

/**
 * Writes a folder completely or not at all: `fill` writes into `.NAME.tmp` beside it, which is then renamed. An existing
 * folder is replaced. After a crash between the two renames, the old folder lies beside the path as `.NAME.old.tmp`. One
 * program at a time may write a folder.
 */
export const writeFolderAtomic = Effect.fn("writeFolderAtomic")(
  function* <R>(path: string, fill: (folder: string) => Effect.Effect<void, BadInput, R>) {
    const temporary = hiddenBeside(path, "tmp");
    yield* onDisk(`write "${path}"`, async () => {
      await removeIfThere(temporary);
      await Deno.mkdir(temporary);
    });
    yield* fill(temporary).pipe(
      Effect.andThen(syncFolder(temporary)),
      Effect.andThen(swapFolder(temporary, path)),
      Effect.onError(() => remove(temporary)),
    );
    yield* syncFolder(parentOf(path));
  },
);

function swapFolder(temporary: string, path: string): Effect.Effect<void, BadInput> {
  return onDisk(`write "${path}"`, async () => {
    if (!(await isThere(path))) return await Deno.rename(temporary, path);
    const old = hiddenBeside(path, "old.tmp");
    await removeIfThere(old);
    await Deno.rename(path, old);
    try {
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.rename(old, path);
      throw error;
    }
    await Deno.remove(old, { recursive: true });
  });
}

function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}

async function removeIfThere(path: string): Promise<void> {
  if (await isThere(path)) await Deno.remove(path, { recursive: true });
}

function remove(path: string): Effect.Effect<void> {
  return Effect.ignore(
    onDisk(`remove "${path}"`, () => Deno.remove(path, { recursive: true })),
  );
}

/** The name of a file that is written before it gets its own name. Several programs may write one file. */
export function temporaryBeside(path: string): string {
  return hiddenBeside(path, `${crypto.randomUUID().slice(0, 8)}.tmp`);
}

function hiddenBeside(path: string, ending: string): string {
  const name = withoutSlash(path).split(/[/\\]/).at(-1)!;
  return `${parentOf(path)}/.${name}.${ending}`;
}

const TEMPORARY = /^\..+\.tmp$/;

/** Removes from a folder what killed programs left. Nobody else may be writing there. */
export const removeTemporaries = Effect.fn("removeTemporaries")(function* (folder: string) {
  yield* onDisk(`remove unfinished files of "${folder}"`, async () => {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    for (const name of names.filter((name) => TEMPORARY.test(name))) {
      await Deno.remove(`${folder}/${name}`, { recursive: true });
    }
  });
});

/** Removes a folder such that a crash leaves all of it or nothing under its name. */
export const removeFolderAtomic = Effect.fn("removeFolderAtomic")(function* (path: string) {
  const old = hiddenBeside(path, "old.tmp");
  yield* onDisk(`remove "${path}"`, async () => {
    await removeIfThere(old);
    await Deno.rename(path, old);
    await Deno.remove(old, { recursive: true });
  });
});

function parentOf(path: string): string {
  const match = /^(.*)[/\\][^/\\]+$/.exec(withoutSlash(path));
  if (match === null) return ".";
  return match[1] === "" ? "/" : match[1]!;
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)[/\\]+$/, "");
}
