import { Effect, Result, type Schema } from "effect";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { onDisk, readText } from "./disk.ts";
import { parseLines, type Row } from "./lines.ts";

/** Rows of JSON Lines text that follows `before` lines; empty lines are skipped. Fails with `BadInput` naming the row. */
export function parseJsonl(
  text: string,
  path: string,
  before = 0,
): Result.Result<ReadonlyArray<Row>, BadInput> {
  return Result.all(parseLines(text.split("\n"), path, before));
}

/** Rows of a JSON Lines file. */
export const readJsonl = Effect.fn("readJsonl")(function* (path: string) {
  const text = yield* readText(path);
  return yield* Effect.fromResult(parseJsonl(text, path));
});

/** Rows of a JSON Lines file that a program was writing when it was killed: a last line that was cut short is left out. */
export const readUncutJsonl = Effect.fn("readUncutJsonl")(function* (path: string) {
  const text = yield* readText(path);
  return yield* Effect.fromResult(parseJsonl(text.slice(0, text.lastIndexOf("\n") + 1), path));
});

/** A row in a schema's form; fails with `BadInput` that names file, row and field. */
export function decodeRow<S extends Schema.Decoder<unknown>>(
  schema: S,
  { row, value }: Row,
  path: string,
): Result.Result<S["Type"], BadInput> {
  return decodeInput(schema, value, `Cannot read "${path}" as in row ${row}`);
}

/** A JSON Lines file that is open for appending. */
export interface JsonlWriter {
  /** Adds one line; the operating system has it when this returns. */
  readonly append: (value: unknown) => Effect.Effect<void, BadInput>;
  /** Returns when the disk holds all lines. */
  readonly sync: Effect.Effect<void, BadInput>;
}

/**
 * Opens a JSON Lines file for appending until the scope closes. A last line that a crash cut short is removed
 * first, so that every line stays readable.
 */
export const openJsonlWriter = Effect.fn("openJsonlWriter")(function* (path: string) {
  const file = yield* Effect.acquireRelease(
    onDisk(`write "${path}"`, () => openForAppending(path)),
    (file) => Effect.sync(() => file.close()),
  );
  const append = Effect.fnUntraced(function* (value: unknown) {
    const links = yield* onDisk(`write "${path}"`, async () => {
      await writeAll(file, new TextEncoder().encode(jsonLine(value)));
      return (await file.stat()).nlink;
    });
    if (links === 0) {
      return yield* new BadInput({
        message: `Cannot write "${path}" as the file must stay in place while it is open: ` +
          `it was deleted`,
      });
    }
  });
  const sync = onDisk(`write "${path}"`, () => file.sync());
  return { append, sync } satisfies JsonlWriter;
});

/**
 * A value as one line of JSON. Numbers that JSON lacks become the strings `"NaN"`, `"Infinity"` and
 * `"-Infinity"`, typed arrays become arrays.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    if (ArrayBuffer.isView(part) && !(part instanceof DataView)) return Array.from(part as never);
    return part;
  }) + "\n";
}

async function openForAppending(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    const end = await endOfLastLine(file);
    await file.truncate(end);
    await file.seek(end, Deno.SeekMode.Start);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

const LINE_END = 0x0a;
const BLOCK_BYTES = 1 << 16;

// Searches backwards, block by block, since a metrics file may be long but its last line is short.
async function endOfLastLine(file: Deno.FsFile): Promise<number> {
  const block = new Uint8Array(BLOCK_BYTES);
  for (let end = (await file.stat()).size; end > 0;) {
    const start = Math.max(0, end - BLOCK_BYTES);
    await file.seek(start, Deno.SeekMode.Start);
    const read = await file.read(block.subarray(0, end - start)) ?? 0;
    const lineEnd = block.subarray(0, read).lastIndexOf(LINE_END);
    if (lineEnd >= 0) return start + lineEnd + 1;
    end = start;
  }
  return 0;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
