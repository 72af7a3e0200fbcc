import { Clock, Effect, Stream } from "effect";
import type { Episode } from "../domain/episode.ts";
import type { Recipe } from "../domain/recipe.ts";
import { countUncaught, type Uncaught } from "../environment/uncaught.ts";
import { Learner } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { episodeKey, runKey } from "./keys.ts";
import { playEpisodes, type PlayOptions, type Seat, toolPlay } from "./play.ts";
import { inStep } from "./step_spans.ts";
import type { LostEpisode, StepEpisodes, StepQuestions } from "./steps.ts";
import { tellProgress } from "./watch.ts";

/** How training episodes are sampled. */
export interface RolloutOptions {
  readonly seed: number;
  readonly protocol: Protocol;
  readonly recipe: Recipe;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
}

/**
 * Plays `groupSize` episodes of each question with the current weights. An episode lost to a crash of its
 * environment is dropped, and so is a group left with fewer than two; both are counted. So are errors that tools throw
 * where no call waits for them: as long as the stream runs, they do not end the process.
 */
export const rollout =
  (options: RolloutOptions) => <E, R>(steps: Stream.Stream<StepQuestions, E, R>) =>
    Stream.unwrap(
      Effect.map(Learner, ({ version }) => rolloutAt(version, options)(steps)),
    );

/** The same with a policy that nothing here trains, which is version 0 of its run. */
export const rolloutFixed = (options: RolloutOptions) => rolloutAt(() => 0, options);

const rolloutAt =
  (version: () => number, options: RolloutOptions) =>
  <E, R>(steps: Stream.Stream<StepQuestions, E, R>) =>
    Stream.unwrap(Effect.map(
      countUncaught,
      (uncaught) =>
        Stream.mapEffect(
          steps,
          (step) => inStep(step.step)(rolloutStep(step, { ...options, version, uncaught })),
        ),
    ));

interface StepOptions extends RolloutOptions {
  /** Updates that the weights have seen now. */
  readonly version: () => number;
  /** What tools left behind since the step before. */
  readonly uncaught: Effect.Effect<Uncaught>;
}

const rolloutStep = Effect.fn("rollout")(function* (
  { step, questions }: StepQuestions,
  options: StepOptions,
) {
  const startedMillis = yield* Clock.currentTimeMillis;
  const policyVersion = options.version();
  const seats = questions.flatMap((question) =>
    seatsOf({ step, question, policyVersion }, options)
  );
  const onEnded = (done: number) =>
    tellProgress({ step, phase: "rollout", done, total: seats.length, unit: "episodes" });
  yield* onEnded(0);
  const reasons = new Map<string, string>();
  const episodes = yield* playEpisodes(seats, {
    ...trainingPlay(options),
    waitFor: Math.ceil(options.recipe.waitForShare * seats.length),
    onEnded,
    onLost: ({ id }, reason) => reasons.set(id, reason),
  });
  const played = episodes.filter((episode) => episode !== null);
  const kept = Map.groupBy(played, ({ question }) => question.id);
  const groups = [...kept.values()].filter((group) => group.length >= 2);
  const endedMillis = yield* Clock.currentTimeMillis;
  return {
    step,
    questions,
    policyVersion,
    groups,
    dropped: {
      episodes: episodes.length - played.length,
      groups: questions.length - groups.length,
    },
    lost: lostOf(seats, [...kept.values()], reasons),
    uncaught: yield* options.uncaught,
    startedMillis,
    rolloutSeconds: (endedMillis - startedMillis) / 1000,
  } satisfies StepEpisodes;
});

/** The episodes that came to nothing, and those that were left alone. */
function lostOf(
  seats: ReadonlyArray<Seat>,
  kept: ReadonlyArray<ReadonlyArray<Episode>>,
  reasons: ReadonlyMap<string, string>,
): ReadonlyArray<LostEpisode> {
  const alone = new Set(kept.filter((group) => group.length === 1).map(([one]) => one!.id));
  return seats.flatMap((seat) => {
    const reason = alone.has(seat.id) ? ALONE : reasons.get(seat.id);
    return reason === undefined ? [] : [{ ...seat, reason }];
  });
}

const ALONE = "no other episode of its group was left to compare it with";

/** One seat for each sample of a question. */
function seatsOf(
  place: Pick<Episode, "step" | "question" | "policyVersion">,
  { seed, recipe }: RolloutOptions,
): ReadonlyArray<Seat> {
  const key = runKey(seed, "rollout");
  const questionId = place.question.id;
  return Array.from({ length: recipe.groupSize }, (_, sample) => ({
    ...place,
    sample,
    id: `${place.step}/${questionId}/${sample}`,
    key: episodeKey(key, { step: place.step, questionId, sample }),
  }));
}

/** How training episodes are played. */
export function trainingPlay({ protocol, recipe, wave }: RolloutOptions): PlayOptions {
  const { temperature, topK, topP, minP, maxTurns, maxNewTokens, contextTokens } = recipe;
  return {
    protocol,
    sampling: { temperature, topK, topP, minP },
    maxTurns,
    maxNewTokens,
    contextTokens,
    ...toolPlay(recipe),
    wave,
  };
}
