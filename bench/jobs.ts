// deno-lint-ignore-file no-console
/**
 * What operations of a queue and blobs take here, the least of some rounds: `jobs.ts [QUEUE]`, a new SQLite file
 * unless an address is given, which must hold no run. `bench/scale_costs.ts` holds what it printed.
 */
import { Duration, Effect } from "effect";
import { type Job, jobId, sha256Of } from "../src/queue/job.ts";
import { openOwnBlobs } from "../src/queue/open_blobs.ts";
import { openPlace } from "../src/queue/place.ts";
import { openQueue } from "../src/queue/work_queue.ts";

const ROUNDS = 8;
const JOBS = 50;
const LOOKS = 100;
const BLOB = new Uint8Array(64 << 20);

const folder = await Deno.makeTempDir();

/** Seconds of an effect; other programs on the machine make a round longer. */
const least = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.map(
    Effect.replicateEffect(Effect.timed(effect), ROUNDS),
    (rounds) => Math.min(...rounds.map(([duration]) => Duration.toSeconds(duration))),
  );

const program = Effect.gen(function* () {
  const flags = {
    queue: Deno.args[0] ?? `sqlite:${folder}/queue.sqlite`,
    blobs: `${folder}/blobs`,
  };
  const place = yield* openPlace(flags);
  const blobs = yield* openOwnBlobs(flags);
  const queue = yield* openQueue(place);
  const blob = yield* blobs.put([BLOB]);
  const writing = yield* least(blobs.put([BLOB]));
  const reading = yield* least(blobs.get(blob, BLOB.length));
  const hashing = yield* least(Effect.sync(() => sha256Of([BLOB])));
  let offered = 0;
  const offer = Effect.suspend(() => {
    const jobs = Array.from({ length: JOBS }, (): Job => {
      const question = {
        id: String(offered++),
        text: "x".repeat(80),
        golds: ["an answer"],
        kind: "",
      };
      return { run: blob, weights: blob, updates: 0, step: 1, question };
    });
    return queue.offer(new Map(jobs.map((job) => [jobId(job), job])));
  });
  const offers = yield* least(offer);
  const take = queue.take(() => Effect.succeed(blob));
  const takes = yield* least(Effect.repeat(take, { times: JOBS - 1 }));
  // As an idle worker looks for a job.
  const { sql } = place;
  const look = sql`update igpo_jobs set attempts = attempts + 1 where sequence in (
    select sequence from igpo_jobs where queue_name = 'groups' and state = 'pending'
    order by visible_at, sequence limit 1) returning sequence`;
  const looks = yield* least(Effect.repeat(look, { times: LOOKS - 1 }));
  const millis = (seconds: number, times: number) => (1000 * seconds / times).toFixed(2);
  const rate = (seconds: number) => (BLOB.length / 1e6 / seconds).toFixed(0);
  console.log(
    `Offer of ${JOBS} jobs ${millis(offers, 1)} ms, of which one is taken and answered in ` +
      `${millis(takes, JOBS)} ms`,
  );
  console.log(`Look without a job ${millis(looks, LOOKS)} ms`);
  console.log(
    `Blob written at ${rate(writing)} MB/s, read at ${rate(reading)} MB/s, ` +
      `hashed at ${rate(hashing)} MB/s`,
  );
});

await Effect.runPromise(Effect.scoped(program)).finally(() =>
  Deno.remove(folder, { recursive: true })
);
