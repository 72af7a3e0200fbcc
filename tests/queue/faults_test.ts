import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Exit, type Scope, Stream } from "effect";
import { BadInput, JobFailed, KernelFailed } from "../../src/domain/errors.ts";
import { Environment } from "../../src/environment/environment.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { Learner, Policy } from "../../src/policy/policy.ts";
import { handOut } from "../../src/queue/hand_out.ts";
import { describeJob, type GroupJob, jobId } from "../../src/queue/job.ts";
import { openOwnBlobs } from "../../src/queue/open_blobs.ts";
import { openPlace, type Place } from "../../src/queue/place.ts";
import type { BlobFolder } from "../../src/queue/blobs.ts";
import { work } from "../../src/queue/station.ts";
import type { TrainerStation } from "../../src/queue/trainer_station.ts";
import type { WorkRecord } from "../../src/queue/work_record.ts";
import { openQueue, type WorkQueue } from "../../src/queue/work_queue.ts";
import { encodeWeights } from "../../src/queue/weights_blob.ts";
import { inFolder, prepareTiny, QUICK, tinyModel, tinyTask } from "../support/tiny_run.ts";

const RUN = { sha256: "a".repeat(64), bytes: 1 };
const ON_POLICY = PRESETS["paper-v2"]!.staleness;
const question = tinyTask.train.questions[0]!;

/** Uses a queue in a folder of its own. */
const withQueue = <A, E>(
  use: (
    queue: WorkQueue,
    place: Place & { readonly blobs: BlobFolder },
  ) => Effect.Effect<A, E, Scope.Scope>,
) =>
  inFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const flags = { queue: `sqlite:${folder}/queue.sqlite`, blobs: null };
      const place = { ...yield* openPlace(flags), blobs: yield* openOwnBlobs(flags) };
      return yield* use(yield* openQueue(place, QUICK), place);
    })))
  );

/** A job whose weights are those of the tiny model. */
const offered = Effect.fnUntraced(
  function* (queue: WorkQueue, place: Place & { readonly blobs: BlobFolder }) {
    const { prepared, layers } = yield* prepareTiny({ folder: "" });
    const weights = yield* place.blobs.put(
      yield* Effect.provide(
        Effect.gen(function* () {
          const learner = yield* Learner;
          return encodeWeights(tinyModel, yield* learner.weights());
        }),
        layers,
      ),
    );
    const job: GroupJob = { run: RUN, weights, updates: 0, step: 1, question };
    yield* queue.offer(new Map([[jobId(job), job]]));
    const { recipe } = prepared.plan.config;
    const said: string[] = [];
    const station = {
      queue,
      blobs: place.blobs,
      model: tinyModel,
      play: {
        ...{ recipe, seed: 0, wave: 6, protocol: tinyTask.protocol },
        gain: prepared.plan.preset.gain,
      },
      preset: prepared.plan.preset,
      run: RUN,
      sampler: "own" as const,
      weights: null,
      published: null,
      onDone: () => Effect.void,
      onFailed: (sentence: string) => Effect.sync(() => void said.push(sentence)),
    };
    const trainer: TrainerStation = {
      ...station,
      published: new Set(),
      offered: null,
      onPlayed: () => Effect.void,
      onShared: () => Effect.void,
    };
    const provided = <A, E>(
      effect: Effect.Effect<A, E, Effect.Services<ReturnType<typeof work>>>,
    ) =>
      Effect.provideService(effect, Environment, tinyTask.train.environment).pipe(
        Effect.provide(layers),
      );
    return { job, station, trainer, said, provided };
  },
);

Deno.test("a worker whose weights are other bytes than their name says leaves, and the job is not tried", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { job, station, provided } = yield* offered(queue, place);
      const path = place.address.replace("sqlite:", "") + `.blobs/${job.weights.sha256}`;
      const bytes = yield* Effect.promise(() => Deno.readFile(path));
      bytes[5]! ^= 1;
      yield* Effect.promise(() => Deno.writeFile(path, bytes));
      const { message } = yield* Effect.flip(provided(work(station)));
      match(message, /^Cannot use the blob .* as its bytes must have the hash of its name/);
      deepStrictEqual(yield* queue.counts, {
        ...{ waiting: 1, running: 0, done: 0, failed: 0, repeats: 0 },
      });
    })
  ));

Deno.test("a worker whose disk is full leaves, and the job is not tried", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { station, provided } = yield* offered(queue, place);
      const full = new BadInput({ message: "Cannot write a blob: there is no space left" });
      const blobs = { ...place.blobs, put: () => Effect.fail(full) };
      strictEqual(yield* Effect.flip(provided(work({ ...station, blobs }))), full);
      deepStrictEqual(yield* queue.counts, {
        ...{ waiting: 1, running: 0, done: 0, failed: 0, repeats: 0 },
      });
    })
  ));

Deno.test("weights of another model are refused before they are read", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { station, provided } = yield* offered(queue, place);
      const small = { ...tinyModel.architecture, feedForward: 8 };
      const other = { ...station, model: { ...tinyModel, architecture: small } };
      const { message } = yield* Effect.flip(provided(work(other)));
      match(message, /^Cannot use the blob .* as it must have at most \d+ bytes: it has \d+$/);
    })
  ));

