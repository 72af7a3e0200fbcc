import { Effect, Result, Stream } from "effect";
import { RECIPES } from "../domain/recipe.ts";
import type { StepReport } from "../domain/report.ts";
import { Environment } from "../environment/environment.ts";
import { makeWorldText } from "../environment/world/encode.ts";
import { resolvePreset } from "../igpo/presets.ts";
import { advantage } from "../pipeline/advantage.ts";
import { type ModelFiles, modelInMemory, parseFile } from "../pipeline/model_in_memory.ts";
import { questionSteps } from "../pipeline/questions.ts";
import { reward } from "../pipeline/reward.ts";
import { rollout } from "../pipeline/rollout.ts";
import { score } from "../pipeline/score.ts";
import { summarizeStep } from "../pipeline/step_report.ts";
import { update } from "../pipeline/update.ts";
import { openDeviceMachine } from "../run/device_machine.ts";
import { planPolicy } from "../run/layers.ts";
import { worldSplits } from "../run/world_splits.ts";
import type { OpenOptions } from "./messages.ts";

/** Everything about an agent of the built-in world but its weights, which a policy and a learner hold. */
export type Agent = Effect.Success<ReturnType<typeof openAgent>>;

/** Reads the built-in model from its files and finds a place for it on a device. */
export const openAgent = Effect.fn("openAgent")(function* (
  files: ModelFiles,
  { preset: name, seed, device }: OpenOptions,
) {
  const preset = yield* resolvePreset(name);
  const { model, text } = yield* Effect.fromResult(readFiles(files));
  const recipe = RECIPES.get("embedded")!;
  const splits = yield* worldSplits(recipe, { purpose: "train", searchOff: false });
  const machine = yield* openDeviceMachine(device);
  const setup = yield* Effect.fromResult(
    planPolicy({ machine, model, config: { recipe } }, "train"),
  );
  return { ...text, preset, seed, recipe, splits, setup, wave: setup.room.capacity.rows };
});

function readFiles(files: ModelFiles) {
  return Result.gen(function* () {
    const model = yield* modelInMemory(files);
    const text = yield* makeWorldText(
      yield* parseFile(files, "tokenizer.json"),
      yield* parseFile(files, "tokenizer_config.json"),
    );
    return { model, text };
  });
}

/** What training calls back. */
export interface TrainHooks<E, R, E2, R2> {
  /** Asked before each step; false ends the training. */
  readonly goesOn: Effect.Effect<boolean, E, R>;
  readonly record: (report: StepReport) => Effect.Effect<void, E2, R2>;
}

/** Trains from step `from` on, as `./igpo train` does. */
export const trainAgent = Effect.fn("trainAgent")(function* <E, R, E2, R2>(
  { preset, seed, recipe, protocol, splits: { train }, wave }: Agent,
  from: number,
  { goesOn, record }: TrainHooks<E, R, E2, R2>,
) {
  const { questions, environment } = train;
  yield* questionSteps({ ...recipe, seed, questions, from, to: recipe.steps }).pipe(
    Stream.takeWhileEffect(() => goesOn),
    rollout({ seed, protocol, recipe, wave }),
    score({ protocol, gain: preset.gain }),
    reward(preset),
    advantage({ preset, recipe }),
    update({ preset, recipe, record: (step) => record(summarizeStep(step, preset)) }),
    Stream.runDrain,
    Effect.provideService(Environment, environment),
  );
});
