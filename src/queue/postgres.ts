/** A queue in PostgreSQL. Only runs with such a queue load this file. */
import * as PgClient from "@effect/sql-pg/PgClient";
import { Effect, Redacted, Scope } from "effect";
import * as Reactivity from "effect/reactivity/Reactivity";
import type { SqlClient } from "effect/sql/SqlClient";
import type { SqlError } from "effect/sql/SqlError";
import { BadInput } from "../domain/errors.ts";
import { readText } from "../files/disk.ts";

/** Names of advisory locks, which end with the connection of whoever holds them. */
const LOCKS = { trainer: 1, opening: 2 } as const;
/** Tells them from the locks of other programs in the same database. */
const OF_IGPO = 0x6967706f;

/**
 * A client of the database at an address, until the scope closes. The password may be PGPASSWORD's, and PGSSLROOTCERT
 * may name a file of certificates that the server's is checked against, as other clients of PostgreSQL have it.
 */
export const openPostgres = Effect.fn("openPostgres")(
  function* (address: string): Effect.fn.Return<SqlClient, BadInput | SqlError, Scope.Scope> {
    const trusted = Deno.env.get("PGSSLROOTCERT");
    const password = Deno.env.get("PGPASSWORD");
    const hasOwn = URL.parse(address)?.password !== "";
    return yield* PgClient.make({
      url: Redacted.make(address),
      ...(password === undefined || hasOwn ? {} : { password: Redacted.make(password) }),
      ...(trusted === undefined ? {} : { ssl: { ca: yield* readText(trusted) } }),
      applicationName: "igpo",
      maxConnections: 4,
    }).pipe(Effect.provideService(Reactivity.Reactivity, yield* Reactivity.make));
  },
);

/** Keeps other trainers away until the scope closes. */
export const lockTrainer = Effect.fn("lockTrainer")(function* (sql: SqlClient, name: string) {
  const connection = yield* sql.reserve;
  const [row] = yield* connection.execute(
    "select pg_try_advisory_lock($1::int, $2::int) as got",
    [OF_IGPO, LOCKS.trainer],
    undefined,
  );
  const free = connection.execute(
    "select pg_advisory_unlock($1::int, $2::int)",
    [OF_IGPO, LOCKS.trainer],
    undefined,
  );
  if (row.got === true) return yield* Effect.addFinalizer(() => Effect.ignore(free));
  return yield* new BadInput({
    message:
      `Cannot use the queue "${name}" as one run at a time may do so: another one is running`,
  });
});

/** Lets one program at a time make the tables, since making one twice at the same time fails. */
export const oneAtATime =
  (sql: SqlClient) =>
  <A, E, R>(opening: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    // The connection has a scope of its own: what is opened lives on in the caller's.
    Effect.acquireUseRelease(
      Scope.make(),
      (scope) =>
        Effect.gen(function* () {
          const connection = yield* Effect.provideService(sql.reserve, Scope.Scope, scope);
          const ask = (what: string) =>
            connection.execute(
              `select ${what}($1::int, $2::int)`,
              [OF_IGPO, LOCKS.opening],
              undefined,
            );
          yield* ask("pg_advisory_lock");
          return yield* Effect.ensuring(opening, Effect.ignore(ask("pg_advisory_unlock")));
        }),
      Scope.close,
    );
