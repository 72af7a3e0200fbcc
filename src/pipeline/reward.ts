import { Stream } from "effect";
import type { RewardedEpisode, ScoredEpisode } from "../domain/batch.ts";
import { outcomeOf, scoreAnswer } from "../igpo/answer_score.ts";
import { gainsAgainstWithout, gainsOf } from "../igpo/belief.ts";
import type { GainConfig, Preset } from "../igpo/preset.ts";
import type { RewardedStep, ScoredStep } from "./steps.ts";

/** Adds each turn's reward: information gains, and the outcome of the last turn. */
export const reward = (preset: Preset) => <E, R>(steps: Stream.Stream<ScoredStep, E, R>) =>
  Stream.map(steps, (step): RewardedStep => ({
    ...step,
    groups: step.groups.map((group) => ({
      step: step.step,
      episodes: group.map((episode) => rewardEpisode(episode, preset)),
    })),
  }));

/** The outcome is the environment's if it grades, else the preset's. Without gains in the preset all gains are 0. */
export function rewardEpisode(episode: ScoredEpisode, preset: Preset): RewardedEpisode {
  const { answer, question, environmentOutcome } = episode;
  return {
    ...episode,
    ...gradeAnswer(answer, question.golds, preset),
    gain: gainOf(episode, preset.gain),
    outcome: environmentOutcome ?? outcomeOf(answer, question.golds, preset.outcome),
  };
}

function gainOf({ turns, belief, without }: ScoredEpisode, gain: GainConfig): Float64Array {
  const { measure, against } = gain;
  if (measure === "none") return new Float64Array(turns.length - 1);
  return against === "without"
    ? gainsAgainstWithout(belief, without, measure)
    : gainsOf(belief, measure);
}

/** F1 and exact match against all gold answers; 0 and false without an answer. */
export function gradeAnswer(
  answer: string | null,
  golds: ReadonlyArray<string>,
  { outcome }: Pick<Preset, "outcome">,
): { readonly f1: number; readonly em: boolean } {
  return answer === null ? { f1: 0, em: false } : scoreAnswer(answer, golds, outcome.tokens);
}
