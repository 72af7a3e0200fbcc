/** Files and folders that are read alike wherever they lie: on disk, or given to a page. */
import { Effect, Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { reason } from "../domain/reason.ts";

/** Some bytes of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** A file that can be read. */
export interface InputFile {
  /** Its name in errors. */
  readonly path: string;
  /** Bytes. */
  readonly size: Effect.Effect<number, BadInput>;
  /** Its text, which `what` names in errors; fails for other bytes than UTF-8 and for more than `most`. */
  readonly text: (what?: string, most?: number) => Effect.Effect<string, BadInput>;
  /** Exactly the bytes of a range; fails where the file ends within it. */
  readonly range: (range: ByteRange) => Effect.Effect<Uint8Array<ArrayBuffer>, BadInput>;
  /** All of its bytes, piece by piece. */
  readonly chunks: Effect.Effect<AsyncIterable<Uint8Array>, BadInput>;
}

/** A folder that can be read. */
export interface InputFolder {
  /** Its name in errors. */
  readonly path: string;
  /** A file by its name, whether or not it is there. */
  readonly file: (name: string) => InputFile;
  readonly has: (name: string) => Effect.Effect<boolean, BadInput>;
}

/** Text of bytes, without a BOM; fails where they are not UTF-8. */
export function utf8Text(bytes: Uint8Array, what: string): Result.Result<string, BadInput> {
  return Result.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () =>
      new BadInput({
        message: `Cannot read ${what} as it must be UTF-8 text: it holds other bytes`,
      }),
  });
}

/** The error for a file of more than `most` bytes that is to be read whole. */
export function tooLong(what: string, most: number): BadInput {
  return new BadInput({
    message: `Cannot read ${what} as it must have at most ${most} bytes: it has more`,
  });
}

/** The error for a file that ends within a range. */
export function tooShort(path: string, { offset, length }: ByteRange, found: number): BadInput {
  return new BadInput({
    message: `Cannot read "${path}" as it must hold ${length} bytes from ${offset} on: ` +
      `current value is ${found}`,
  });
}

/** Reads a file of JSON; `what` names it in errors. */
export const readJson = Effect.fn("readJson")(
  function* (file: InputFile, what = `"${file.path}"`, most?: number) {
    return yield* Effect.fromResult(parsed(yield* file.text(what, most), what));
  },
);

/** The value of a JSON text, which `what` names in errors. */
export function parsed(text: string, what: string): Result.Result<unknown, BadInput> {
  return Result.try({
    try: (): unknown => parseJson(text),
    catch: (error) =>
      new BadInput({ message: `Cannot read ${what} as it must be JSON: ${reason(error)}` }),
  });
}
