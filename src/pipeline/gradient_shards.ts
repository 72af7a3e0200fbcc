/**
 * The gradient of a mini-batch as the sum of those of its shards. Each shard's begins at zero and they are added in
 * order, so that the sum has the same bits whoever computes them.
 */
import { Effect, Result } from "effect";
import type { MiniBatch, TrainingSequence } from "../domain/batch.ts";
import type { BadInput, JobFailed, KernelFailed, ServerFailed } from "../domain/errors.ts";
import type { Environment } from "../environment/environment.ts";
import { importanceWeights } from "../igpo/importance_weight.ts";
import { oldLogProb, type Sampler } from "../igpo/old_log_prob.ts";
import type { Preset } from "../igpo/preset.ts";
import { surrogate, type SurrogateResult } from "../igpo/surrogate.ts";
import {
  Learner,
  type LearnerState,
  type NonFinite,
  type Policy,
  type TokenLogProbs,
} from "../policy/policy.ts";
import type { ReferencePolicy } from "./reference_policy.ts";

/** Where episodes come from. */
export interface Origin {
  readonly sampler: Sampler;
  /** Bound of the importance weights of stale episodes, else null. */
  readonly weightBound: number | null;
}

/** A sequence, and its log-probs (P) before the step's updates; null where its own gradient measures them. */
export interface ShardSequence extends TrainingSequence {
  readonly logProbBefore: Float64Array | null;
}

/** Sequences of a mini-batch whose gradient is computed at once, with all that their loss depends on. */
export interface GradientShard {
  readonly step: number;
  /** Its sequences among those of the batch. */
  readonly range: MiniBatch;
  readonly sequences: ReadonlyArray<ShardSequence>;
  readonly origin: Origin;
}

/** The loss of a sequence, and what the trainer measured for it. */
export interface SequenceResult extends SurrogateResult {
  readonly found: TokenLogProbs;
}

/** The gradient of a shard, by parameter, and the losses of its sequences. */
export interface ShardGradient {
  readonly gradient: LearnerState["weights"];
  readonly results: ReadonlyArray<SequenceResult>;
}

/** What the gradient of a shard depends on besides the shard and the weights. */
export interface ShardSettings {
  readonly preset: Pick<Preset, "clip" | "kl" | "entropy">;
  readonly temperature: number;
}

/**
 * Has gradients of shards computed elsewhere: gives them to `use`, from the first one on and in order. Answers with how
 * many it gave; those that are left are computed by this process.
 */
export type ShareShards = (
  shards: ReadonlyArray<GradientShard>,
  settings: ShardSettings,
  use: (one: ShardGradient) => void,
) => Effect.Effect<
  number,
  BadInput | JobFailed | KernelFailed | ServerFailed,
  Environment | Learner | Policy | ReferencePolicy
>;

/** The loss of each sequence of a shard, as a function of what the learner measures. */
export const shardLoss =
  ({ sequences, origin }: GradientShard, preset: ShardSettings["preset"]) =>
  (i: number, found: TokenLogProbs): SequenceResult => {
    const sequence = sequences[i]!;
    const measured = sequence.logProbBefore ?? found.logProb;
    const tokens = { ...sequence, ...offPolicy(sequence.behaviourLogProb, measured, origin) };
    return { ...surrogate(tokens, found, preset), found };
  };

/** What the ratio is measured from, and the weight of what the ratio then leaves out. */
export function offPolicy(
  sampled: Float64Array,
  measured: Float64Array,
  { sampler, weightBound }: Origin,
) {
  return weightBound === null
    ? { behaviourLogProb: oldLogProb(sampled, measured, sampler), importanceWeight: null }
    : {
      behaviourLogProb: measured,
      importanceWeight: importanceWeights(measured, sampled, weightBound),
    };
}

/** The gradient of a shard under the learner's weights, or where a number was not finite. */
export const gradientOfShard = Effect.fn("gradientOfShard")(function* (
  shard: GradientShard,
  { preset, temperature }: ShardSettings,
) {
  const learner = yield* Learner;
  const found = yield* learner.gradient(shard.sequences, temperature, shardLoss(shard, preset));
  if (Result.isFailure(found)) return Result.fail(found.failure);
  const gradient = yield* learner.readGradient();
  return Result.succeed({ gradient, results: found.success } satisfies ShardGradient);
});

/** Leaves the summed gradient of all shards with the learner; answers as `Learner.gradient` does, by place in the batch. */
export const gradientOfShards = Effect.fn("gradientOfShards")(function* <E, R>(
  shards: ReadonlyArray<GradientShard>,
  { share, ...settings }: ShardSettings & {
    readonly share: (
      ...asked: Parameters<ShareShards>
    ) => Effect.Effect<number, E, R>;
  },
) {
  const learner = yield* Learner;
  const { preset, temperature } = settings;
  if (shards.length === 1) {
    const [shard] = shards;
    // The sum of one is where the learner has it already.
    const found = yield* learner.gradient(shard!.sequences, temperature, shardLoss(shard!, preset));
    return Result.mapError(found, (place) => inBatch(place, shard!.range));
  }
  const results: SequenceResult[] = [];
  const sums = new Map<string, Float32Array>();
  const add = (one: ShardGradient) => {
    results.push(...one.results);
    addGradient(sums, one.gradient);
  };
  const given = yield* share(shards, settings, add);
  for (const shard of shards.slice(given)) {
    const found = yield* gradientOfShard(shard, settings);
    if (Result.isFailure(found)) return Result.fail(inBatch(found.failure, shard.range));
    add(found.success);
  }
  yield* learner.writeGradient(sums);
  return Result.succeed(results);
});

/** Adds a gradient to sums in place, in f32 as kernels do. The first one becomes the sums. */
function addGradient(sums: Map<string, Float32Array>, gradient: LearnerState["weights"]): void {
  for (const [name, values] of gradient) {
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, values);
    else for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
  }
}

/** Converts a place in a mini-batch or a shard to a place in its batch. */
export function inBatch(place: NonFinite, { start }: MiniBatch): NonFinite {
  return place.sequence < 0 ? place : { ...place, sequence: start + place.sequence };
}
