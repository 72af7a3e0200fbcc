/** The trainer's side: gradient shards of an update as jobs, and their sum. */
import { Clock, Effect } from "effect";
import type { StalenessConfig } from "../igpo/preset.ts";
import { type GradientShard, shardLoss, type ShareShards } from "../pipeline/gradient_shards.ts";
import { stepSpan } from "../pipeline/step_spans.ts";
import { tellProgress } from "../pipeline/watch.ts";
import { Learner } from "../policy/policy.ts";
import { answersTo } from "./collect.ts";
import { decodeGradient, encodeShard, gradientBytes } from "./gradient_record.ts";
import { type BlobRef, jobId, type ShardJob, spanRef } from "./job.ts";
import { sharedRecord } from "./shared_record.ts";
import { publish, type TrainerStation, withOwnWeights } from "./trainer_station.ts";

type Asked = Parameters<ShareShards>;

/**
 * Has the gradients of shards computed as jobs, by this process too, and hands them on in the order of the shards.
 * Only one gradient is in memory at a time, however many come back.
 */
export const shareGradients =
  (station: TrainerStation, staleness: StalenessConfig): ShareShards => (...asked) => {
    const given = share(station, ...asked);
    // Groups of the next step may be on offer, which take older weights.
    return staleness.steps === 0 ? given : withOwnWeights(station, given);
  };

const share = Effect.fn("shareGradients")(function* (
  station: TrainerStation,
  shards: Asked[0],
  { preset }: Asked[1],
  use: Asked[2],
) {
  const startedMillis = yield* Clock.currentTimeMillis;
  const weights = yield* publish(station);
  const { jobs, shardOf } = yield* jobsOf(shards, weights, station);
  yield* station.queue.offer(jobs);
  const { step } = shards[0]!;
  const blobs: BlobRef[] = [];
  const total = shards.length;
  const { answers, repeats } = yield* answersTo(station, {
    jobs,
    read: (id, blob) => take(blob, shardOf.get(id)!, { station, preset, use }),
    isOrdered: true,
    tell: (done) => tellProgress({ step, phase: "update", done, total, unit: "shards" }),
    blobs,
  });
  yield* station.queue.forget([...jobs.keys()]);
  blobs.push(...[...jobs.values()].map(({ shard }) => shard));
  if (weights.sha256 !== station.offered) blobs.push(weights);
  yield* Effect.forEach(blobs, station.blobs.remove, { discard: true });
  const seconds = ((yield* Clock.currentTimeMillis) - startedMillis) / 1000;
  const own = station.queue.worker;
  yield* station.onShared(sharedRecord(answers.values(), { step, seconds, repeats, own }));
  return answers.size;
});

/** The job of each shard, by name and in order, and the shard. */
const jobsOf = Effect.fnUntraced(function* (
  shards: ReadonlyArray<GradientShard>,
  weights: BlobRef,
  { blobs, run }: TrainerStation,
) {
  const updates = (yield* Learner).version();
  const jobs = new Map<string, ShardJob>();
  const shardOf = new Map<string, GradientShard>();
  const span = spanRef(yield* stepSpan(shards[0]!.step));
  for (const [index, shard] of shards.entries()) {
    const blob = yield* blobs.put([yield* encodeShard(shard)]);
    const job = { run, weights, updates, step: shard.step, index, shard: blob, ...span };
    jobs.set(jobId(job), job);
    shardOf.set(jobId(job), shard);
  }
  return { jobs, shardOf };
});

/** Hands a gradient on; null where a worker met a number that is not finite: this process then finds the place. */
const take = Effect.fnUntraced(function* (
  blob: BlobRef,
  shard: GradientShard,
  { station: { blobs, model }, preset, use }: {
    readonly station: TrainerStation;
    readonly preset: Asked[1]["preset"];
    readonly use: Asked[2];
  },
) {
  const bytes = yield* blobs.get(blob, gradientBytes(model, shard));
  const answer = yield* decodeGradient(model, shard, bytes);
  if (answer === null) return null;
  const lossOf = shardLoss(shard, preset);
  use({ gradient: answer.gradient, results: answer.found.map((one, i) => lossOf(i, one)) });
  return true;
});
