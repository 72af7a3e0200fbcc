import { Effect, Result } from "effect";
import { BadInput, JobFailed } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Sampler } from "../igpo/old_log_prob.ts";
import { gradientOfShard, type ShardSettings } from "../pipeline/gradient_shards.ts";
import type { Blobs } from "./blobs.ts";
import { decodeShard, encodeGradient, isFiniteAnswer } from "./gradient_record.ts";
import type { ShardJob } from "./job.ts";
import type { Trained } from "./weights_blob.ts";

/** What computing a shard takes. */
export interface ShardPlace {
  readonly blobs: Blobs;
  readonly model: Trained;
  readonly preset: ShardSettings["preset"];
  readonly sampler: Sampler;
  readonly recipe: Pick<Recipe, "contextTokens" | "temperature">;
}

/**
 * Computes the gradient of a shard under the learner's weights; answers with its bytes. Where a number is not finite
 * there are none: the trainer then finds the place.
 */
export const computeShard = Effect.fn("computeShard")(function* (
  { step, shard: blob }: ShardJob,
  { blobs, model, preset, sampler, recipe }: ShardPlace,
) {
  const { architecture: { vocabulary } } = model;
  const { contextTokens, temperature } = recipe;
  const sent = yield* blobs.get(blob, LIMITS.groupBytes).pipe(
    Effect.catchTag("BadBlob", ({ message, isMissing }) =>
      // As with weights: a shard that is gone belongs to an update that is over.
      Effect.fail(isMissing ? new JobFailed({ message }) : new BadInput({ message }))),
  );
  const { sequences, origin } = yield* decodeShard(sent, { contextTokens, vocabulary }).pipe(
    Effect.mapError(({ message }) => new JobFailed({ message })),
  );
  const shard = {
    step,
    range: { start: 0, end: sequences.length },
    sequences,
    origin: { ...origin, sampler },
  };
  const computed = yield* gradientOfShard(shard, { preset, temperature });
  if (Result.isFailure(computed)) return encodeGradient(model, null);
  const { gradient, results } = computed.success;
  const answer = { gradient, found: results.map(({ found }) => found) };
  return encodeGradient(model, isFiniteAnswer(answer) ? answer : null);
});
