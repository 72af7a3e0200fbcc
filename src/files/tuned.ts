import { fileURLToPath } from "node:url";
import { Effect, Option, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { onDisk } from "./disk.ts";

/** The file in which `tune` keeps its results. */
const TUNED_FILE = new URL("../../.cache/tuned.json", import.meta.url);

/** What was found fastest for an adapter: a family of kernels, and sizes by name. */
const TunedRecord = Schema.Struct({
  family: Schema.String,
  choices: Schema.Record(Schema.String, Schema.Number),
});

/** See {@link TunedRecord}. */
export type TunedRecord = typeof TunedRecord.Type;

/** Results by adapter. */
const TunedFile = Schema.fromJsonString(Schema.Record(Schema.String, TunedRecord));

const decode = Schema.decodeUnknownOption(TunedFile);

/** What `tune` recorded, by adapter; nothing where it never ran or this program is not a file on a disk. */
export const readTuned = Effect.fn("readTuned")(
  function* (
    file: URL = TUNED_FILE,
  ): Effect.fn.Return<Readonly<Record<string, TunedRecord>>, BadInput> {
    if (file.protocol !== "file:") return {};
    const text = yield* Effect.promise(() => Deno.readTextFile(file).catch(() => null));
    if (text === null) return {};
    const found = decode(text);
    if (Option.isSome(found)) return found.value;
    return yield* new BadInput({
      message: `Cannot read "${fileURLToPath(file)}" as it must be a JSON record of adapters: ` +
        `delete it or run the task tune again`,
    });
  },
);

/** Records what is fastest for an adapter and keeps what is known of others. */
export const writeTuned = Effect.fn("writeTuned")(
  function* (adapter: string, tuned: TunedRecord, file: URL = TUNED_FILE) {
    const known = yield* readTuned(file).pipe(Effect.catch(() => Effect.succeed({})));
    const content = JSON.stringify({ ...known, [adapter]: tuned }, null, 2);
    const folder = new URL(".", file);
    yield* onDisk(`make "${fileURLToPath(folder)}"`, () => Deno.mkdir(folder, { recursive: true }));
    yield* writeFileAtomic(fileURLToPath(file), `${content}\n`);
  },
);
