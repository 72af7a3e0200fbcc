import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { onDisk } from "./disk.ts";
import { parseJson } from "../domain/json.ts";

/** The file in which `tune` keeps its results: a JSON record of adapter names and families of kernels. */
const TUNED_FILE = new URL("../../.cache/tuned.json", import.meta.url);

/** The families that `tune` recorded, by adapter; none where it never ran or this program is not a file on a disk. */
export const readTuned = Effect.fn("readTuned")(
  function* (file: URL = TUNED_FILE): Effect.fn.Return<Readonly<Record<string, string>>, BadInput> {
    if (file.protocol !== "file:") return {};
    const text = yield* Effect.promise(() => Deno.readTextFile(file).catch(() => null));
    if (text === null) return {};
    const found = yield* Effect.try({
      try: (): unknown => parseJson(text),
      catch: () => null,
    }).pipe(Effect.catch(() => Effect.succeed(null)));
    const isWhole = isRecord(found) && Object.values(found).every((x) => typeof x === "string");
    if (isWhole) return found as Record<string, string>;
    return yield* new BadInput({
      message: `Cannot read "${fileURLToPath(file)}" as it must be a JSON record of adapters: ` +
        `delete it or run the task tune again`,
    });
  },
);

/** Records the family of an adapter and keeps those of others. */
export const writeTuned = Effect.fn("writeTuned")(
  function* (adapter: string, family: string, file: URL = TUNED_FILE) {
    const known = yield* readTuned(file).pipe(Effect.catch(() => Effect.succeed({})));
    const content = JSON.stringify({ ...known, [adapter]: family }, null, 2);
    const folder = new URL(".", file);
    yield* onDisk(`make "${fileURLToPath(folder)}"`, () => Deno.mkdir(folder, { recursive: true }));
    yield* writeFileAtomic(fileURLToPath(file), `${content}\n`);
  },
);
