/** The trainer's side: a step's groups as jobs, and the episodes that come back. */
import { Clock, Effect, Stream } from "effect";
import { type BadInput, JobFailed } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { StalenessConfig } from "../igpo/preset.ts";
import { withNext } from "../pipeline/play_ahead.ts";
import { inStep, stepSpan } from "../pipeline/step_spans.ts";
import type { ScoredStep, StepQuestions } from "../pipeline/steps.ts";
import { tellProgress } from "../pipeline/watch.ts";
import { Learner } from "../policy/policy.ts";
import type { BlobFolder } from "./blobs.ts";
import { decodeGroup, type GroupBounds, type PlayedGroup } from "./group_record.ts";
import { type BlobRef, type Job, jobId, spanRef } from "./job.ts";
import { type Station, work } from "./station.ts";
import { encodeWeights } from "./weights_blob.ts";
import { type AnsweredGroup, type WorkRecord, workRecord } from "./work_record.ts";

/** The station of a trainer, whose blobs lie in its own folder. */
export interface TrainerStation extends Station {
  readonly blobs: BlobFolder;
  readonly published: Set<string>;
  /** Keeps who played a step. */
  readonly onPlayed: (record: WorkRecord) => Effect.Effect<void, BadInput>;
}

/** Between two looks for answers. */
const LOOK_EVERY = "25 millis";
/** Looks between two offers of the jobs that are missing: a job may be lost with what a killed trainer removed. */
const OFFER_EVERY = 40;
/** Answers of a step that may be refused until the run ends. */
const MOST_REFUSED = 10;

/**
 * Plays and scores the episodes of each step as `rollout` and `score` do, a group a job. This process does jobs too, so
 * that a step goes on without any worker. The groups keep the order of their questions, whoever played them. With
 * staleness a step is offered before the one before it is collected, so that workers play it during the updates of that
 * step.
 */
export const handOut =
  (station: TrainerStation, staleness: StalenessConfig) =>
  <E, R>(steps: Stream.Stream<StepQuestions, E, R>) =>
    steps.pipe(
      Stream.mapEffect((step) => inStep(step.step)(offer(step, station))),
      withNext(staleness),
      Stream.mapEffect(([step, next]) => {
        const groups = inStep(step.step)(collectStep(step, next, station));
        return staleness.steps === 0 ? groups : withOwnWeights(station, groups);
      }),
    );

/** A step whose jobs are in the queue. */
interface OfferedStep extends StepQuestions {
  readonly jobs: ReadonlyMap<string, Job>;
  readonly weights: BlobRef;
  readonly policyVersion: number;
  readonly startedMillis: number;
}

const offer = Effect.fn("offer")(function* (
  { step, questions }: StepQuestions,
  station: TrainerStation,
) {
  const startedMillis = yield* Clock.currentTimeMillis;
  const learner = yield* Learner;
  const policyVersion = learner.version();
  const weights = yield* publish(station);
  const span = spanRef(yield* stepSpan(step));
  const jobs = new Map(questions.map((question) => {
    const job: Job = { run: station.run, weights, updates: policyVersion, step, question, ...span };
    return [jobId(job), job];
  }));
  yield* Effect.forEach(jobs, ([id, job]) => station.queue.offer(id, job), { discard: true });
  return { step, questions, jobs, weights, policyVersion, startedMillis } satisfies OfferedStep;
});

const collectStep = Effect.fn("handOut")(function* (
  { jobs, weights, ...step }: OfferedStep,
  next: OfferedStep | null,
  station: TrainerStation,
) {
  const begunMillis = yield* Clock.currentTimeMillis;
  const blobs: BlobRef[] = [];
  const { groups, refused } = yield* Effect.raceFirst(
    collect(jobs, station, blobs),
    // It ends only by a failure, or where another run took the queue over.
    Effect.andThen(work(station), TAKEN_OVER),
  );
  const repeats = refused + (yield* station.queue.repeats([...jobs.keys()]));
  yield* station.queue.forget([...jobs.keys()]);
  if (next?.weights.sha256 !== weights.sha256) blobs.push(weights);
  yield* Effect.forEach(blobs, station.blobs.remove, { discard: true });
  const endedMillis = yield* Clock.currentTimeMillis;
  yield* station.onPlayed(
    workRecord(groups.values(), {
      step: step.step,
      seconds: (endedMillis - step.startedMillis) / 1000,
      repeats,
      own: station.queue.worker,
    }),
  );
  return {
    ...joined([...jobs.keys()].map((id) => groups.get(id)!)),
    ...sharedTime(groups.values(), (endedMillis - begunMillis) / 1000),
    ...step,
  } satisfies ScoredStep;
});

