/** The trainer's side: a step's groups as jobs, and the episodes that come back. */
import { Clock, Effect, Stream } from "effect";
import { LIMITS } from "../domain/limits.ts";
import type { StalenessConfig } from "../igpo/preset.ts";
import { withNext } from "../pipeline/play_ahead.ts";
import { inStep, stepSpan } from "../pipeline/step_spans.ts";
import type { ScoredStep, StepQuestions } from "../pipeline/steps.ts";
import { tellProgress } from "../pipeline/watch.ts";
import { Learner } from "../policy/policy.ts";
import { answersTo } from "./collect.ts";
import { decodeGroup, type GroupBounds, type PlayedGroup } from "./group_record.ts";
import { type BlobRef, type GroupJob, jobId, spanRef } from "./job.ts";
import { publish, type TrainerStation, withOwnWeights } from "./trainer_station.ts";
import { workRecord } from "./work_record.ts";

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
  readonly jobs: ReadonlyMap<string, GroupJob>;
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
    const job = { run: station.run, weights, updates: policyVersion, step, question, ...span };
    return [jobId(job), job];
  }));
  yield* station.queue.offer(jobs);
  station.offered = weights.sha256;
  return { step, questions, jobs, weights, policyVersion, startedMillis } satisfies OfferedStep;
});

const collectStep = Effect.fn("handOut")(function* (
  { jobs, weights, ...step }: OfferedStep,
  next: OfferedStep | null,
  station: TrainerStation,
) {
  const begunMillis = yield* Clock.currentTimeMillis;
  const blobs: BlobRef[] = [];
  const { step: number } = step;
  const { size: total } = jobs;
  const { answers, repeats } = yield* answersTo(station, {
    jobs,
    read: (id, blob) => read(jobs.get(id)!, blob, station),
    isOrdered: false,
    tell: (done) => tellProgress({ step: number, phase: "rollout", done, total, unit: "groups" }),
    blobs,
  });
  const groups = new Map(
    [...answers].map(([id, { answer, ...one }]) => [id, { ...answer, ...one }] as const),
  );
  yield* station.queue.forget([...jobs.keys()]);
  if (next === null) station.offered = null;
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

const read = Effect.fnUntraced(function* (job: GroupJob, blob: BlobRef, station: TrainerStation) {
  const { play: { recipe }, model: { architecture: { vocabulary } } } = station;
  const bytes = yield* station.blobs.get(blob, LIMITS.groupBytes);
  const { groupSize, contextTokens } = recipe;
  const bounds: GroupBounds = { groupSize, contextTokens, vocabulary };
  return yield* decodeGroup(bytes, job, bounds);
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
