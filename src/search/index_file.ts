/** An index of passages on disk: one SQLite file with an FTS5 table, for corpora larger than memory. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";
import { type Search, SearchFailed, type SearchHit } from "../domain/search.ts";
import { parsePassage } from "../files/corpus.ts";
import { onDisk } from "../files/disk.ts";
import type { Row } from "../files/lines.ts";
import { streamRows } from "../files/row_stream.ts";

/** Told to SQLite as the application id of its file, "igpo" in ASCII. */
const APPLICATION_ID = 0x6967706f;

const TABLES = `
  pragma application_id = ${APPLICATION_ID};
  create table source (path text, bytes integer, millis integer, rows integer, finished integer);
  create virtual table passages using fts5(id unindexed, title, text, tokenize = 'porter unicode61');
  create table ids (id text primary key) without rowid;
`;

/** Rows of a transaction: what a kill can undo. */
const BATCH_ROWS = 5000;

/** What of a corpus is indexed. */
export interface IndexProgress {
  readonly rows: number;
  readonly isResumed: boolean;
}

/**
 * Indexes a corpus into `path`. A stopped run goes on after its last whole batch; an index of another corpus is refused
 * and stays as it is. `onRows` is told how many rows are done after each batch.
 */
export const writeIndex = Effect.fn("writeIndex")(function* (
  corpus: string,
  path: string,
  onRows: (rows: number) => Effect.Effect<void> = () => Effect.void,
) {
  const { size, mtime } = yield* onDisk(`read "${corpus}"`, () => Deno.stat(corpus));
  const db = yield* openDatabase(path, { readOnly: false });
  const begun = yield* inDatabase(path, () => {
    // Another program that writes the same index is refused.
    db.exec("pragma locking_mode = exclusive; begin exclusive; commit");
    return beginIndex(db, { path: corpus, size, mtime });
  });
  if (begun === "other") {
    return yield* new BadInput({
      message: `Cannot index "${corpus}" into "${path}" as the file must be new or of the same ` +
        `corpus: it holds another one; name another --out`,
    });
  }
  if (begun.isFinished) {
    // A kill may have come right before.
    yield* inDatabase(path, () => closeWriting(db));
    return { rows: begun.rows, isResumed: true } satisfies IndexProgress;
  }
  let rows = begun.rows;
  yield* streamRows(corpus).pipe(
    Stream.drop(begun.rows),
    Stream.grouped(BATCH_ROWS),
    Stream.runForEach((batch) =>
      Effect.gen(function* () {
        yield* addBatch(db, batch, { corpus, path, done: rows + batch.length });
        rows += batch.length;
        yield* onRows(rows);
      })
    ),
  );
  if (rows === 0) {
    yield* onDisk(`remove "${path}"`, () => removeIndex(db, path));
    return yield* new BadInput({
      message: `Cannot index "${corpus}" as a corpus must hold a passage: current value is 0`,
    });
  }
  yield* inDatabase(path, () => {
    db.exec("insert into passages(passages) values ('optimize')");
    db.exec("begin; drop table ids; update source set finished = 1; commit");
    closeWriting(db);
  });
  return { rows, isResumed: begun.rows > 0 } satisfies IndexProgress;
}, Effect.scoped);

/** An index of nothing is of no use. */
async function removeIndex(db: DatabaseSync, path: string): Promise<void> {
  closeWriting(db);
  await Deno.remove(path);
}

/** Makes one file of it again, which can be read where nothing can be written. */
function closeWriting(db: DatabaseSync): void {
  db.exec("pragma journal_mode = delete");
}

/** Rows that are done, in an index that is this corpus's, or made for it now. */
function beginIndex(
  db: DatabaseSync,
  { path, size, mtime }: { path: string; size: number; mtime: Date | null },
) {
  const millis = mtime?.getTime() ?? 0;
  const { tables } = db.prepare("select count(*) as tables from sqlite_schema").get() as {
    tables: number;
  };
  if (tables === 0) {
    db.exec("pragma journal_mode = wal");
    db.exec("begin");
    db.exec(TABLES);
    db.prepare("insert into source values (?, ?, ?, 0, 0)").run(path, size, millis);
    db.exec("commit");
  } else if (!isOurs(db)) return "other" as const;
  const source = sourceOf(db);
  // Nothing is lost of a run that stopped at a bad row of its first batch.
  if (source.finished === 0 && source.rows === 0) {
    db.prepare("update source set path = ?, bytes = ?, millis = ?").run(path, size, millis);
    return { rows: 0, isFinished: false };
  }
  const isSame = source.bytes === size && source.millis === millis;
  return isSame ? { rows: source.rows, isFinished: source.finished === 1 } : "other" as const;
}

