/** Databases that hold a queue. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Effect, type Scope, Semaphore, Stream } from "effect";
import * as Reactivity from "effect/reactivity/Reactivity";
import * as SqlClient from "effect/sql/SqlClient";
import type { Connection } from "effect/sql/SqlConnection";
import { classifySqliteError, SqlError } from "effect/sql/SqlError";
import { makeCompilerSqlite } from "effect/sql/Statement";
import { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";

/** Why a statement failed, with what the driver says. */
export function whyOf({ message, reason: { cause } }: SqlError): string {
  const driver = cause instanceof Error ? reason(cause) : "";
  return driver === "" || message.includes(driver) ? message : `${message}: ${driver}`;
}

/** Codes of a PostgreSQL server that stops or starts. */
const RESTARTING = /^57P0[123]$/;

/** Whether an error may be gone soon: the database is busy, out of reach, or restarts. */
export function isPassing({ isRetryable, reason: { cause } }: SqlError): boolean {
  return isRetryable ||
    (cause instanceof Error && "code" in cause && RESTARTING.test(String(cause.code)));
}

/** Milliseconds to wait for another program that writes to the same file. */
const PATIENCE_MILLIS = 10_000;

/** A client of the SQLite file at `path`, which is made where it is missing, until the scope closes. */
export const openSqlite = Effect.fn("openSqlite")(
  function* (path: string): Effect.fn.Return<SqlClient.SqlClient, BadInput, Scope.Scope> {
    const db = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          // The patience is set with the opening: changing the mode may have to wait already.
          const db = new DatabaseSync(path, { timeout: PATIENCE_MILLIS });
          db.exec("pragma journal_mode = wal; pragma synchronous = normal;");
          return db;
        },
        catch: (error) =>
          new BadInput({ message: `Cannot use the queue "sqlite:${path}": ${reason(error)}` }),
      }),
      (db) => Effect.sync(() => db.close()),
    );
    const semaphore = yield* Semaphore.make(1);
    const connection = Effect.succeed(connectionOf(db));
    const isTransaction = () => db.isTransaction;
    return yield* SqlClient.make({
      ...SqlClient.makeSqliteAcquirers({ connection, semaphore, isTransaction }),
      compiler: makeCompilerSqlite(),
      driver: "sqlite-node",
      spanAttributes: [],
      // A transaction that begins by reading could not wait for another writer later.
      beginTransaction: "BEGIN IMMEDIATE",
    }).pipe(Effect.provideService(Reactivity.Reactivity, yield* Reactivity.make));
  },
);

function connectionOf(db: DatabaseSync): Connection {
  const all = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.try({
      // The queue's parameters are texts and numbers.
      try: () => db.prepare(sql).all(...params as ReadonlyArray<SQLInputValue>),
      catch: (cause) =>
        new SqlError({ reason: classifySqliteError(cause, { message: reason(cause) }) }),
    });
  const execute: Connection["execute"] = (sql, params, transform) =>
    Effect.map(all(sql, params), (rows) => transform === undefined ? rows : transform(rows));
  const values: Connection["executeValues"] = (sql, params) =>
    Effect.map(all(sql, params), (rows) => rows.map((row) => Object.values(row)));
  return {
    execute,
    executeRaw: (sql, params) => all(sql, params),
    executeStream: () => Stream.die("the queue streams no rows"),
    executeValues: values,
    executeValuesUnprepared: values,
    executeUnprepared: execute,
  };
}
