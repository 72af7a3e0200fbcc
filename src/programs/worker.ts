import { Effect, Schema } from "effect";
import project from "../../deno.json" with { type: "json" };
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { Environment } from "../environment/environment.ts";
import type { Screen } from "../files/screen.ts";
import { Learner } from "../policy/policy.ts";
import { probe } from "../queue/fingerprint.ts";
import { admit } from "../queue/mixed.ts";
import type { Blobs } from "../queue/blobs.ts";
import { type BlobRef, RunRecord } from "../queue/job.ts";
import { openBlobs } from "../queue/open_blobs.ts";
import { openPlace, type Place, type QueueFlags } from "../queue/place.ts";
import { work } from "../queue/station.ts";
import { openQueue, type QueueTimes, type WorkQueue } from "../queue/work_queue.ts";
import type { PreparedWorker } from "../run/prepare_worker.ts";

/** Between two looks for a run. */
const LOOK_EVERY = "100 millis";

const RecordJson = Schema.fromJsonString(RunRecord);

/** An open queue, as a worker uses it. */
export interface WorkPlace extends Place {
  readonly blobs: Blobs;
  readonly queue: WorkQueue;
}

/** Opens a queue until the scope closes. */
export const openWork = Effect.fn("openWork")(
  function* (flags: QueueFlags, times: QueueTimes = {}) {
    const place = yield* openPlace(flags);
    const blobs = yield* openBlobs(flags);
    return { ...place, blobs, queue: yield* openQueue(place, times) } satisfies WorkPlace;
  },
);

/** The run that a queue is for; waits until there is one. */
export const nextRun = Effect.fn("nextRun")(function* (
  { queue, blobs, address }: WorkPlace,
  screen: Screen,
) {
  let isTold = false;
  const tell = Effect.fnUntraced(function* (why: string) {
    if (!isTold) yield* screen.print(why);
    isTold = true;
    return null;
  });
  while (true) {
    const run = yield* queue.run;
    const bytes = run === null ? null : yield* blobs.get(run, LIMITS.jobBytes).pipe(
      // The blob of a run that ends is removed with it.
      Effect.catchTag(
        "BadBlob",
        ({ message, isMissing }) =>
          isMissing ? Effect.succeed(null) : Effect.fail(new BadInput({ message })),
      ),
      Effect.catchTag("BlobsAway", ({ message }) => tell(`Waiting: ${message}`)),
    );
    if (run !== null && bytes !== null) return yield* decodeRun(run, bytes);
    yield* tell(`Waiting for a run at ${address}`);
    yield* Effect.sleep(LOOK_EVERY);
  }
});

const decodeRun = Effect.fnUntraced(function* (run: BlobRef, bytes: Uint8Array) {
  const text = new TextDecoder().decode(bytes);
  const record = yield* Effect.fromResult(
    decodeInput(RecordJson, text, "Cannot read the record of a run as"),
  );
  if (record.version !== project.version) {
    return yield* new BadInput({
      message: `Cannot work for this run as trainer and workers must be of one version: they are ` +
        `${record.version} and ${project.version}`,
    });
  }
  return { run, record };
});

/** The part of a prepared worker that does jobs. */
export type WorkOptions = Pick<
  PreparedWorker,
  "protocol" | "environment" | "model" | "preset" | "wave" | "screen"
>;

/** Does the jobs of a run until the queue is for another one. Fails where it may not, as {@link admit} has it. */
export const workFor = Effect.fn("workFor")(function* (
  { run, record }: Effect.Success<ReturnType<typeof nextRun>>,
  { queue, blobs }: WorkPlace,
  { protocol, environment, model, preset, wave, screen }: WorkOptions,
) {
  const { config, passTokens, mixed } = record;
  const note = yield* admit(yield* probe(record.probe, protocol), record);
  if (note !== null) yield* screen.print(note);
  const { passTokens: own } = yield* Learner;
  if (config.recipe.gradientShards > 1 && own !== passTokens) {
    return yield* new BadInput({
      message: `Cannot share gradients of this run as passes must have the trainer's ` +
        `${passTokens} tokens: here they have ${own}, for want of memory on either side; lower ` +
        `the recipe's microBatchTokens to what both have room for`,
    });
  }
  yield* screen.print(`Working as ${queue.worker}`);
  yield* work({
    queue,
    blobs,
    model,
    play: { ...config, protocol, wave, gain: preset.gain },
    preset,
    sampler: mixed === null ? "own" : "other",
    run,
    weights: null,
    published: null,
    onDone: screen.print,
    onFailed: (sentence) => screen.print(`Failed: ${sentence}`),
  }).pipe(Effect.provideService(Environment, environment));
});
