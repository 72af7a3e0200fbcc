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
  const { blobs, where } = yield* openBlobsOf(flags, options);
  // A step begins with this process idle, and there is one such process.
  const queue = yield* openQueue(place, { pollEvery: "5 millis", ...times });
  const run = yield* blobs.put([yield* recordOf(options, flags)]);
  yield* queue.begin(run);
  yield* blobs.keepOnly([run]);
  const sampler = flags.mixed ? "other" : "own";
  const station: TrainerStation = {
    queue,
    blobs,
    model,
    play: { ...config, protocol: task.protocol, wave, gain: preset.gain },
    preset,
    sampler,
    run,
    weights: null,
    published: new Set(),
    offered: null,
    onPlayed: (record) => keepWork(options.plan.folder, record),
    onShared: (record) => keepShared(options.plan.folder, record),
    onDone: () => Effect.void,
    onFailed: (sentence) => screen.print(`Tried again: ${sentence}`),
  };
  yield* screen.print(inviting(`--queue ${place.address}${where}`, flags));
  const play = handOut(station, preset.staleness);
  const share = shareGradients(station, preset.staleness);
  const summary = yield* train({ ...options, sampler, play, share });
  yield* queue.begin(null);
  yield* blobs.keepOnly([]);
  return summary;
}, Effect.scoped);

/** The trainer's blobs, which it serves if it is asked to, and the flag by which workers of other hosts find them. */
const openBlobsOf = Effect.fnUntraced(function* (
  flags: TrainerFlags,
  { model, plan: { config: { recipe } } }: TrainOptions,
) {
  const blobs = yield* openOwnBlobs(flags);
  const { serveBlobs: address } = flags;
  if (address === null) return { blobs, where: "" };
  const mostBytes = Math.max(LIMITS.groupBytes, mostGradientBytes(model, recipe));
  const sign = yield* readSecret;
  const served = yield* serveBlobs({ folder: blobs.path, address, sign, mostBytes });
  return { blobs, where: ` --blobs ${served}` };
});

/** Tells who may help. */
function inviting(place: string, { mixed }: TrainerFlags): string {
  const command = `Workers may help: ./igpo worker ${place}`;
  return mixed ? `${command}\nThose of other adapters may, too: ${GIVEN_UP}` : command;
}

const encodeRecord = Schema.encodeEffect(RunRecord);

/** The bytes of what workers must know. */
const recordOf = Effect.fnUntraced(
  function* ({ plan: { config }, task, date }: TrainOptions, { mixed }: TrainerFlags) {
    const question = task.train.questions[0]?.text ?? "";
    const probed = yield* probe(question, task.protocol);
    const { fingerprint } = probed;
    const { passTokens } = yield* Learner;
    const { version } = project;
    const record = { version, config, date, probe: question, fingerprint, passTokens };
    const encoded = yield* Effect.orDie(
      encodeRecord({ ...record, mixed: mixed ? mixedProbe(probed) : null }),
    );
    return new TextEncoder().encode(jsonText(encoded));
  },
);

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
