import { Effect, Stream } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { diskFile } from "../files/disk.ts";
import { filesBelow } from "../files/files_below.ts";
import { parsed } from "../files/input_file.ts";
import { streamRowResults } from "../files/row_stream.ts";
import { listZip, readZipEntry, type ZipEntry } from "../files/zip.ts";
import { importDocument, type Imported } from "./import_document.ts";
import { importFile, importRows, MOST_BYTES, refused, refusing } from "./import_file.ts";

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
  if (file.endsWith(".jsonl.gz")) return importRows(streamRowResults(file), name);
  return importFile(diskFile(file), name);
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
  const text = new TextDecoder().decode(bytes);
  const document = yield* Effect.fromResult(parsed(text, `"${place}"`));
  return Stream.fromIterable(importDocument(document, place));
});
