import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { fill, onDisk, reason } from "./disk.ts";
import { badRow, parseJsonl, type Row } from "./jsonl.ts";

/** Rows of a `.parquet`, `.jsonl` or `.jsonl.gz` file, first to last, without holding the file in memory. */
export function streamRows(path: string): Stream.Stream<Row, BadInput> {
  return path.endsWith(".parquet") ? parquetRows(path) : jsonlRows(path);
}

/** Longest line of a file of lines, in characters: a file without line ends would fill the memory. */
const LONGEST_LINE = 1 << 24;

function jsonlRows(path: string): Stream.Stream<Row, BadInput> {
  return Stream.unwrap(Effect.map(
    onDisk(`read "${path}"`, () => Deno.open(path)),
    ({ readable }) =>
      Stream.fromAsyncIterable(
        linesOf(readable, path),
        (error) =>
          error instanceof BadInput ? error : new BadInput({
            message: `Cannot read "${path}" as it must be UTF-8 text${
              path.endsWith(".gz") ? " in gzip" : ""
            }: current value is "${reason(error)}"`,
          }),
      ),
  )).pipe(Stream.flattenIterable);
}

/** Rows of the lines, as many at a time as a chunk of the file ends. */
async function* linesOf(readable: ReadableStream<Uint8Array<ArrayBuffer>>, path: string) {
  const bytes = path.endsWith(".gz")
    ? readable.pipeThrough(new DecompressionStream("gzip"))
    : readable;
  const texts = bytes.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }));
  let rest = "";
  let row = 0;
  for await (const text of texts) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length > LONGEST_LINE) {
      throw badRow(path, row + lines.length + 1, "a line must be shorter", rest.slice(0, 80));
    }
    yield rowsOf(lines, row, path);
    row += lines.length;
  }
  yield rowsOf([rest], row, path);
}

function rowsOf(lines: ReadonlyArray<string>, before: number, path: string): ReadonlyArray<Row> {
  return Result.getOrThrow(parseJsonl(lines.join("\n"), path, before));
}

function parquetRows(path: string): Stream.Stream<Row, BadInput> {
  const failed = (error: unknown) =>
    new BadInput({
      message: `Cannot read "${path}" as it must be a Parquet file: current value is "${
        reason(error)
      }"`,
    });
  async function* rows(size: number) {
    const file: AsyncBuffer = {
      byteLength: size,
      slice: async (offset, end = size) => {
        // Slices are read at the same time, each from a place of its own.
        using opened = await Deno.open(path);
        const bytes = new Uint8Array(end - offset);
        await fill(opened, bytes, offset);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    // A column of a group is decoded from its start, so that a group is read at once.
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const values = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      const first = rowStart + 1;
      rowStart = rowEnd;
      yield values.map((value, i): Row => ({ row: first + i, value }));
    }
  }
  return Stream.unwrap(Effect.map(
    onDisk(`read "${path}"`, () => Deno.stat(path)),
    ({ size }) => Stream.fromAsyncIterable(rows(size), failed),
  )).pipe(Stream.flattenIterable);
}
