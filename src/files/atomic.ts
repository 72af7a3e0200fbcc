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
 * Writes a folder completely or not at all: `fill` writes into a temporary folder beside it, which is then renamed. An
 * existing folder is replaced. After a crash between the two renames, the old folder lies beside the path under a name
 * that begins with a dot.
 */
export const writeFolderAtomic = Effect.fn("writeFolderAtomic")(
  function* <R>(path: string, fill: (folder: string) => Effect.Effect<void, BadInput, R>) {
    const temporary = temporaryBeside(path);
    yield* onDisk(`write "${path}"`, () => Deno.mkdir(temporary));
    yield* fill(temporary).pipe(
      Effect.andThen(syncFolder(temporary)),
      Effect.andThen(swapFolder(temporary, path)),
      Effect.onError(() => remove(temporary)),
    );
    yield* syncFolder(parentOf(path));
  },
);

function swapFolder(temporary: string, path: string): Effect.Effect<void, BadInput> {
  const old = temporaryBeside(path);
  return onDisk(`write "${path}"`, async () => {
    const replaced = await renameIfThere(path, old);
    try {
      await Deno.rename(temporary, path);
    } catch (error) {
      if (replaced) await Deno.rename(old, path);
      throw error;
    }
    if (replaced) await Deno.remove(old, { recursive: true });
  });
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await Deno.rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function remove(path: string): Effect.Effect<void> {
  return Effect.ignore(
    onDisk(`remove "${path}"`, () => Deno.remove(path, { recursive: true })),
  );
}

function temporaryBeside(path: string): string {
  const name = withoutSlash(path).split(/[/\\]/).at(-1)!;
  return `${parentOf(path)}/.${name}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

function parentOf(path: string): string {
  const match = /^(.*)[/\\][^/\\]+$/.exec(withoutSlash(path));
  if (match === null) return ".";
  return match[1] === "" ? "/" : match[1]!;
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)[/\\]+$/, "");
}
