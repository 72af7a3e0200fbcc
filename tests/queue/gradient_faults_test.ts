/** Answers to gradient shards that are wrong, and shards that are. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Result, type Scope } from "effect";
import { Environment } from "../../src/environment/environment.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import {
  gradientOfShards,
  type GradientShard,
  type ShareShards,
} from "../../src/pipeline/gradient_shards.ts";
import { Learner } from "../../src/policy/policy.ts";
import { bytesOf } from "../../src/queue/bytes.ts";
import { computeShard } from "../../src/queue/compute_shard.ts";
import { decodeShard, encodeShard, gradientBytes } from "../../src/queue/gradient_record.ts";
import { type BlobRef, jobId, type ShardJob } from "../../src/queue/job.ts";
import { openOwnBlobs } from "../../src/queue/open_blobs.ts";
import { openPlace } from "../../src/queue/place.ts";
import { shareGradients } from "../../src/queue/share_gradients.ts";
import type { TrainerStation } from "../../src/queue/trainer_station.ts";
import { encodeWeights } from "../../src/queue/weights_blob.ts";
import { openQueue } from "../../src/queue/work_queue.ts";
import {
  inFolder,
  prepareTiny,
  QUICK,
  tinyModel,
  tinyRecipe,
  tinyTask,
} from "../support/tiny_run.ts";

const RUN = { sha256: "a".repeat(64), bytes: 1 };
const PRESET = PRESETS["paper-v2"]!;
const SETTINGS = { preset: PRESET, temperature: 1 };

/** A shard of one sequence, whose tokens are 3, 4, 5 .. */
function shardAt(index: number, advantage = 1): GradientShard {
  const per = (value: number) => new Float64Array(3).fill(value);
  return {
    step: 1,
    range: { start: index, end: index + 1 },
    origin: { sampler: "own", weightBound: null },
    sequences: [{
      tokens: Uint32Array.from({ length: 6 }, (_, i) => 3 + i + index),
      position: Uint32Array.of(2, 3, 5),
      turn: new Uint32Array(3),
      advantage: per(advantage),
      weight: per(1 / 9),
      behaviourLogProb: per(-6),
      referenceLogProb: null,
      clipScale: per(1),
      logProbBefore: index === 0 ? null : per(-6.5),
    }],
  };
}

const SHARDS = [shardAt(0), shardAt(1, -2), shardAt(2, 0.5)];

type Needs = Effect.Services<ReturnType<ReturnType<typeof shareGradients>>> | Scope.Scope;

/** Opens the queue of a trainer, whose sentences about failures are kept. */
const openTrainer = Effect.fnUntraced(function* (folder: string) {
  const flags = { queue: `sqlite:${folder}/queue.sqlite`, blobs: null };
  const place = yield* openPlace(flags);
  const said: string[] = [];
  const { protocol } = tinyTask;
  const station: TrainerStation = {
    queue: yield* openQueue(place, QUICK),
    blobs: yield* openOwnBlobs(flags),
    model: tinyModel,
    play: { recipe: tinyRecipe, seed: 0, wave: 6, protocol, gain: PRESET.gain },
    preset: PRESET,
    sampler: "own",
    run: RUN,
    weights: null,
    published: new Set(),
    offered: null,
    onPlayed: () => Effect.void,
    onShared: () => Effect.void,
    onDone: () => Effect.void,
    onFailed: (sentence) => Effect.sync(() => void said.push(sentence)),
  };
  /** The name of a shard's job. */
  const idOf = Effect.fnUntraced(function* (index: number) {
    const weights = yield* station.blobs.put(
      encodeWeights(tinyModel, yield* (yield* Learner).weights()),
    );
    const shard = yield* station.blobs.put([yield* encodeShard(SHARDS[index]!)]);
    return jobId({ run: RUN, weights, updates: 0, step: 1, index, shard });
  });
  /** Answers a shard before anybody computes it. */
  const forge = Effect.fnUntraced(function* (index: number, answer: BlobRef) {
    const id = yield* idOf(index);
    yield* place.sql`insert into igpo_answers (id, answer, worker)
      values (${id}, ${JSON.stringify(answer)}, 'forger')`;
  });
  /** The gradient of all shards, computed by whoever takes them. */
  const gradient = Effect.suspend(() => gradientBy(shareGradients(station, PRESET.staleness)));
  return { station, said, forge, gradient: Effect.timeout(gradient, "30 seconds") };
});

const gradientBy = Effect.fnUntraced(function* <E, R>(
  share: (...asked: Parameters<ShareShards>) => Effect.Effect<number, E, R>,
) {
  const found = yield* gradientOfShards(SHARDS, { ...SETTINGS, share });
  ok(Result.isSuccess(found));
  strictEqual(found.success.length, SHARDS.length);
  return yield* (yield* Learner).readGradient();
});

/** By this process, without a queue. */
const alone = gradientBy(() => Effect.succeed(0));

const withTrainer = (
  use: (
    trainer: Effect.Success<ReturnType<typeof openTrainer>>,
  ) => Effect.Effect<void, unknown, Needs>,
) =>
  inFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { layers } = yield* prepareTiny({ folder: "" });
      yield* Effect.flatMap(openTrainer(folder), use).pipe(
        Effect.provideService(Environment, tinyTask.train.environment),
        Effect.provide(layers),
      );
    })))
  );

