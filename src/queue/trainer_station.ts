/** What a trainer has besides what every process that does jobs has. */
import { Effect } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { Learner } from "../policy/policy.ts";
import type { BlobFolder } from "./blobs.ts";
import type { BlobRef } from "./job.ts";
import type { SharedRecord } from "./shared_record.ts";
import type { Station } from "./station.ts";
import { encodeWeights } from "./weights_blob.ts";
import type { WorkRecord } from "./work_record.ts";

/** The station of a trainer, whose blobs lie in its own folder. */
export interface TrainerStation extends Station {
  readonly blobs: BlobFolder;
  readonly published: Set<string>;
  /** Hash of the weights of the step whose groups were offered last; null once they are collected. */
  offered: string | null;
  /** Keeps who played a step. */
  readonly onPlayed: (record: WorkRecord) => Effect.Effect<void, BadInput>;
  /** Keeps who computed the gradient of an update. */
  readonly onShared: (record: SharedRecord) => Effect.Effect<void, BadInput>;
}

/** Makes the learner's weights a blob. */
export const publish = Effect.fn("publish")(function* (station: TrainerStation) {
  const learner = yield* Learner;
  const blob: BlobRef = yield* station.blobs.put(
    encodeWeights(station.model, yield* learner.weights()),
  );
  station.weights = blob.sha256;
  station.published.add(blob.sha256);
  return blob;
});

/** Gives the learner its weights back after jobs that take older ones. */
export const withOwnWeights = <A, E, R>(
  station: TrainerStation,
  jobs: Effect.Effect<A, E, R>,
) =>
  Effect.acquireUseRelease(
    Effect.gen(function* () {
      const learner = yield* Learner;
      station.weights = null;
      return { updates: learner.version(), weights: yield* learner.weights() };
    }),
    () => jobs,
    (own) =>
      Effect.gen(function* () {
        const learner = yield* Learner;
        station.weights = null;
        yield* Effect.orDie(learner.adopt(own));
      }),
  );
