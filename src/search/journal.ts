/** Every call of an engine or a tool outside, and its answer, in one SQLite file: asked once, and then from there. */
import { DatabaseSync } from "node:sqlite";
import { Cache, Effect, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";
import type { CallCounts } from "./meter.ts";
import { sha256 } from "../math/sha256.ts";

/**
 * `record` asks the engine for each call that the file does not have, and keeps failures too, so that a replay of the run
 * is the run; `replay` asks nothing; `auto` keeps answers alone, so that a failure is asked again another time.
 */
export const JOURNAL_MODES = ["record", "replay", "auto"] as const;

/** One of {@link JOURNAL_MODES}. */
export type JournalMode = typeof JOURNAL_MODES[number];

const APPLICATION_ID = 0x6967706b;

const TABLES = `
  pragma application_id = ${APPLICATION_ID};
  create table calls (key text primary key, engine text, call text, answer text, failure text) without rowid;
`;

/** Calls of one engine or tool. */
export interface Kept<A, E> {
  /** What tells it from others. */
  readonly engine: string;
  readonly answer: Schema.Codec<A, unknown>;
  readonly failure: Schema.Codec<E, unknown>;
  /** Asks it; equal calls are equal texts. */
  readonly ask: (call: string) => Effect.Effect<A, E>;
  /** Whether a kept failure says something of the call, not of a run: another run asks again. @default {always} */
  readonly isFinal?: (failure: E) => boolean;
  /** The failure of a call that the journal does not hold, or cannot read. */
  readonly lost: (message: string) => E;
}

/** Keeps calls in one file. */
export interface Journal {
  readonly mode: JournalMode;
  /** Answers calls from the file where it can. Equal calls at the same time are one. */
  readonly keep: <A, E>(kept: Kept<A, E>) => Effect.Effect<Kept<A, E>["ask"]>;
}

/** Opens the file of a journal until the scope closes. Keys and headers of services never come here. */
export const openJournal = Effect.fn("openJournal")(function* (
  path: string,
  mode: JournalMode,
  counts: Pick<CallCounts, "kept">,
) {
  const file = yield* Effect.acquireRelease(
    Effect.try({
      try: () => openDatabase(path, mode),
      catch: (error) =>
        new BadInput({ message: `Cannot use the search journal "${path}": ${reason(error)}` }),
    }),
    ({ db }) => Effect.sync(() => closeDatabase(db, mode)),
  );
  const keep = <A, E>(kept: Kept<A, E>) =>
    Effect.map(
      Cache.makeWith<string, A, E>((call) => lookUp(call, kept, { file, mode, counts }), {
        // Calls at the same time share one; later ones find it in the file.
        capacity: 1024,
        timeToLive: () => 0,
      }),
      (cache) => (call: string) => Cache.get(cache, call),
    );
  return { mode, keep } satisfies Journal;
});

/** An open journal. */
interface Open {
  readonly file: ReturnType<typeof openDatabase>;
  readonly mode: JournalMode;
  readonly counts: Pick<CallCounts, "kept">;
}

const lookUp = Effect.fnUntraced(function* <A, E>(
  call: string,
  { engine, ask, lost, isFinal = () => true, ...kept }: Kept<A, E>,
  { file: { find, insert, remove }, mode, counts }: Open,
): Effect.fn.Return<A, E> {
  const answer = Schema.fromJsonString(kept.answer);
  const failure = Schema.fromJsonString(kept.failure);
  const inFile = <B>(run: () => B) =>
    Effect.try({
      try: run,
      catch: (error) => lost(`The search journal failed: ${reason(error)}`),
    });
  const read = (row: Row) =>
    Effect.flatten(
      inFile(() =>
        row.failure === null
          ? Effect.succeed(Schema.decodeUnknownSync(answer)(row.answer))
          : Effect.fail(Schema.decodeUnknownSync(failure)(row.failure))
      ),
    );

  const key = yield* sha256(`${engine}\n${call}`);
  const found = yield* inFile(() => find(key));
  if (found !== undefined) {
    const known = yield* Effect.result(read(found));
    if (mode === "replay" || known._tag === "Success" || isFinal(known.failure)) {
      counts.kept += 1;
      return yield* Effect.fromResult(known);
    }
    yield* inFile(() => remove(key));
  }
  if (mode === "replay") return yield* Effect.fail(lost(`The journal does not hold ${call}`));
  const asked = yield* Effect.result(ask(call));
  const isFailure = asked._tag === "Failure";
  if (isFailure && mode === "auto") return yield* Effect.fail(asked.failure);
  const written = yield* inFile(() => {
    const row = isFailure
      ? { answer: null, failure: Schema.encodeSync(failure)(asked.failure) }
      : { answer: Schema.encodeSync(answer)(asked.success), failure: null };
    insert(key, engine, call, row);
    // Another run may have kept an answer meanwhile: the file has one for all.
    return find(key)!;
  });
  return yield* read(written);
});

/** What came of a call; one of both is null. */
interface Row {
  readonly answer: string | null;
  readonly failure: string | null;
}

/** Milliseconds to wait for another run that writes to the same journal. */
const PATIENCE_MILLIS = 10_000;

function openDatabase(path: string, mode: JournalMode) {
  const db = new DatabaseSync(path, { readOnly: mode === "replay", timeout: PATIENCE_MILLIS });
  try {
    const tables = db.prepare("select count(*) as n from sqlite_schema").get()!["n"];
    if (tables === 0 && mode !== "replay") {
      db.exec("pragma journal_mode = wal; pragma synchronous = normal;");
      db.exec(`begin; ${TABLES} commit;`);
    } else if (db.prepare("pragma application_id").get()!["application_id"] !== APPLICATION_ID) {
      throw new Error("it must be new or a search journal");
    }
    const select = db.prepare("select answer, failure from calls where key = ?");
    const add = db.prepare("insert or ignore into calls values (?, ?, ?, ?, ?)");
    const drop = db.prepare("delete from calls where key = ?");
    return {
      db,
      remove: (key: string) => void drop.run(key),
      find: (key: string): Row | undefined => {
        const row = select.get(key);
        return row && { answer: textOrNull(row["answer"]), failure: textOrNull(row["failure"]) };
      },
      insert: (key: string, engine: string, call: string, { answer, failure }: Row) => {
        add.run(key, engine, call, answer, failure);
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Leaves one file, which can be replayed where nothing can be written. */
function closeDatabase(db: DatabaseSync, mode: JournalMode): void {
  try {
    if (mode !== "replay") db.exec("pragma journal_mode = delete");
  } catch {
    // Another run still writes to it.
  }
  db.close();
}
