/** The programs that have a queue. Others load none of its libraries. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { openScreen, type Screen } from "../files/screen.ts";
import type { QueueFlags } from "../queue/place.ts";
import { layerLearner } from "../run/layers.ts";
import { type OwnFlags, prepareWorker } from "../run/prepare_worker.ts";
import { embeddedModel } from "./embedded_model.ts";
import { ownFlags, queueFlags, workerFlags } from "./flags.ts";

/** `train` on a queue. */
export const trainingOnQueue = Effect.promise(() => import("../programs/train_on_queue.ts"));

/** Exports the spans of a program to a collector, if there is one. */
export const withSpans =
  (collector: string | null, screen: Screen) => <A, E, R>(program: Effect.Effect<A, E, R>) =>
    collector === null ? program : Effect.flatMap(
      Effect.promise(() => import("./export_spans.ts")),
      ({ layerSpans }) => Effect.provide(program, layerSpans(collector, screen)),
    );

const runWorker = Effect.fnUntraced(function* (
  { queue, blobs, otlp, ...own }: OwnFlags & QueueFlags & { readonly otlp: string | null },
) {
  const { openWork, nextRun, workFor } = yield* Effect.promise(() =>
    import("../programs/worker.ts")
  );
  const screen = yield* openScreen;
  const place = yield* openWork({ queue, blobs });
  const doNext = Effect.gen(function* () {
    const next = yield* nextRun(place, screen);
    const prepared = yield* prepareWorker(next.record, own, { embeddedModel, screen });
    yield* workFor(next, place, prepared).pipe(
      Effect.provide(layerLearner(prepared, [prepared.preset])),
    );
  });
  yield* Effect.forever(Effect.scoped(doNext)).pipe(withSpans(otlp, screen));
}, Effect.scoped);

/** The worker. */
export const worker = Command.make("worker", { ...workerFlags, ...ownFlags }, runWorker).pipe(
  Command.withDescription("Play and score episodes for the run of a queue, until it is stopped"),
);

const runQueue = Effect.fnUntraced(function* ({ queue }: { readonly queue: string }) {
  const { queueStatus } = yield* Effect.promise(() => import("../programs/queue_status.ts"));
  yield* queueStatus(queue, yield* openScreen);
});

/** What shows the jobs of a queue. */
export const looksAtQueue = Command.make("queue", queueFlags, runQueue).pipe(
  Command.withDescription("Show the jobs of a queue, and those that were given up"),
);
