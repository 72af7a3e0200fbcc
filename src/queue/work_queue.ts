/**
 * The queue of a run in a database: Effect's PersistedQueue hands out jobs at least once, and a table beside it holds
 * what came of them. A job is claimed for a lease, which its worker renews; the job of a killed worker is handed out
 * again when its lease is over.
 */
import { Cause, Duration, Effect, References, Schedule, Schema } from "effect";
import {
  makeFactory,
  makeStoreSql,
  PersistedQueueError,
  type PersistedQueueFactory,
  PersistedQueueStore,
} from "effect/persistence/PersistedQueue";
import * as SqlClient from "effect/sql/SqlClient";
import { SqlError } from "effect/sql/SqlError";
import { BadInput, JobFailed } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote, shorten } from "../domain/quote.ts";
import { BlobRef, describeJob, Job, jobId, PROTOCOL } from "./job.ts";
import type { Place } from "./place.ts";
import { isPassing, whyOf } from "./sql.ts";

/** What the times of a queue are; defaults suit jobs of a second and more. */
export interface QueueTimes {
  /** How long a claim lasts without being renewed. Renewed five times as often. @default {"10 seconds"} */
  readonly lease?: Duration.Input;
  /** Between two looks of an idle process for a job. @default {"100 millis"} */
  readonly pollEvery?: Duration.Input;
  /** Until a job that failed is handed out again. Databases round up to seconds. @default {"1 second"} */
  readonly retryAfter?: Duration.Input;
}

/** A job that was given up. */
export interface DeadJob {
  readonly id: string;
  readonly job: Job | null;
  readonly attempts: number;
  readonly reason: string;
}

/** How many jobs are in which state. */
export interface JobCounts {
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  /** Times that one of them was begun again. */
  readonly repeats: number;
}

const BlobJson = Schema.fromJsonString(BlobRef);
const readBlob = Schema.decodeUnknownSync(BlobJson);
const writeBlob = Schema.encodeSync(BlobJson);
const readJob = Schema.decodeUnknownOption(Schema.fromJsonString(Job));

const JOBS = "igpo_jobs";
/** A database that restarts is waited for. */
const PATIENCE = Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: "30 seconds" }));

/** Opens the queue of a database until the scope closes; fails where it is that of another protocol. */
export const openQueue = Effect.fn("openQueue")(function* (place: Place, times: QueueTimes = {}) {
  const { sql, address } = place;
  const { lease = "10 seconds", pollEvery = "100 millis", retryAfter = "1 second" } = times;
  const failure = (why: string) =>
    new BadInput({ message: `Cannot use the queue ${quote(address)}: ${shorten(why)}` });
  const ask = <A>(statement: Effect.Effect<A, SqlError>) =>
    statement.pipe(
      Effect.retry({ while: isPassing, schedule: PATIENCE }),
      Effect.mapError((error) => failure(whyOf(error))),
    );
  yield* ask(place.opening(sql.withTransaction(makeTables(sql))));
  yield* checkProtocol(yield* ask(readState(sql)), address);
  const store = yield* place.opening(makeStoreSql({
    tableName: JOBS,
    pollInterval: pollEvery,
    lockExpiration: lease,
    lockRefreshInterval: Duration.times(Duration.fromInputUnsafe(lease), 0.2),
  })).pipe(
    Effect.provideService(SqlClient.SqlClient, sql),
    // What goes wrong for good comes out of the calls below; the rest is tried again in silence.
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.mapError((error) => failure(whyOf(error))),
  );
  const factory: PersistedQueueFactory["Service"] = yield* makeFactory.pipe(
    Effect.provideService(PersistedQueueStore, store),
  );
  const jobs = yield* factory.make({
    name: "groups",
    schema: Job,
    maxAttempts: LIMITS.jobAttempts,
    retrySchedule: Schedule.spaced(retryAfter),
  });
  /** Names this process in the answers that it gives. */
  const worker = crypto.randomUUID();
  return { worker, ...statementsOf(sql, ask), ...handlingOf(jobs, { sql, ask, failure, worker }) };
});

/** An open queue. */
export type WorkQueue = Effect.Success<ReturnType<typeof openQueue>>;

type Ask = <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, BadInput>;

const makeTables = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  yield* sql`create table if not exists igpo_queue
    (one integer primary key, protocol integer not null, run text)`;
  yield* sql`create table if not exists igpo_answers
    (id varchar(64) primary key, answer text not null, worker varchar(36) not null)`;
  yield* sql`insert into igpo_queue (one, protocol, run) values (1, ${PROTOCOL}, null)
    on conflict (one) do nothing`;
});

const readState = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ protocol: number; run: string | null }>`select protocol, run from igpo_queue`,
    ([state]) => state!,
  );

function checkProtocol({ protocol }: { protocol: number }, address: string) {
  if (protocol === PROTOCOL) return Effect.void;
  return Effect.fail(
    new BadInput({
      message: `Cannot use the queue ${quote(address)} as it must be of protocol ${PROTOCOL}, ` +
        `which this version of igpo speaks: it is of ${protocol}`,
    }),
  );
}

type Jobs = Effect.Success<
  ReturnType<typeof PersistedQueueFactory.Service.make<typeof Job>>
>;

/** The database's error behind one of PersistedQueue; any other is a fault of this program. */
function sqlErrorOf(error: SqlError | PersistedQueueError | Schema.SchemaError) {
  const why = error instanceof PersistedQueueError && Cause.isCause(error.cause)
    ? Cause.squash(error.cause)
    : error;
  return why instanceof SqlError ? Effect.fail(why) : Effect.die(error);
}

const MOST_BYTES = `a job must have at most ${LIMITS.jobBytes} bytes: it has`;

