import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Effect, Result, Stream } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";
import { diskFile, fileReason } from "./disk.ts";
import { type Row, type RowResult, rowsOfLines } from "./lines.ts";
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

function jsonlRows(path: string): Stream.Stream<ReadonlyArray<RowResult>, BadInput> {
  const { chunks } = diskFile(path);
  if (!path.endsWith(".gz")) {
    return rowsOfLines({ path, chunks }, (error) => `: ${fileReason(error)}`);
  }
  return rowsOfLines(
    { path, chunks: Effect.map(chunks, unzipped) },
    (error) => ` as it must be in gzip: current value is "${reason(error)}"`,
  );
}

/** The bytes of all members of a gzip file: tools that zip in parallel, or append, write several. */
function unzipped(readable: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // A failure of either end reaches who reads.
  return pipeline(Readable.from(readable), createGunzip(), () => {});
}
