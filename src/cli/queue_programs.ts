/** The programs that have a queue. Others load none of its libraries. */
import { Effect } from "effect";

/** `train` on a queue. */
export const trainingOnQueue = Effect.promise(() => import("../programs/train_on_queue.ts"));
/** The worker. */
export const working = Effect.promise(() => import("../programs/worker.ts"));
/** What shows the jobs of a queue. */
export const showingQueue = Effect.promise(() => import("../programs/queue_status.ts"));
