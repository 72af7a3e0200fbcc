/**
 * The true advantage of each turn of some episodes: Q - V, the mean outcome of episodes that are played on from just
 * after the turn, less that of episodes that are played on from just before it.
 */
import { Effect } from "effect";
import type { Episode } from "../src/domain/episode.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { correlation, mean, standardDeviation } from "../src/math/statistics.ts";
import { hashString, splitKey } from "../src/math/threefry.ts";
import { runKey } from "../src/pipeline/keys.ts";
import { type OpenEpisode, reopenEpisode } from "../src/pipeline/open_episode.ts";
import { playEpisodes, type PlayOptions, type Seat } from "../src/pipeline/play.ts";
import { gradeAnswer } from "../src/pipeline/reward.ts";

/** How true advantages are measured. */
export interface TruthOptions {
  readonly seed: number;
  /** Episodes that are played on from each state, at least two. */
  readonly resamples: number;
  readonly play: PlayOptions;
}

/** The outcomes of the episodes that were played on from each state, by the state's name. */
export type Outcomes = ReadonlyMap<string, Float64Array>;

/** The advantage of a turn with its standard error. */
export interface TrueAdvantage {
  readonly value: number;
  readonly error: number;
}

/**
 * Plays on from every state before a turn. Episodes of a question that are equal up to there share a state, which is
 * played on from once. No draw is one of the episodes' own, so that their luck is not counted as merit.
 */
export const playOn = Effect.fn("playOn")(function* (
  episodes: ReadonlyArray<Episode>,
  { seed, resamples, play }: TruthOptions,
) {
  const key = runKey(seed, "resample");
  const states = new Map<string, OpenEpisode>();
  for (const episode of episodes) {
    for (const turn of episode.turns.keys()) {
      states.set(stateName(episode, turn), reopenEpisode(episode, turn));
    }
  }
  const seats = [...states].flatMap(([name, from]) =>
    Array.from({ length: resamples }, (_, n): Seat => ({
      ...from,
      id: `${from.id}/${from.turns.length}/${n}`,
      key: splitKey(key, hashString(name), n),
      from,
    }))
  );
  const played = yield* playEpisodes(seats, play);
  const outcomes: Outcomes = new Map([...states.keys()].map((name, state) => {
    const own = played.slice(state * resamples, (state + 1) * resamples);
    return [name, Float64Array.from(own.filter((episode) => episode !== null), outcomeOf)];
  }));
  return { outcomes, played: seats.length };
});

/** What an agent is trained for: the grade of its environment, else F1. No format penalty is part of it. */
export function outcomeOf({ answer, question, environmentOutcome }: Episode): number {
  return environmentOutcome ?? gradeAnswer(answer, question.golds, PRESETS["paper-v2"]!).f1;
}

/** Q - V of each turn of an episode. The state after the last turn is the end, and its value the outcome. */
export function trueAdvantages(
  episode: Episode,
  outcomes: Outcomes,
): ReadonlyArray<TrueAdvantage> {
  const values = [...episode.turns.keys()].map((turn) =>
    valueOf(outcomes.get(stateName(episode, turn))!)
  );
  const end = { value: outcomeOf(episode), error: 0 };
  return values.map((before, turn) => {
    const after = values[turn + 1] ?? end;
    return { value: after.value - before.value, error: Math.hypot(after.error, before.error) };
  });
}

/**
 * The Pearson correlation that credit equal to the truth would have with advantages measured by so many resamples: the
 * root of their reliability, which the correlation of two halves of the resamples tells (Spearman-Brown).
 */
export function ceilingOf(episodes: ReadonlyArray<Episode>, outcomes: Outcomes): number {
  const half = (parity: 0 | 1) => {
    const own = new Map(
      [...outcomes].map(([name, all]) => [name, all.filter((_, n) => n % 2 === parity)]),
    );
    return Float64Array.from(
      episodes.flatMap((episode) => trueAdvantages(episode, own)),
      ({ value }) => value,
    );
  };
  const halves = Math.max(0, correlation(half(0), half(1)));
  return Math.sqrt(2 * halves / (1 + halves));
}

function valueOf(outcomes: Float64Array): TrueAdvantage {
  const error = standardDeviation(outcomes, 1) / Math.sqrt(outcomes.length);
  return { value: mean(outcomes), error };
}

/** A state is what the policy would read: a question and the tokens before the turn's message. */
function stateName({ question, tokens, promptBoundary, turns }: Episode, turn: number): string {
  const end = turns[turn - 1]?.boundary ?? promptBoundary;
  return `${question.id} ${turn} ${tokens.subarray(0, end).join()}`;
}
