import { Effect } from "effect";
import project from "../../deno.json" with { type: "json" };
import { BadInput } from "../domain/errors.ts";
import { jsonText } from "../files/json_file.ts";
import { fingerprintOf } from "../queue/fingerprint.ts";
import { handOut } from "../queue/hand_out.ts";
import type { RunRecord } from "../queue/job.ts";
import { openPlace, type QueueFlags } from "../queue/place.ts";
import type { Station } from "../queue/station.ts";
import { openQueue, type QueueTimes } from "../queue/work_queue.ts";
import type { TrainOptions } from "../run/run.ts";
import { train } from "./train.ts";

/** Trains as {@link train} does, with episodes that workers of a queue play too. The queue is this run's until it ends. */
export const trainOnQueue = Effect.fn("trainOnQueue")(function* (
  flags: QueueFlags,
  options: TrainOptions,
  times: QueueTimes = {},
) {
  const { plan: { config, preset }, task, model, wave, screen } = options;
  yield* checkRepeatable(config);
  const place = yield* openPlace(flags);
  yield* place.lock;
  const queue = yield* openQueue(place, times);
  const record = yield* recordOf(options);
  const run = yield* place.blobs.put([new TextEncoder().encode(jsonText(record))]);
  yield* queue.begin(run);
  yield* place.blobs.keepOnly([run]);
  const station: Station = {
    queue,
    blobs: place.blobs,
    model,
    play: { ...config, protocol: task.protocol, wave, gain: preset.gain },
    run,
    weights: null,
    onDone: () => Effect.void,
    onFailed: (sentence) => screen.print(`Tried again: ${sentence}`),
  };
  yield* screen.print(`Workers may help: ./igpo worker --queue ${place.address}`);
  const summary = yield* train({ ...options, play: handOut(station, preset.staleness) });
  yield* queue.begin(null);
  yield* place.blobs.keepOnly([]);
  return summary;
}, Effect.scoped);

/** What workers must know. */
const recordOf = Effect.fnUntraced(function* ({ plan: { config }, task, date }: TrainOptions) {
  const probe = task.train.questions[0]?.text ?? "";
  const fingerprint = yield* fingerprintOf(probe, task.protocol);
  return { version: project.version, config, date, probe, fingerprint } satisfies RunRecord;
});

/** Refuses what workers cannot do, and what would depend on how many there are. */
function checkRepeatable(
  { recipe: { waitForShare }, searchBudget, policy }: TrainOptions["plan"]["config"],
): Effect.Effect<void, BadInput> {
  const rule = waitForShare < 1
    ? `waitForShare must be 1: it is ${waitForShare}`
    : searchBudget !== null
    ? `each worker would count a budget for itself: --search-budget is ${searchBudget}`
    : policy !== null
    ? `workers sample by themselves: --policy is ${policy}`
    : null;
  if (rule === null) return Effect.void;
  return Effect.fail(new BadInput({ message: `Cannot train with --queue as ${rule}` }));
}
