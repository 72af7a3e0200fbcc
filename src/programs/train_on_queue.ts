import { Effect, Schema } from "effect";
import project from "../../deno.json" with { type: "json" };
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { jsonText } from "../files/json_file.ts";
import { Learner } from "../policy/policy.ts";
import { probe } from "../queue/fingerprint.ts";
import { readSecret } from "../queue/blob_secret.ts";
import { serveBlobs } from "../queue/blob_server.ts";
import { mostGradientBytes } from "../queue/gradient_record.ts";
import { handOut } from "../queue/hand_out.ts";
import { RunRecord } from "../queue/job.ts";
import { GIVEN_UP, mixedProbe } from "../queue/mixed.ts";
import { openOwnBlobs } from "../queue/open_blobs.ts";
import { openPlace, type QueueFlags } from "../queue/place.ts";
import { shareGradients } from "../queue/share_gradients.ts";
import { keepShared } from "../queue/shared_record.ts";
import type { TrainerStation } from "../queue/trainer_station.ts";
import { keepWork } from "../queue/work_record.ts";
import { openQueue, type QueueTimes } from "../queue/work_queue.ts";
import type { TrainOptions } from "../run/run.ts";
import { train } from "./train.ts";

/** The flags of a trainer with a queue. */
export interface TrainerFlags extends QueueFlags {
  /** HOST:PORT at which workers get and put blobs; null where they share the folder. */
  readonly serveBlobs: string | null;
  /** Whether workers whose log-probs are near the trainer's, and not equal, are let in. */
  readonly mixed: boolean;
}

/** Trains as {@link train} does, with episodes that workers of a queue play too. The queue is this run's until it ends. */
export const trainOnQueue = Effect.fn("trainOnQueue")(function* (
  flags: TrainerFlags,
  options: TrainOptions,
  times: QueueTimes = {},
) {
  const { plan: { config, preset }, task, model, wave, screen } = options;
  yield* checkRepeatable(config);
  const place = yield* openPlace(flags);
  yield* place.lock;
  const blobs = yield* openOwnBlobs(flags);
  const where = yield* whereBlobs(blobs.path, flags, options);
  // A step begins with this process idle, and there is one such process.
  const queue = yield* openQueue(place, { pollEvery: "5 millis", ...times });
  const record = yield* recordOf(options, flags.mixed);
  const run = yield* blobs.put([new TextEncoder().encode(jsonText(record))]);
  yield* queue.begin(run);
  yield* blobs.keepOnly([run]);
  const station: TrainerStation = {
    queue,
    blobs,
    model,
    play: { ...config, protocol: task.protocol, wave, gain: preset.gain },
    preset,
    sampler: flags.mixed ? "other" : "own",
    run,
    weights: null,
    published: new Set(),
    offered: null,
    onPlayed: (record) => keepWork(options.plan.folder, record),
    onShared: (record) => keepShared(options.plan.folder, record),
    onDone: () => Effect.void,
    onFailed: (sentence) => screen.print(`Tried again: ${sentence}`),
  };
  const command = `./igpo worker --queue ${place.address}${where}`;
  yield* screen.print(`Workers may help: ${command}`);
  if (flags.mixed) yield* screen.print(`Workers of other adapters may help too: ${GIVEN_UP}`);
  const summary = yield* train({
    ...options,
    sampler: station.sampler,
    play: handOut(station, preset.staleness),
    share: shareGradients(station, preset.staleness),
  });
  yield* queue.begin(null);
  yield* blobs.keepOnly([]);
  return summary;
}, Effect.scoped);

/** Serves a folder of blobs if flags say so; answers with what that adds to the command of workers. */
const whereBlobs = Effect.fnUntraced(function* (
  folder: string,
  { serveBlobs: address }: TrainerFlags,
  { plan: { config: { recipe } }, model }: TrainOptions,
) {
  if (address === null) return "";
  const mostBytes = Math.max(LIMITS.groupBytes, mostGradientBytes(model, recipe));
  return ` --blobs ${yield* serveBlobs({ folder, address, sign: yield* readSecret, mostBytes })}`;
});

/** What workers must know. */
const recordOf = Effect.fnUntraced(
  function* ({ plan: { config }, task, date }: TrainOptions, isMixed: boolean) {
    const question = task.train.questions[0]?.text ?? "";
    const probed = yield* probe(question, task.protocol);
    const { passTokens } = yield* Learner;
    const record: RunRecord = {
      version: project.version,
      config,
      date,
      probe: question,
      fingerprint: probed.fingerprint,
      passTokens,
      mixed: isMixed ? mixedProbe(probed) : null,
    };
    return yield* Effect.orDie(encodeRecord(record));
  },
);

const encodeRecord = Schema.encodeEffect(RunRecord);

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
