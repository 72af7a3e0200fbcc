/** A process that does jobs: a worker, and the trainer while it waits for the others. */
import { Cause, Deferred, Effect, Exit, Option, Stream, Tracer } from "effect";
import { BadInput, JobFailed } from "../domain/errors.ts";
import type { Sampler } from "../igpo/old_log_prob.ts";
import type { ShardSettings } from "../pipeline/gradient_shards.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { rollout, type RolloutOptions } from "../pipeline/rollout.ts";
import { score, type ScoreOptions } from "../pipeline/score.ts";
import { StepSpans } from "../pipeline/step_spans.ts";
import { Watch } from "../pipeline/watch.ts";
import { Learner, Policy } from "../policy/policy.ts";
import type { Blobs } from "./blobs.ts";
import { computeShard } from "./compute_shard.ts";
import { encodeGroup } from "./group_record.ts";
import { type BlobRef, describeJob, type GroupJob, type Job } from "./job.ts";
import { decodeWeights, weightsBytes } from "./weights_blob.ts";
import type { WorkQueue } from "./work_queue.ts";

/** What doing jobs takes. */
export interface Station {
  readonly queue: WorkQueue;
  readonly blobs: Blobs;
  readonly model: Pick<ModelFolder, "architecture" | "lora">;
  readonly play: RolloutOptions & Pick<ScoreOptions, "gain">;
  readonly preset: ShardSettings["preset"];
  /** Whose log-probs come with episodes: those of processes like this one, or of others too. */
  readonly sampler: Sampler;
  /** Blob of the run whose jobs are done. */
  readonly run: BlobRef;
  /** The weights that the learner has now, by the hash of their blob; null for those that the run began with. */
  weights: string | null;
  /** Hashes of the weights that this process published, if it trains: no job makes it load others. */
  readonly published: ReadonlySet<string> | null;
  readonly onDone: (sentence: string) => Effect.Effect<void>;
  readonly onFailed: (sentence: string) => Effect.Effect<void>;
}

/** After so many failures in a row something is wrong with this process. */
const MOST_FAILED = 3;

/**
 * Does jobs until one of another run comes, or until blobs are out of reach: that job is given back. A failing job is
 * handed out again, here or elsewhere.
 * What is wrong with this process, such as a full disk, ends it, and its job counts as not tried.
 */
export const work = Effect.fn("work")(function* (station: Station) {
  const ending = yield* Deferred.make<void, BadInput>();
  const leave = (exit: Exit.Exit<void, BadInput>) =>
    Effect.andThen(Deferred.done(ending, exit), Effect.interrupt);
  const take = station.queue.take((job) => {
    if (job.run.sha256 !== station.run.sha256) return leave(Exit.void);
    return perform(job, station).pipe(
      spanOf(job, station),
      Effect.catchTag("BadInput", (error) => leave(Exit.fail(error))),
      Effect.catchTag(
        "BlobsAway",
        ({ message }) => Effect.andThen(station.onFailed(message), leave(Exit.void)),
      ),
    );
  });
  let failed = 0;
  while (true) {
    const exit = yield* Effect.exit(take);
    if (yield* Deferred.isDone(ending)) return yield* Deferred.await(ending);
    if (Exit.isSuccess(exit)) {
      failed = 0;
      continue;
    }
    failed += 1;
    if (failed === MOST_FAILED) return yield* exit;
    const error = Cause.squash(exit.cause);
    yield* station.onFailed(error instanceof Error ? error.message : String(error));
  }
});

/** The span of a job, a child of the trainer's span of its step. */
const spanOf = (job: Job, { queue }: Station) =>
  Effect.withSpan("perform", {
    ...(job.span === undefined ? { root: true } : { parent: Tracer.externalSpan(job.span) }),
    attributes: {
      "igpo.step": job.step,
      "igpo.job": describeJob(job),
      "igpo.worker": queue.worker,
    },
  });

const perform = Effect.fnUntraced(function* (job: Job, station: Station) {
  yield* takeWeights(job, station);
  const { play: { recipe } } = station;
  const { bytes, said } = "shard" in job
    ? { bytes: yield* computeShard(job, { ...station, recipe }), said: describeJob(job) }
    : yield* playGroup(job, station);
  const blob = yield* station.blobs.put(bytes);
  yield* station.onDone(`Step ${job.step}: ${said}`);
  return blob;
});

const playGroup = Effect.fn("playGroup")(
  function* ({ step, question }: GroupJob, { play }: Station) {
    const policy = yield* Policy;
    // As in a step of its own, nothing of other jobs is in the cache.
    policy.release();
    const played = yield* Stream.make({ step, questions: [question] }).pipe(
      rollout(play),
      score(play),
      Stream.runHead,
      // Progress is that of the step, not of one of its groups.
      Effect.provideService(Watch, () => Effect.void),
      // Spans are children of the job's, which is one of the step's.
      Effect.provideService(StepSpans, null),
    );
    const group = Option.getOrThrow(played);
    const said = `${group.groups.flat().length} episodes of question ${question.id}`;
    return { bytes: [yield* encodeGroup(group)], said };
  },
);

/** Makes the learner's weights those of a job. */
const takeWeights = Effect.fnUntraced(function* (
  { weights, updates }: Job,
  station: Station,
) {
  const { model, blobs, published } = station;
  if (weights.sha256 === station.weights) return;
  if (published !== null && !published.has(weights.sha256)) {
    return yield* new JobFailed({
      message: "Cannot do a job with weights that this trainer did not publish",
    });
  }
  const found = yield* blobs.get(weights, weightsBytes(model)).pipe(
    Effect.flatMap((bytes) => decodeWeights(model, bytes)),
    Effect.catchTag("BadBlob", ({ message, isMissing }) =>
      // Weights that are gone belong to a step that is over; wrong ones mean that this process reads wrongly.
      Effect.fail(isMissing ? new JobFailed({ message }) : new BadInput({ message }))),
  );
  const learner = yield* Learner;
  yield* learner.adopt({ updates, weights: found });
  station.weights = weights.sha256;
});
