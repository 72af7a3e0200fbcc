import { Effect, Ref, Stream } from "effect";
import { Environment } from "../environment/environment.ts";
import { advantage } from "../pipeline/advantage.ts";
import { playAhead, playFirstBy } from "../pipeline/play_ahead.ts";
import { checkQuestions, questionSteps } from "../pipeline/questions.ts";
import { reward } from "../pipeline/reward.ts";
import { rollout } from "../pipeline/rollout.ts";
import { endStep } from "../pipeline/step_spans.ts";
import { score } from "../pipeline/score.ts";
import type { UpdatedStep } from "../pipeline/steps.ts";
import { update } from "../pipeline/update.ts";
import { Watch } from "../pipeline/watch.ts";
import { progressLine } from "../report/terminal.ts";
import {
  checkpointDue,
  evaluateDue,
  openRun,
  recordStep,
  saveOnStop,
  type TrainOptions,
} from "../run/run.ts";
import { finishRun } from "../run/summary.ts";

/** Trains step by step, evaluates before, during and after, and writes everything into the run's folder. */
export const train = Effect.fn("train")(function* (options: TrainOptions) {
  const { recipe: { promptsPerStep } } = options.plan.config;
  yield* checkQuestions({ questions: options.task.train.questions, promptsPerStep });
  const run = yield* openRun(options);
  const { plan: { config, preset }, task, wave } = run;
  const { seed, recipe } = config;
  const { protocol } = task;
  const record = (step: UpdatedStep) => recordStep(run, step);
  const { step: done } = yield* Ref.get(run.state);
  const { questions, environment } = task.train;
  const steps = questionSteps({ ...recipe, seed, questions, from: done + 1, to: recipe.steps })
    .pipe(playFirstBy(options.checkpoint?.behaviour ?? null));
  const played = options.play === undefined
    ? steps.pipe(
      rollout({ seed, protocol, recipe, wave }),
      score({ protocol, gain: preset.gain }),
      playAhead(preset.staleness),
    )
    : options.play(steps);
  const training = played.pipe(
    reward(preset),
    advantage({ preset, recipe }),
    update({ preset, recipe, sampler: run.sampler, share: run.share, record }),
    Stream.tap(({ step }) => checkpointDue(run, step)),
    Stream.tap(({ step }) => evaluateDue(run, step)),
    Stream.tap(({ step }) => endStep(step)),
    Stream.runDrain,
  );
  yield* evaluateDue(run, done).pipe(
    Effect.andThen(training),
    Effect.onError((cause) => saveOnStop(run, cause)),
    Effect.provideService(Environment, environment),
    Effect.provideService(
      Watch,
      (progress) => run.screen.showProgress(progressLine({ ...progress, steps: recipe.steps })),
    ),
  );
  return yield* finishRun(run);
}, Effect.scoped);
