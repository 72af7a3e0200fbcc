import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { fileReason, onDisk, reason } from "./disk.ts";
import { badRow, parseLines, type Row, type RowResult } from "./jsonl.ts";
import { parquetRows } from "./parquet.ts";

/** Rows of a `.parquet`, `.jsonl` or `.jsonl.gz` file, first to last, without holding the file in memory. */
export function streamRows(path: string): Stream.Stream<Row, BadInput> {
  return rowBatches(path).pipe(
    Stream.mapEffect((rows) => Effect.fromResult(Result.all(rows))),
    Stream.flattenIterable,
  );
}

/** The same rows, each with what is wrong with it; fails only where a file cannot be read on. */
export function streamRowResults(path: string): Stream.Stream<RowResult, BadInput> {
  return Stream.flattenIterable(rowBatches(path));
}

function rowBatches(path: string): Stream.Stream<ReadonlyArray<RowResult>, BadInput> {
  return path.endsWith(".parquet") ? parquetRows(path) : jsonlRows(path);
}

const LINE_END = 0x0a;

function jsonlRows(path: string): Stream.Stream<ReadonlyArray<RowResult>, BadInput> {
  const isZipped = path.endsWith(".gz");
  return Stream.unwrap(Effect.map(
    onDisk(`read "${path}"`, () => Deno.open(path)),
    ({ readable }) =>
      Stream.fromAsyncIterable(
        batchesOf(isZipped ? unzipped(readable) : readable, path),
        (error) =>
          new BadInput({
            message: isZipped
              ? `Cannot read "${path}" as it must be in gzip: current value is "${reason(error)}"`
              : `Cannot read "${path}": ${fileReason(error)}`,
          }),
      ),
  ));
}

/** The bytes of all members of a gzip file: tools that zip in parallel, or append, write several. */
function unzipped(readable: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  // A failure of either end reaches who reads.
  return pipeline(Readable.from(readable), createGunzip(), () => {});
}

/** Rows of the lines, as many at a time as a chunk of the file ends. */
async function* batchesOf(chunks: AsyncIterable<Uint8Array>, path: string) {
  let rest: Array<Uint8Array> = [];
  let row = 0;
  let isSkipping = false;
  for await (const chunk of chunks) {
    const start = isSkipping ? chunk.indexOf(LINE_END) + 1 : 0;
    if (isSkipping && start === 0) continue;
    const end = chunk.lastIndexOf(LINE_END) + 1;
    if (end > 0) {
      if (isSkipping) row++;
      isSkipping = false;
      const lines = linesOf(joined([...rest, chunk.subarray(start, end)])).slice(0, -1);
      yield parseLines(lines, path, row);
      row += lines.length;
      rest = [];
    }
    rest.push(chunk.subarray(end));
    if (rest.reduce((sum, { length }) => sum + length, 0) > LIMITS.lineBytes) {
      const begins = new TextDecoder().decode(joined(rest).subarray(0, 80));
      const rule = `a line must have at most ${LIMITS.lineBytes} bytes`;
      yield [Result.fail(badRow(path, row + 1, rule, begins))];
      rest = [];
      isSkipping = true;
    }
  }
  yield parseLines(linesOf(joined(rest)), path, row);
}

function joined(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The text between line ends; null for a line that is not UTF-8. A byte order mark is dropped. */
function linesOf(bytes: Uint8Array): ReadonlyArray<string | null> {
  const whole = decoded(bytes);
  if (whole !== null) return whole.split("\n");
  const lines: Array<string | null> = [];
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(LINE_END, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(decoded(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