Deno.test("answers that are cut off, too long, forged or missing are refused, and the shard is computed again", () =>
  withTrainer(({ station: { blobs }, said, forge, gradient }) =>
    Effect.gen(function* () {
      const want = yield* alone;
      const length = gradientBytes(tinyModel, SHARDS[0]!);
      const infinite = new Float32Array(length / 4).fill(Infinity);
      const cases: ReadonlyArray<readonly [number, () => Effect.Effect<BlobRef, unknown>, RegExp]> =
        [
          [0, () => blobs.put([new Uint8Array(length - 4)]), /must have \d+ bytes: it has \d+$/],
          [1, () => blobs.put([new Uint8Array(length + 4)]), /must have at most \d+ bytes: it has/],
          [2, () => Effect.succeed(RUN), /cannot be read: there is no such file$/],
          [
            1,
            () => blobs.put([bytesOf(infinite)]),
            /^Cannot use a gradient as its numbers must be/,
          ],
        ];
      for (const [index, answer, says] of cases) {
        yield* forge(index, yield* answer());
        deepStrictEqual(yield* gradient, want);
        match(said.pop() ?? "", says);
      }
      deepStrictEqual(said, []);
    })
  ));

Deno.test("where a worker says that a number is not finite, the trainer computes that shard and those after it", () =>
  withTrainer(({ station: { blobs }, said, forge, gradient }) =>
    Effect.gen(function* () {
      const want = yield* alone;
      for (const index of [0, 1, 2]) {
        yield* forge(index, yield* blobs.put([]));
        deepStrictEqual(yield* gradient, want);
      }
      deepStrictEqual(said, []);
    })
  ));

Deno.test("a worker answers no numbers that are not finite", () =>
  withTrainer(({ station }) =>
    Effect.gen(function* () {
      const learner = yield* Learner;
      const bad = { op: "head_finish", sequence: 0, token: 2 };
      const huge = [...yield* learner.weights()].map(([name, values]) =>
        [name, values.map(() => Infinity)] as const
      );
      const broken: ReadonlyArray<Partial<typeof learner>> = [
        { gradient: () => Effect.succeed(Result.fail(bad)) },
        { readGradient: () => Effect.succeed(new Map(huge)) },
      ];
      const shard = yield* station.blobs.put([yield* encodeShard(SHARDS[0]!)]);
      const job: ShardJob = { run: RUN, weights: RUN, updates: 0, step: 1, index: 0, shard };
      const given = { ...station, recipe: tinyRecipe };
      ok((yield* computeShard(job, given)).length > 0);
      for (const change of broken) {
        const answer = computeShard(job, given).pipe(
          Effect.provideService(Learner, Learner.of({ ...learner, ...change })),
        );
        deepStrictEqual(yield* answer, []);
      }
    })
  ));

Deno.test("a shard comes back as it was sent", async () => {
  for (const { sequences, origin } of SHARDS) {
    const bytes = await Effect.runPromise(encodeShard({ sequences, origin }));
    const back = await Effect.runPromise(decodeShard(bytes, BOUNDS));
    deepStrictEqual(back, { sequences, origin: { weightBound: origin.weightBound } });
  }
});

const BOUNDS = { contextTokens: 128, vocabulary: tinyModel.architecture.vocabulary };

/** A shard whose sequence differs in some fields. */
const changed = (fields: Partial<GradientShard["sequences"][number]>) => ({
  ...SHARDS[0]!,
  sequences: [{ ...SHARDS[0]!.sequences[0]!, ...fields }],
});

const flaws: ReadonlyArray<readonly [Partial<GradientShard["sequences"][number]>, RegExp]> = [
  [{ tokens: new Uint32Array(0) }, /^Cannot use .* must have 1 to 128 tokens: it has 0$/],
  [{ tokens: new Uint32Array(129) }, /must have 1 to 128 tokens: it has 129$/],
  [{ tokens: new Uint32Array(6).fill(640) }, /must have tokens below 640: one is 640$/],
  [{ position: Uint32Array.of(0, 3, 5) }, /positions of sequence 1 must rise from 1 to its end$/],
  [{ position: Uint32Array.of(2, 2, 5) }, /must rise/],
  [{ position: Uint32Array.of(2, 3, 6) }, /must rise/],
  [{ advantage: new Float64Array(2) }, /advantage of sequence 1 must have 3 numbers: it has 2$/],
  [{ turn: new Uint32Array(4) }, /turn of sequence 1 must have 3 numbers: it has 4$/],
  [{ weight: new Float64Array(3).fill(NaN) }, /weight of sequence 1 must be finite$/],
  [{ logProbBefore: new Float64Array(1) }, /logProbBefore of sequence 1 must have 3 numbers/],
];

for (const [fields, says] of flaws) {
  Deno.test(`a shard is refused with: ${says.source}`, async () => {
    const bytes = await Effect.runPromise(encodeShard(changed(fields)));
    const { message } = await Effect.runPromise(Effect.flip(decodeShard(bytes, BOUNDS)));
    match(message, says);
  });
}

Deno.test("bytes that are no shard are refused", async () => {
  for (const text of ["", "{", '{"weightBound":null,"sequences":[]}', '{"sequences":3}']) {
    const bytes = new TextEncoder().encode(text);
    const { message } = await Effect.runPromise(Effect.flip(decodeShard(bytes, BOUNDS)));
    match(message, /^Cannot read a gradient shard as/);
  }
});