/** Gives the learner its weights back after jobs that take older ones. */
const withOwnWeights = <A, E, R>(station: TrainerStation, jobs: Effect.Effect<A, E, R>) =>
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

const TAKEN_OVER = Effect.fail(
  new JobFailed({ message: "Cannot go on as the queue must be this run's alone: another took it" }),
);

/** Makes the learner's weights a blob. */
const publish = Effect.fn("publish")(function* (station: TrainerStation) {
  const learner = yield* Learner;
  const blob = yield* station.blobs.put(
    encodeWeights(station.model, yield* learner.weights()),
  );
  station.weights = blob.sha256;
  station.published.add(blob.sha256);
  return blob;
});

/** Waits for the answers to all jobs; adds their blobs to `blobs`. */
const collect = Effect.fnUntraced(function* (
  jobs: ReadonlyMap<string, Job>,
  station: TrainerStation,
  blobs: BlobRef[],
) {
  const { queue } = station;
  const groups = new Map<string, AnsweredGroup>();
  const { step } = jobs.values().next().value!;
  let refused = 0;
  for (let look = 0; groups.size < jobs.size; look++) {
    if (look > 0) yield* Effect.sleep(LOOK_EVERY);
    const missing = [...jobs].filter(([id]) => !groups.has(id));
    if (look > 0 && look % OFFER_EVERY === 0) {
      yield* failIfDead(jobs, station);
      yield* Effect.forEach(missing, ([id, job]) => queue.offer(id, job), { discard: true });
    }
    for (const { id, blob, worker } of yield* queue.answers(missing.map(([id]) => id))) {
      const group = yield* read(jobs.get(id)!, blob, station).pipe(
        Effect.catchTag(["BadInput", "BadBlob"], ({ message }) => station.onFailed(message)),
      );
      blobs.push(blob);
      if (group !== undefined) groups.set(id, { ...group, worker, bytes: blob.bytes });
      else if (refused++ < MOST_REFUSED) yield* queue.forget([id]);
      else return yield* TOO_MANY_REFUSED;
    }
    yield* tellProgress({
      step,
      phase: "rollout",
      done: groups.size,
      total: jobs.size,
      unit: "groups",
    });
  }
  return { groups, refused };
});

const TOO_MANY_REFUSED = Effect.fail(
  new JobFailed({
    message: `Cannot go on as workers must answer with groups: ${
      MOST_REFUSED + 1
    } answers were not`,
  }),
);

const read = Effect.fnUntraced(function* (job: Job, blob: BlobRef, station: TrainerStation) {
  const { play: { recipe }, model: { architecture: { vocabulary } } } = station;
  const bytes = yield* station.blobs.get(blob, LIMITS.groupBytes);
  const { groupSize, contextTokens } = recipe;
  const bounds: GroupBounds = { groupSize, contextTokens, vocabulary };
  return yield* decodeGroup(bytes, job, bounds);
});

/** Fails once a job was given up: without its group the step would be another one. */
const failIfDead = Effect.fnUntraced(function* (
  jobs: ReadonlyMap<string, Job>,
  { queue }: Station,
) {
  const dead = (yield* queue.dead).find(({ id }) => jobs.has(id));
  if (dead === undefined) return;
  const { step, question } = jobs.get(dead.id)!;
  return yield* new JobFailed({
    message: `Cannot go on as each group of step ${step} must be played: that of question ` +
      `"${question.id}" failed ${dead.attempts} times, in the end by: ${dead.reason}`,
  });
});

function joined(groups: ReadonlyArray<PlayedGroup>) {
  const sum = (of: (group: PlayedGroup) => number) => groups.reduce((all, one) => all + of(one), 0);
  return {
    groups: groups.flatMap((one) => one.groups),
    dropped: {
      episodes: sum(({ dropped }) => dropped.episodes),
      groups: sum(({ dropped }) => dropped.groups),
    },
    lost: groups.flatMap(({ lost }) => lost),
    uncaught: {
      count: sum(({ uncaught }) => uncaught.count),
      last: groups.findLast(({ uncaught }) => uncaught.count > 0)?.uncaught.last ?? "",
    },
    scoredTokens: sum(({ scoredTokens }) => scoredTokens),
  };
}

/** The time that a step waited, in the proportion in which its workers played and scored. */
function sharedTime(groups: Iterable<PlayedGroup>, seconds: number) {
  let [played, scored] = [0, 0];
  for (const { rolloutSeconds, scoreSeconds } of groups) {
    played += rolloutSeconds;
    scored += scoreSeconds;
  }
  const scoreSeconds = played + scored === 0 ? 0 : seconds * scored / (played + scored);
  return { rolloutSeconds: seconds - scoreSeconds, scoreSeconds };
}