function addBatch(
  db: DatabaseSync,
  batch: ReadonlyArray<Row>,
  { corpus, path, done }: { corpus: string; path: string; done: number },
): Effect.Effect<void, BadInput> {
  return Effect.gen(function* () {
    const passages = yield* Effect.forEach(
      batch,
      (row) => Effect.map(Effect.fromResult(parsePassage(row, corpus)), (one) => ({ row, one })),
    );
    const repeated = yield* inDatabase(path, () => {
      db.exec("begin");
      const addId = db.prepare("insert or ignore into ids values (?)");
      const add = db.prepare("insert into passages values (?, ?, ?)");
      for (const { row, one } of passages) {
        if (addId.run(one.id).changes === 0) {
          db.exec("rollback");
          return { row: row.row, id: one.id };
        }
        add.run(one.id, one.title, one.text);
      }
      db.prepare("update source set rows = ?").run(done);
      db.exec("commit");
      return null;
    });
    if (repeated === null) return;
    return yield* new BadInput({
      message: `Cannot read "${corpus}" as in row ${repeated.row} the id must be new: current ` +
        `value is ${JSON.stringify(repeated.id)}`,
    });
  });
}

/** A finished index. */
export interface SearchIndex {
  readonly search: Search;
  readonly passages: number;
}

/** Opens an index until the scope closes. */
export const openIndex = Effect.fn("openIndex")(function* (path: string) {
  const db = yield* openDatabase(path, { readOnly: true });
  const source = yield* inDatabase(path, () => isOurs(db) ? sourceOf(db) : null);
  if (source === null || source.finished !== 1) {
    const what = source === null
      ? "it must be an index that ./igpo index made"
      : `it must be finished: run ./igpo index "${source.path}" --out "${path}" again`;
    return yield* new BadInput({ message: `Cannot search "${path}" as ${what}` });
  }
  const find = yield* inDatabase(path, () =>
    db.prepare(
      "select id, title, text, bm25(passages) as score from passages where passages match ? " +
        "order by score, rowid limit ?",
    ));
  return {
    passages: source.rows,
    search: (queries, limit) =>
      Effect.try({
        try: () => queries.map((query) => searchOnce(find, query, limit)),
        catch: (error) =>
          new SearchFailed({ kind: "malformed", message: `The index failed: ${reason(error)}` }),
      }),
  } satisfies SearchIndex;
});

/** FTS5 tells how bad a match is: best first are the lowest scores. */
function searchOnce(find: StatementSync, query: string, limit: number): ReadonlyArray<SearchHit> {
  const match = matchOf(query);
  if (match === "") return [];
  return find.all(match, limit).map((row) => ({
    id: String(row["id"]),
    title: String(row["title"]),
    text: String(row["text"]),
    score: -Number(row["score"]),
  }));
}

/** Words of a query that are looked for: what a search takes grows with their square. */
const MOST_WORDS = 128;

/** A query's different words, each quoted, so that none is an operator of FTS5; any of them may match. */
export function matchOf(query: string): string {
  const words = new Set(query.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu));
  return [...words].slice(0, MOST_WORDS).map((word) => `"${word}"`).join(" OR ");
}

interface Source {
  readonly path: string;
  readonly bytes: number;
  readonly millis: number;
  readonly rows: number;
  readonly finished: number;
}

function sourceOf(db: DatabaseSync): Source {
  // The table has these columns, and one row.
  return db.prepare("select * from source").get() as unknown as Source;
}

function isOurs(db: DatabaseSync): boolean {
  return db.prepare("pragma application_id").get()?.["application_id"] === APPLICATION_ID;
}

function openDatabase(path: string, { readOnly }: { readonly readOnly: boolean }) {
  return Effect.acquireRelease(
    inDatabase(path, () => new DatabaseSync(path, { readOnly })),
    (db) => Effect.sync(() => db.close()),
  );
}

function inDatabase<A>(path: string, run: () => A): Effect.Effect<A, BadInput> {
  return Effect.try({
    try: run,
    catch: (error) => new BadInput({ message: `Cannot use the index "${path}": ${reason(error)}` }),
  });
}
