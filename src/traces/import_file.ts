import { Effect, Result, Stream } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { type InputFile, readJson } from "../files/input_file.ts";
import { type RowResult, rowsOfLines } from "../files/lines.ts";
import { importDocument, type Imported } from "./import_document.ts";

/** Most bytes of a document; JSON Lines have as many documents as they like. */
export const MOST_BYTES = 1 << 26;

/** The traces of a file of JSON or JSON Lines, each with why it is none. `name` is the file in their sources. */
export function importFile(file: InputFile, name: string): Stream.Stream<Imported> {
  if (/\.(jsonl|ndjson)$/.test(file.path)) {
    return importRows(Stream.flattenIterable(rowsOfLines(file)), name);
  }
  const document = readJson(file, `"${file.path}"`, MOST_BYTES);
  return refusing(
    Stream.unwrap(
      Effect.map(document, (found) => Stream.fromIterable(importDocument(found, name))),
    ),
    name,
  );
}

/** The traces of a file's rows. */
export function importRows(
  rows: Stream.Stream<RowResult, BadInput>,
  name: string,
): Stream.Stream<Imported> {
  const traces = rows.pipe(
    Stream.map((row) =>
      Result.isFailure(row)
        ? [refused(name, row.failure.message)]
        : importDocument(row.success.value, `${name}#${row.success.row - 1}`)
    ),
    Stream.flattenIterable,
  );
  return refusing(traces, name);
}

/** The same traces; where a file cannot be read it is refused, so that others are read on. */
export function refusing(
  traces: Stream.Stream<Imported, BadInput>,
  source: string,
): Stream.Stream<Imported> {
  return Stream.catch(traces, ({ message }) => Stream.succeed(refused(source, message)));
}

/** What is no trace, whatever its format. */
export function refused(source: string, reason: string): Imported {
  return Result.fail({ source, format: null, reason });
}