Deno.test("a trainer does no job with weights that it did not publish, and keeps its own", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { trainer, job, said, provided } = yield* offered(queue, place);
      const error = yield* provided(Effect.gen(function* () {
        const learner = yield* Learner;
        const own = yield* learner.weights();
        const others = [...own.values()].map((values) => values.map((x) => x + 1));
        const weights = yield* place.blobs.put(others.map(({ buffer }) => new Uint8Array(buffer)));
        const forged = { ...job, weights };
        yield* queue.forget([jobId(job)]);
        yield* queue.offer(new Map([[jobId(forged), forged]]));
        const error = yield* Effect.flip(
          Effect.timeout(work({ ...trainer, weights: job.weights.sha256 }), "20 seconds"),
        );
        deepStrictEqual(yield* learner.weights(), own);
        return error;
      }));
      ok(error instanceof JobFailed);
      match(error.message, /^Cannot do a job with weights that this trainer did not publish$/);
      strictEqual(said.length, 2);
    })
  ));

Deno.test("a job of another run is given back, and the worker goes to that run", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { station, provided } = yield* offered(queue, place);
      const run = { ...RUN, sha256: "b".repeat(64) };
      strictEqual(yield* provided(work({ ...station, run })), undefined);
      deepStrictEqual(yield* queue.counts, {
        ...{ waiting: 1, running: 0, done: 0, failed: 0, repeats: 0 },
      });
    })
  ));

Deno.test("a job that always fails is given up after ten attempts, with its reason", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { job, station, trainer, said, provided } = yield* offered(queue, place);
      const broken = new KernelFailed({
        kernel: "softmax",
        message: "the device is gone\nat x.ts",
      });
      const policy = yield* provided(Policy);
      const failing = Policy.of({ ...policy, generate: () => Effect.fail(broken) });
      let leavings = 0;
      for (; (yield* queue.dead).length === 0; leavings++) {
        const exit = yield* Effect.exit(
          provided(Effect.provideService(work(station), Policy, failing)).pipe(
            Effect.timeoutOption("3 seconds"),
          ),
        );
        ok(Exit.isFailure(exit) || leavings === 3);
      }
      // It leaves after every third failure in a row; those that it goes on after are told.
      strictEqual(said.length, 7);
      const [dead] = yield* queue.dead;
      deepStrictEqual([dead!.id, dead!.attempts], [jobId(job), 10]);
      deepStrictEqual([(yield* queue.counts).repeats, yield* queue.repeats([jobId(job)])], [9, 9]);
      strictEqual(describeJob(dead!.job!), describeJob(job));
      match(dead!.reason, /the device is gone/);
      const { message } = yield* Effect.flip(
        provided(
          Stream.make({ step: 1, questions: [question] }).pipe(
            handOut(trainer, ON_POLICY),
            Stream.runDrain,
          ),
        ),
      );
      match(
        message,
        /^Cannot go on as each job of step 1 must be done: the group of question ".*" failed 10 times, .* the device is gone/,
      );
    })
  ));

Deno.test("answers that are missing, forged or cut off are refused, and the group is played again", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { job, trainer, said, provided } = yield* offered(queue, place);
      const { sql, blobs } = place;
      const repeats: number[] = [];
      const onPlayed = (record: WorkRecord) => Effect.sync(() => void repeats.push(record.repeats));
      const step = provided(
        Stream.make({ step: 1, questions: [question] }).pipe(
          handOut({ ...trainer, onPlayed }, ON_POLICY),
          Stream.runHead,
        ),
      );
      const garbage = yield* blobs.put([new TextEncoder().encode('{"episodes":[]}')]);
      for (const answer of [garbage, { ...garbage, bytes: 3 }, RUN]) {
        yield* blobs.put([new TextEncoder().encode('{"episodes":[]}')]);
        const text = JSON.stringify(answer);
        yield* sql`insert into igpo_answers (id, answer, worker)
          values (${jobId(job)}, ${text}, 'forger')`;
        const found = yield* step;
        strictEqual(found._tag === "Some" && found.value.groups[0]!.length, 3);
      }
      strictEqual(said.length, 3);
      deepStrictEqual(repeats, [1, 1, 1]);
      match(said[0]!, /^Cannot read a played group as field "dropped" is missing$/);
      match(said[1]!, /must have 3 bytes: it has 15$/);
      match(said[2]!, /cannot be read: there is no such file$/);
    })
  ));

Deno.test("a job under a name that is not its own is not done", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { job } = yield* offered(queue, place);
      yield* queue.forget([jobId(job)]);
      yield* queue.offer(new Map([["f".repeat(64), job]]));
      const error = yield* Effect.flip(queue.take(() => Effect.succeed(RUN)));
      ok(error instanceof JobFailed);
    })
  ));

Deno.test("a question too long for a job is refused, by who offers it and by who takes it", () =>
  withQueue((queue, place) =>
    Effect.gen(function* () {
      const { job } = yield* offered(queue, place);
      // Three bytes a character.
      const text = "€".repeat(400_000);
      const long = { ...job, question: { ...question, text } };
      const { message } = yield* Effect.flip(queue.offer(new Map([[jobId(long), long]])));
      match(
        message,
        /^Cannot hand out the group of question ".*" as a job must have at most 1048576 bytes: it has 12\d{5}$/,
      );
      const element = JSON.stringify(long);
      yield* place.sql`update igpo_jobs set id = ${jobId(long)}, element = ${element}`;
      const error = yield* Effect.flip(queue.take(() => Effect.succeed(RUN)));
      ok(error instanceof JobFailed);
      match(error.message, /^Cannot do a job as a job must have at most 1048576 bytes: it has 12/);
    })
  ));

Deno.test("a queue of another protocol is refused in one sentence", () =>
  withQueue((_, place) =>
    Effect.gen(function* () {
      yield* place.sql`update igpo_queue set protocol = 1`;
      const { message } = yield* Effect.flip(openQueue(place));
      match(
        message,
        /^Cannot use the queue ".*" as it must be of protocol 3, which this version of igpo speaks: it is of 1$/,
      );
    })
  ));