/** Bytes of a job as the database holds it. */
function bytesOf(job: Job): number {
  return new TextEncoder().encode(JSON.stringify(job)).length;
}

/** Offering and taking jobs. */
function handlingOf(
  jobs: Jobs,
  { sql, ask, failure, worker }: {
    readonly sql: SqlClient.SqlClient;
    readonly ask: Ask;
    readonly failure: (why: string) => BadInput;
    readonly worker: string;
  },
) {
  return {
    /** Offers jobs in one transaction. One is not handed out once more while it waits, runs, or has an answer. */
    offer: Effect.fn("WorkQueue.offer")(function* (offered: ReadonlyMap<string, Job>) {
      for (const job of offered.values()) {
        const bytes = bytesOf(job);
        if (bytes <= LIMITS.jobBytes) continue;
        return yield* new BadInput({
          message: `Cannot hand out ${describeJob(job)} as ${MOST_BYTES} ${bytes}`,
        });
      }
      const statements = Effect.gen(function* () {
        // A job may be done without an answer: one that was discarded, or belonged to a trainer that is gone.
        yield* sql`delete from ${sql(JOBS)} where id in ${sql.in([...offered.keys()])}
          and state = 'completed'
          and not exists (select 1 from igpo_answers where igpo_answers.id = ${sql(JOBS)}.id)`;
        yield* Effect.forEach(offered, ([id, job]) => jobs.offer(job, { id }), { discard: true });
      });
      yield* ask(Effect.catch(sql.withTransaction(statements), sqlErrorOf));
    }),
    /** Waits for a job, does it and keeps the blob that came of it. An interruption gives the job back. */
    take: <E, R>(perform: (job: Job) => Effect.Effect<BlobRef, E, R>) =>
      jobs.take((job, { id }) =>
        Effect.gen(function* () {
          if (id !== jobId(job)) {
            return yield* new JobFailed({
              message: "Cannot do a job of another name than its own",
            });
          }
          const bytes = bytesOf(job);
          if (bytes > LIMITS.jobBytes) {
            return yield* new JobFailed({ message: `Cannot do a job as ${MOST_BYTES} ${bytes}` });
          }
          const answer = yield* perform(job);
          yield* ask(sql`insert into igpo_answers (id, answer, worker)
            values (${id}, ${writeBlob(answer)}, ${worker}) on conflict (id) do nothing`);
        })
      ).pipe(
        Effect.mapError((error) =>
          error instanceof PersistedQueueError ? failure(error.message) : error
        ),
      ),
  };
}

/** Everything else that is read and written. */
function statementsOf(sql: SqlClient.SqlClient, ask: Ask) {
  const jobs = sql(JOBS);
  return {
    /** The blob of the run that the queue is for, or null. */
    run: Effect.map(ask(readState(sql)), ({ run }) => run === null ? null : readBlob(run)),
    /** Begins a run: whatever is left of others is removed. Null ends it. */
    begin: (run: BlobRef | null) =>
      ask(sql.withTransaction(Effect.gen(function* () {
        yield* sql`delete from ${jobs}`;
        yield* sql`delete from igpo_answers`;
        yield* sql`update igpo_queue set run = ${run === null ? null : writeBlob(run)}`;
      }))),
    /** The answers that there are to some jobs. */
    answers: (ids: ReadonlyArray<string>) =>
      Effect.map(
        ask(
          sql<
            { id: string; answer: string; worker: string }
          >`select id, answer, worker from igpo_answers where id in ${sql.in(ids)}`,
        ),
        (rows) => rows.map(({ id, answer, worker }) => ({ id, worker, blob: readBlob(answer) })),
      ),
    /** Times that some jobs were begun again: a claim ended without an answer. */
    repeats: (ids: ReadonlyArray<string>) =>
      Effect.map(
        ask(
          sql<{ repeats: number }>`select coalesce(sum(attempts - 1), 0) as repeats from ${jobs}
            where attempts > 1 and id in ${sql.in(ids)}`,
        ),
        ([row]) => Number(row!.repeats),
      ),
    /** Removes jobs and their answers. */
    forget: (ids: ReadonlyArray<string>) =>
      ask(sql.withTransaction(Effect.gen(function* () {
        yield* sql`delete from igpo_answers where id in ${sql.in(ids)}`;
        yield* sql`delete from ${jobs} where id in ${sql.in(ids)}`;
      }))),
    /** The jobs that were given up. */
    dead: Effect.map(
      ask(
        sql<{ id: string; element: string; attempts: number; last_failure: string | null }>`
          select id, element, attempts, last_failure from ${jobs}
          where state = 'failed' order by sequence limit 100`,
      ),
      (rows) =>
        rows.map(({ id, element, attempts, last_failure }): DeadJob => {
          const job = readJob(element);
          const reason = shorten((last_failure ?? "").split("\n")[0]!);
          return { id, attempts, reason, job: job._tag === "Some" ? job.value : null };
        }),
    ),
    counts: Effect.map(
      ask(
        sql<{ state: string; running: number; count: number; repeats: number }>`
          select state, case when acquired_by is null then 0 else 1 end as running,
            count(*) as count, sum(case when attempts > 1 then attempts - 1 else 0 end) as repeats
            from ${jobs} group by 1, 2`,
      ),
      (rows): JobCounts => {
        const total = (state: string, running?: number) =>
          rows.filter((row) =>
            row.state === state && (running === undefined || Number(row.running) === running)
          ).reduce((sum, { count }) => sum + Number(count), 0);
        return {
          waiting: total("pending", 0),
          running: total("pending", 1),
          done: total("completed"),
          failed: total("failed"),
          repeats: rows.reduce((sum, { repeats }) => sum + Number(repeats), 0),
        };
      },
    ),
  };
}
