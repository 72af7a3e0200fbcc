/** The trainer's side: jobs on offer, and the answers that come back. */
import { Effect } from "effect";
import { type BadInput, JobFailed } from "../domain/errors.ts";
import type { BadBlob } from "./blobs.ts";
import { type BlobRef, describeJob, type Job } from "./job.ts";
import { type Station, work } from "./station.ts";

/** Between two looks for answers. */
const LOOK_EVERY = "25 millis";
/** Looks between two offers of the jobs that are missing: a job may be lost with what a killed trainer removed. */
const OFFER_EVERY = 40;
/** Answers that may be refused until the run ends. */
const MOST_REFUSED = 10;

/** An answer that was read, who gave it, and its bytes. */
export interface Answered<A> {
  readonly answer: A;
  readonly worker: string;
  readonly bytes: number;
}

/** How answers are taken over. */
export interface Collecting<J extends Job, A> {
  /** By their names, in order. */
  readonly jobs: ReadonlyMap<string, J>;
  /** Reads an answer; what fails is done again, and null ends the waiting. */
  readonly read: (id: string, blob: BlobRef) => Effect.Effect<A | null, BadInput | BadBlob>;
  /** Whether answers are read in the order of the jobs rather than as they come. */
  readonly isOrdered: boolean;
  /** Is told how many answers there are. */
  readonly tell: (done: number) => Effect.Effect<void>;
  /** Gets the blobs of the answers. */
  readonly blobs: BlobRef[];
}

/** Does jobs until those on offer are answered, by this process or others. */
export const answersTo = <J extends Job, A>(station: Station, asked: Collecting<J, A>) =>
  Effect.raceFirst(
    collect(station, asked),
    // It ends only by a failure, or where another run took the queue over.
    Effect.andThen(work(station), TAKEN_OVER),
  );

const TAKEN_OVER = Effect.fail(
  new JobFailed({ message: "Cannot go on as the queue must be this run's alone: another took it" }),
);

const collect = Effect.fnUntraced(function* <J extends Job, A>(
  station: Station,
  { jobs, read, isOrdered, tell, blobs }: Collecting<J, A>,
) {
  const { queue } = station;
  const answers = new Map<string, Answered<A>>();
  let refused = 0;
  let found = 0;
  for (let look = 0; answers.size < jobs.size; look++) {
    if (look > 0 && found === 0) yield* Effect.sleep(LOOK_EVERY);
    const missing = [...jobs].filter(([id]) => !answers.has(id));
    if (look > 0 && look % OFFER_EVERY === 0) {
      yield* failIfDead(jobs, station);
      yield* queue.offer(new Map(missing));
    }
    const ids = missing.map(([id]) => id);
    const come = yield* queue.answers(isOrdered ? ids.slice(0, 1) : ids);
    found = come.length;
    for (const { id, blob, worker } of come) {
      const answer = yield* read(id, blob).pipe(
        Effect.catchTag(["BadInput", "BadBlob"], ({ message }) => station.onFailed(message)),
      );
      blobs.push(blob);
      if (answer === null) return { answers, repeats: refused };
      if (answer !== undefined) answers.set(id, { answer, worker, bytes: blob.bytes });
      else if (refused++ < MOST_REFUSED) yield* queue.forget([id]);
      else return yield* TOO_MANY_REFUSED;
    }
    yield* tell(answers.size);
  }
  return { answers, repeats: refused + (yield* queue.repeats([...jobs.keys()])) };
});

const TOO_MANY_REFUSED = Effect.fail(
  new JobFailed({
    message: `Cannot go on as workers must answer what they were asked for: ${
      MOST_REFUSED + 1
    } answers were not of that kind`,
  }),
);

/** Fails once a job was given up: without its result the step would be another one. */
const failIfDead = Effect.fnUntraced(function* (
  jobs: ReadonlyMap<string, Job>,
  { queue }: Station,
) {
  const dead = (yield* queue.dead).find(({ id }) => jobs.has(id));
  if (dead === undefined) return;
  const job = jobs.get(dead.id)!;
  return yield* new JobFailed({
    message: `Cannot go on as each job of step ${job.step} must be done: ${describeJob(job)} ` +
      `failed ${dead.attempts} times, in the end by: ${dead.reason}`,
  });
});
