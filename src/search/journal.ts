/** Every query that was asked of a search engine, and its answer, in one SQLite file: asked once, and then from there. */
import { DatabaseSync } from "node:sqlite";
import { Cache, Clock, Effect, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { type Search, SearchFailed, type SearchHit } from "../domain/search.ts";
import { reason } from "../files/disk.ts";
import { AT_A_TIME } from "./engines.ts";

/**
 * `record` asks the engine for each query that the file does not have, and keeps failures too, so that a replay of the
 * run is the run; `replay` asks nothing; `auto` keeps answers alone, so that a failure is asked again another time.
 */
export const JOURNAL_MODES = ["record", "replay", "auto"] as const;

/** One of {@link JOURNAL_MODES}. */
export type JournalMode = typeof JOURNAL_MODES[number];

const APPLICATION_ID = 0x6967706a;

const TABLES = `
  pragma application_id = ${APPLICATION_ID};
  create table calls (
    key text primary key, engine text, query text, most integer, answer text, failure text, millis real
  ) without rowid;
`;

const Hits = Schema.Array(Schema.Struct({
  id: Schema.String,
  title: Schema.String,
  text: Schema.String,
  score: Schema.NullOr(Schema.Number),
}));
const decodeHits = Schema.decodeUnknownSync(Hits);
const decodeFailure = Schema.decodeUnknownSync(SearchFailed);

/** What was asked, and from where it was answered. */
export interface SearchCounts {
  /** Queries that were asked of the engine, and those of them that failed. */
  asked: number;
  failed: number;
  /** Queries that the journal answered. */
  kept: number;
  /** Milliseconds of the queries that were asked, in all. */
  millis: number;
}

/** A search whose answers are kept, and what it has done so far. */
export interface Journal {
  readonly search: Search;
  readonly counts: Readonly<SearchCounts>;
}

/** What tells a call from others. */
interface Call {
  readonly query: string;
  readonly limit: number;
}

/**
 * Keeps the calls of the engine of this name in the file `path` until the scope closes. Equal calls at the same time are
 * one. Keys and headers of services never come here.
 */
export const openJournal = Effect.fn("openJournal")(function* (
  path: string,
  mode: JournalMode,
  engine: { readonly name: string; readonly search: Search },
) {
  const { find, keep } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => openDatabase(path, mode),
      catch: (error) =>
        new BadInput({ message: `Cannot use the search journal "${path}": ${reason(error)}` }),
    }),
    ({ db }) => Effect.sync(() => closeDatabase(db, mode)),
  );
  const counts: SearchCounts = { asked: 0, failed: 0, kept: 0, millis: 0 };

  const askEngine = Effect.fnUntraced(function* (key: string, { query, limit }: Call) {
    const started = yield* Clock.currentTimeMillis;
    const found = yield* Effect.result(
      Effect.map(engine.search([query], limit), ([hits]) => hits!),
    );
    const millis = (yield* Clock.currentTimeMillis) - started;
    counts.asked += 1;
    counts.millis += millis;
    const isFailure = found._tag === "Failure";
    if (isFailure) counts.failed += 1;
    const row = isFailure
      ? [null, JSON.stringify(found.failure)]
      : [JSON.stringify(found.success), null];
    if (isFailure && mode === "auto") return yield* found.failure;
    return yield* inJournal(() => {
      keep.run(key, engine.name, query, limit, ...row, millis);
      // Another run may have kept an answer meanwhile: the file has one for all.
      return find.get(key)!;
    }).pipe(Effect.flatMap(read));
  });

  const lookup = Effect.fnUntraced(function* (
    call: string,
  ): Effect.fn.Return<ReadonlyArray<SearchHit>, SearchFailed> {
    const { query, limit }: Call = JSON.parse(call);
    const key = yield* keyOf(engine.name, call);
    const kept = yield* inJournal(() => find.get(key));
    if (kept !== undefined) {
      counts.kept += 1;
      return yield* read(kept);
    }
    if (mode !== "replay") return yield* askEngine(key, { query, limit });
    return yield* new SearchFailed({
      kind: "refused",
      message: `The journal does not hold the query "${query.slice(0, 80)}"`,
    });
  });

  const cache = yield* Cache.makeWith<string, ReadonlyArray<SearchHit>, SearchFailed>(lookup, {
    // Calls at the same time share one; later ones find it in the file.
    capacity: 1024,
    timeToLive: () => 0,
  });
  // Each query is asked to its end, so that the journal holds all that a replay asks for.
  const search: Search = (queries, limit) =>
    Effect.forEach(
      queries,
      (query) => Effect.result(Cache.get(cache, JSON.stringify({ query, limit } satisfies Call))),
      { concurrency: AT_A_TIME },
    ).pipe(Effect.flatMap(Effect.forEach(Effect.fromResult)));
  return { search, counts } satisfies Journal;
});

/** The answer or the failure of a row. */
function read(row: Readonly<Record<string, unknown>>) {
  const { answer, failure } = row;
  return typeof failure === "string"
    ? Effect.fail(decodeFailure(JSON.parse(failure)))
    : Effect.succeed<ReadonlyArray<SearchHit>>(decodeHits(JSON.parse(String(answer))));
}

function inJournal<A>(run: () => A): Effect.Effect<A, SearchFailed> {
  return Effect.try({
    try: run,
    catch: (error) =>
      new SearchFailed({
        kind: "malformed",
        message: `The search journal failed: ${reason(error)}`,
      }),
  });
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
    return {
      db,
      find: db.prepare("select answer, failure from calls where key = ?"),
      keep: db.prepare("insert or ignore into calls values (?, ?, ?, ?, ?, ?, ?)"),
    };
  } catch (error) {
    db.close();
    throw error;
  }
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

const encoder = new TextEncoder();

/** SHA-256 of an engine's name and a call. */
function keyOf(engine: string, call: string): Effect.Effect<string> {
  return Effect.promise(async () => {
    const hash = await crypto.subtle.digest("SHA-256", encoder.encode(`${engine}\n${call}`));
    return new Uint8Array(hash).toHex();
  });
}

/** `Search: 120 queries asked (2 failed), 35 ms each; 30 from the journal`. */
export function journalLine({ asked, failed, kept, millis }: SearchCounts): string {
  const each = asked === 0 ? "" : `, ${Math.round(millis / asked)} ms each`;
  const bad = failed === 0 ? "" : ` (${failed} failed)`;
  return `Search: ${asked} queries asked${bad}${each}; ${kept} from the journal`;
}
