/** Steps that are played before the updates of the step before them. */
import { Effect, Stream } from "effect";
import type { StalenessConfig } from "../igpo/preset.ts";
import { Learner, type PolicyWeights } from "../policy/policy.ts";

/**
 * Hands each element on with the next one, once that is there too: what comes before this stage is one step ahead of
 * what comes after it. The last element has no next one; without staleness none has, and nothing is ahead.
 */
export const withNext =
  ({ steps: ahead }: StalenessConfig) => <A, E, R>(elements: Stream.Stream<A, E, R>) =>
    ahead === 0 ? Stream.map(elements, (element): Pair<A> => [element, null]) : elements.pipe(
      // Unlike `Stream.zipWithNext`, which hands the last element on after a failure too, this ends there.
      Stream.concat(Stream.succeed(null)),
      Stream.mapAccum(
        (): A | null => null,
        (held, next): readonly [A | null, ReadonlyArray<Pair<A>>] => [
          next,
          held === null ? [] : [[held, next]],
        ],
      ),
    );

type Pair<A> = readonly [element: A, next: A | null];

/** Lets a step's updates wait until the next step is played, so that the weights before them play it. */
export const playAhead = (staleness: StalenessConfig) => <A, E, R>(steps: Stream.Stream<A, E, R>) =>
  Stream.map(withNext(staleness)(steps), ([step]) => step);

/**
 * Gives the learner the weights that play the first step of a resumed run before that step, and its own back after it.
 * Null leaves all steps to its own weights.
 */
export const playFirstBy =
  (behaviour: PolicyWeights | null) => <A, E, R>(steps: Stream.Stream<A, E, R>) =>
    Stream.unwrap(Effect.gen(function* () {
      const learner = yield* Learner;
      if (behaviour === null) return steps;
      const own = { updates: learner.version(), weights: yield* learner.weights() };
      const playedBy = (weights: PolicyWeights, some: typeof steps) =>
        Stream.unwrap(Effect.as(learner.adopt(weights), some));
      return Stream.concat(
        playedBy(behaviour, Stream.take(steps, 1)),
        playedBy(own, Stream.drop(steps, 1)),
      );
    }));
