import { Effect, Stream } from "effect";
import { MARKS } from "../checks/marks.ts";
import type { Reward } from "../checks/reward.ts";
import { withReward } from "../checks/rewarded_environment.ts";
import type { RewardedEpisode } from "../domain/batch.ts";
import { WORLDS } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { TrainedStep } from "../domain/reward_check.ts";
import { Environment } from "../environment/environment.ts";
import type { Screen } from "../files/screen.ts";
import type { Preset } from "../igpo/preset.ts";
import { mean } from "../math/statistics.ts";
import { advantage } from "../pipeline/advantage.ts";
import { playAhead } from "../pipeline/play_ahead.ts";
import { questionSteps } from "../pipeline/questions.ts";
import { reward as rewardStage } from "../pipeline/reward.ts";
import { rollout } from "../pipeline/rollout.ts";
import { score } from "../pipeline/score.ts";
import type { UpdatedStep } from "../pipeline/steps.ts";
import { update } from "../pipeline/update.ts";
import { Watch } from "../pipeline/watch.ts";
import { trainedLine } from "../report/reward_check_table.ts";
import { progressLine } from "../report/terminal.ts";
import type { Task } from "../run/task.ts";

/** Some minutes of training on a CPU, on questions of all kinds: what the recipe has by itself takes longer. */
export const SHORT_TRAINING = {
  steps: 20,
  promptsPerStep: 4,
  trainKinds: WORLDS.mixed,
  trainQuestions: 200,
} as const satisfies Partial<Recipe>;

/** What training against a reward needs besides policy and learner. */
export interface TrainAgainstOptions {
  readonly recipe: Recipe;
  readonly preset: Preset;
  readonly seed: number;
  readonly task: Task;
  readonly wave: number;
  readonly screen: Screen;
}

/** Trains the agent with a user's reward as the outcome, prints each step, and keeps nothing of the trained weights. */
export const trainAgainst = Effect.fn("trainAgainst")(
  function* (reward: Reward, options: TrainAgainstOptions) {
    const { recipe, preset, seed, wave, screen, task: { protocol, train } } = options;
    const { questions, environment } = train;
    return yield* questionSteps({ ...recipe, seed, questions, from: 1, to: recipe.steps }).pipe(
      rollout({ seed, protocol, recipe, wave }),
      score({ protocol, gain: preset.gain }),
      playAhead(preset.staleness),
      rewardStage(preset),
      advantage({ preset, recipe }),
      update({ preset, recipe, record: () => Effect.void }),
      Stream.map(trainedStep),
      Stream.tap((step) => screen.print(trainedLine(step, recipe.steps))),
      Stream.runCollect,
      Effect.provideService(Environment, withReward(environment, reward)),
      Effect.provideService(
        Watch,
        (progress) => screen.showProgress(progressLine({ ...progress, steps: recipe.steps })),
      ),
    );
  },
);

function trainedStep({ step, groups, dropped }: UpdatedStep): TrainedStep {
  const episodes = groups.flatMap((group) => group.episodes);
  const answered = episodes.filter(isAnswered);
  const meanOf = (value: (episode: (typeof answered)[number]) => number) =>
    mean(Float64Array.from(answered, value));
  return {
    step,
    answered: episodes.length === 0 ? 0 : answered.length / episodes.length,
    dropped: dropped.episodes,
    reward: meanOf(({ outcome }) => outcome),
    f1: meanOf(({ f1 }) => f1),
    marks: Object.fromEntries(
      Object.entries(MARKS).map(([hack, isMarked]) => [
        hack,
        meanOf((episode) => Number(isMarked(episode))),
      ]),
    ),
  };
}

function isAnswered(
  episode: RewardedEpisode,
): episode is RewardedEpisode & { readonly answer: string } {
  return episode.answer !== null;
}
