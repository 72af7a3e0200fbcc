/// <reference lib="dom" />
/** Files that the reader of a page gave it, as models and logs are read. */
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { reason } from "../domain/reason.ts";
import {
  type InputFile,
  type InputFolder,
  tooLong,
  tooShort,
  utf8Text,
} from "../files/input_file.ts";

/** A file with its path from what was given on, such as `runs/1.json`. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

/** A file that was given. Its size is known before any of it is read. */
export function givenFile({ path, file }: GivenFile): InputFile {
  const read = (part: Blob) =>
    Effect.tryPromise({
      try: async () => new Uint8Array(await part.arrayBuffer()),
      catch: (error) => new BadInput({ message: `Cannot read "${path}": ${reason(error)}` }),
    });
  return {
    path,
    size: Effect.succeed(file.size),
    text: Effect.fnUntraced(
      function* (what = `"${path}"`, most: number = LIMITS.wholeFileBytes) {
        if (file.size > most) return yield* tooLong(what, most);
        return yield* Effect.fromResult(utf8Text(yield* read(file), what));
      },
    ),
    range: Effect.fnUntraced(function* (range) {
      const bytes = yield* read(file.slice(range.offset, range.offset + range.length));
      return bytes.length === range.length ? bytes : yield* tooShort(path, range, bytes.length);
    }),
    chunks: Effect.sync(() => chunksOf(file.stream())),
  };
}

// Not every browser can iterate over a stream.
async function* chunksOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

/** The folder of files that were given together. */
export function givenFolder(files: ReadonlyArray<GivenFile>): InputFolder {
  const byName = new Map(files.map((one) => [one.path.split("/").at(-1)!, one]));
  const folder = files[0]?.path.split("/").at(-2) ?? "";
  const path = folder === "" ? "the model" : folder;
  return {
    path,
    file: (name) => {
      const found = byName.get(name);
      return found === undefined ? missing(`${path}/${name}`) : givenFile(found);
    },
    has: (name) => Effect.succeed(byName.has(name)),
  };
}

function missing(path: string): InputFile {
  const fail = Effect.fail(
    new BadInput({ message: `Cannot read "${path}": there is no such file` }),
  );
  return { path, size: fail, text: () => fail, range: () => fail, chunks: fail };
}
