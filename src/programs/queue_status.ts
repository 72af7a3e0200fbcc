import { Effect } from "effect";
import type { Screen } from "../files/screen.ts";
import { describeJob } from "../queue/job.ts";
import { openPlace } from "../queue/place.ts";
import { openQueue } from "../queue/work_queue.ts";

/** Prints how many jobs of a queue are in which state, and those that were given up. */
export const queueStatus = Effect.fn("queueStatus")(function* (address: string, screen: Screen) {
  const queue = yield* openQueue(yield* openPlace({ queue: address, blobs: null }));
  const { waiting, running, done, failed, repeats } = yield* queue.counts;
  yield* screen.print(
    `${waiting} waiting, ${running} running, ${done} done, ${failed} given up, ${repeats} repeats`,
  );
  for (const { id, job, attempts, reason } of yield* queue.dead) {
    const what = job === null ? `job ${id}` : `step ${job.step}, ${describeJob(job)}`;
    yield* screen.print(`Given up: ${what}, after ${attempts} attempts: ${reason}`);
  }
}, Effect.scoped);
