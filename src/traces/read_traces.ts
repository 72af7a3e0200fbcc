import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { readText, reason } from "../files/disk.ts";
import { filesBelow } from "../files/files_below.ts";
import { streamRowResults } from "../files/row_stream.ts";
import { listZip, readZipEntry, type ZipEntry } from "../files/zip.ts";
import { importDocument, type Imported } from "./import_document.ts";

/** Most bytes of a document; JSON Lines have as many documents as they like. */
const MOST_BYTES = 1 << 26;

/**
 * The traces of a file, or of all files in a folder, one after the other, each with why it is none. JSON Lines and the
 * samples of an `.eval` file are read one by one. Sources are paths from the folder on, with `#n` for line or element n,
 * from 0, and `!name` for a file within a zip file. Fails only where nothing is there to read.
 */
export function streamTraces(path: string): Stream.Stream<Imported, BadInput> {
  return Stream.unwrap(Effect.map(
    filesBelow(path),
    (files) =>
      Stream.fromIterable(files.filter((file) => file === path || READ.test(file))).pipe(
        Stream.flatMap((file) => {
          const name = file === path ? file.split(/[/\\]/).at(-1)! : file.slice(path.length + 1);
          return tracesOf(file, name);
        }),
      ),
  ));
}

const READ = /\.(json|jsonl|jsonl\.gz|ndjson|eval)$/;

function tracesOf(file: string, name: string): Stream.Stream<Imported, BadInput> {
  if (file.endsWith(".eval")) return refusing(samplesOf(file, name), name);
  if (/\.(jsonl(\.gz)?|ndjson)$/.test(file)) return refusing(rowsOf(file, name), name);
  return refusing(
    Stream.unwrap(
      Effect.map(
        readDocument(file),
        (document) => Stream.fromIterable(importDocument(document, name)),
      ),
    ),
    name,
  );
}

/** A file that cannot be read is refused, and others are read on. */
function refusing(
  traces: Stream.Stream<Imported, BadInput>,
  source: string,
): Stream.Stream<Imported> {
  return Stream.catch(traces, ({ message }) => Stream.succeed(refused(source, message)));
}

function refused(source: string, reason: string): Imported {
  return Result.fail({ source, format: null, reason });
}

function rowsOf(file: string, name: string): Stream.Stream<Imported, BadInput> {
  return streamRowResults(file).pipe(
    Stream.map((row) =>
      Result.isFailure(row)
        ? [refused(name, row.failure.message)]
        : importDocument(row.success.value, `${name}#${row.success.row - 1}`)
    ),
    Stream.flattenIterable,
  );
}

const readDocument = Effect.fnUntraced(function* (file: string) {
  return yield* parsed(yield* readText(file, `"${file}"`, MOST_BYTES), file);
});

function parsed(text: string, file: string): Effect.Effect<unknown, BadInput> {
  return Effect.try({
    try: () => parseJson(text),
    catch: (error) =>
      new BadInput({ message: `Cannot read "${file}" as it must be JSON: ${reason(error)}` }),
  });
}

/** The samples of Inspect's `.eval` file, a zip file with each in a file of JSON. */
function samplesOf(file: string, name: string): Stream.Stream<Imported, BadInput> {
  return Stream.unwrap(Effect.map(listZip(file), (entries) => {
    const samples = entries.filter((entry) => /^samples\/.*\.json$/.test(entry.name));
    if (samples.length === 0) return Stream.succeed(refused(name, "it holds no samples"));
    return Stream.fromIterable(samples).pipe(
      Stream.flatMap((entry) => {
        const place = `${name}!${entry.name}`;
        return refusing(Stream.unwrap(sampleOf(file, entry, place)), place);
      }),
    );
  }));
}

const sampleOf = Effect.fnUntraced(function* (file: string, entry: ZipEntry, place: string) {
  const bytes = yield* readZipEntry(file, entry, MOST_BYTES);
  const document = yield* parsed(new TextDecoder().decode(bytes), place);
  return Stream.fromIterable(importDocument(document, place));
});
