/** A page that opens from disk. */
import { Effect } from "effect";
import { inBytes } from "../domain/bytes.ts";
import { writeFileAtomic, writeFolderAtomic } from "../files/atomic.ts";
import { packStep, shardOf, wholePage } from "./document.ts";
import { readStep, type Viewed } from "./read_run.ts";
import { readData } from "./server.ts";

/** Bytes of episodes, before they are packed, above which they lie in files beside the page. */
const MOST_INSIDE = 100_000_000;

/** Writes runs as one page, with a folder of steps beside it where they are large; answers with what was written. */
export const writePage = Effect.fn("writePage")(function* (
  runs: ReadonlyArray<Viewed>,
  file: string,
) {
  const data = yield* readData({ runs, isLive: false });
  const kept = data.runs.flatMap((one, run) => one.kept.map((step) => ({ ...step, run })));
  const bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  const readParts = (place: { readonly run: number; readonly step: number }) =>
    readStep(runs[place.run]!, place.step).pipe(
      Effect.flatMap((content) => Effect.promise(() => packStep(content, place))),
    );
  if (bytes <= MOST_INSIDE) {
    const parts = (yield* Effect.forEach(kept, readParts)).flat();
    const page = yield* Effect.promise(() => wholePage(data, { parts, folder: null }));
    yield* writeFileAtomic(file, page);
    return `${file} (${inBytes(new TextEncoder().encode(page).length)}), one file`;
  }
  const folder = `${file.replace(/\.html?$/, "")}-steps`;
  yield* writeFolderAtomic(
    folder,
    (temporary) =>
      Effect.forEach(
        kept,
        Effect.fnUntraced(function* (one) {
          for (const part of yield* readParts(one)) {
            yield* writeFileAtomic(`${temporary}/${part.id}.js`, shardOf(part));
          }
        }),
        { discard: true },
      ),
  );
  const name = folder.split(/[/\\]/).at(-1)!;
  yield* writeFileAtomic(
    file,
    yield* Effect.promise(() => wholePage(data, { parts: [], folder: name })),
  );
  return `${file}, with ${kept.length} steps (${inBytes(bytes)}) in ${folder}`;
});
