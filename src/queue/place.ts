import { Effect, type Scope } from "effect";
import type { SqlClient } from "effect/sql/SqlClient";
import type { SqlError } from "effect/sql/SqlError";
import { BadInput } from "../domain/errors.ts";
import { quote, shorten } from "../domain/quote.ts";
import { onDisk } from "../files/disk.ts";
import { lockRunFolder } from "../files/run_folder.ts";
import { openSqlite, whyOf } from "./sql.ts";

/** Where a queue is, as flags say it. */
export interface QueueFlags {
  /** `sqlite:FILE` or `postgres://…`. */
  readonly queue: string;
  /** Folder of blobs, or where their trainer serves them; a queue in a file has a folder of its own. */
  readonly blobs: string | null;
}

/** An open database. */
export interface Place {
  /** The address as it may be shown, without a password. */
  readonly address: string;
  readonly sql: SqlClient;
  /** Keeps other trainers away until the scope closes. */
  readonly lock: Effect.Effect<void, BadInput, Scope.Scope>;
  /** Runs what makes tables while no other program does. */
  readonly opening: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
  ) => Effect.Effect<A, E | SqlError, R>;
}

/** Opens the database of a queue until the scope closes. */
export const openPlace = Effect.fn("openPlace")(
  function* (flags: QueueFlags): Effect.fn.Return<Place, BadInput, Scope.Scope> {
    const path = /^sqlite:(.+)$/s.exec(flags.queue)?.[1];
    if (path !== undefined) return yield* openFile(path, flags);
    if (/^postgres(ql)?:\/\//.test(flags.queue)) return yield* openServer(flags);
    return yield* new BadInput({
      message: `Cannot use --queue as it must be sqlite:FILE or postgres://USER@HOST/DATABASE: ` +
        `current value is ${quote(flags.queue)}`,
    });
  },
);

const openFile = Effect.fnUntraced(function* (path: string, { queue, blobs }: QueueFlags) {
  const lockFolder = `${blobs ?? `${path}.blobs`}/trainer`;
  return {
    address: queue,
    sql: yield* openSqlite(path),
    lock: onDisk(
      `make the folder "${lockFolder}"`,
      () => Deno.mkdir(lockFolder, { recursive: true }),
    ).pipe(Effect.andThen(lockRunFolder(lockFolder))),
    opening: (effect) => effect,
  } satisfies Place;
});

const openServer = Effect.fnUntraced(function* ({ queue }: QueueFlags) {
  const url = URL.parse(queue);
  if (url === null || url.username === "") {
    return yield* new BadInput({
      message:
        "Cannot use --queue as its address must be postgres://USER@HOST/DATABASE, with the " +
        "password in it or in PGPASSWORD: it has no user",
    });
  }
  url.password = "";
  const address = url.href;
  const failed = (error: SqlError) =>
    new BadInput({ message: `Cannot use the queue "${address}": ${shorten(whyOf(error))}` });
  const { openPostgres, lockTrainer, oneAtATime } = yield* Effect.promise(() =>
    import("./postgres.ts")
  );
  const sql = yield* openPostgres(queue).pipe(
    Effect.mapError((error) => error._tag === "BadInput" ? error : failed(error)),
  );
  return {
    address,
    sql,
    lock: lockTrainer(sql, address).pipe(
      Effect.mapError((error) => error._tag === "BadInput" ? error : failed(error)),
    ),
    opening: oneAtATime(sql),
  } satisfies Place;
});
