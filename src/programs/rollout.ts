import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { Environment } from "../environment/environment.ts";
import { batchPath, listBatches, writeBatch } from "../files/batch_folder.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { writeRawTensors } from "../files/safetensors.ts";
import type { Screen } from "../files/screen.ts";
import { sum } from "../math/statistics.ts";
import { advantage } from "../pipeline/advantage.ts";
import { aboutBatch, batchRows } from "../pipeline/batch_rows.ts";
import { primeRlFiles } from "../pipeline/prime_rl_batch.ts";
import { questionSteps } from "../pipeline/questions.ts";
import { ReferencePolicy } from "../pipeline/reference_policy.ts";
import { reward } from "../pipeline/reward.ts";
import { rolloutFixed } from "../pipeline/rollout.ts";
import { score } from "../pipeline/score.ts";
import type { TrainingStep } from "../pipeline/steps.ts";
import { verlTensors } from "../pipeline/verl_batch.ts";
import { Watch } from "../pipeline/watch.ts";
import { Policy } from "../policy/policy.ts";
import { progressLine } from "../report/terminal.ts";
import type { RunPlan } from "../run/configure.ts";
import type { Task } from "../run/task.ts";
import { checkSampling, checkServed, openServer, parseServer } from "../serving/open_server.ts";
import { makeServedPolicy } from "../serving/served_policy.ts";
import { trySampling } from "../serving/try_sampling.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { trialOf } from "./train_served.ts";

/** The trainers whose batches can be written. */
export const TRAINERS = ["verl", "prime-rl"] as const;

/** What a rollout needs besides a policy. */
export interface RolloutProgramOptions {
  readonly plan: RunPlan;
  readonly task: Task;
  readonly model: ModelFolder;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  readonly screen: Screen;
  /** Who reads the batches. */
  readonly trainer: typeof TRAINERS[number];
  /** Data-parallel ranks of prime-rl's trainer. */
  readonly ranks: number;
}

/**
 * Plays and scores the recipe's number of steps with weights that stay as they are, and writes their batches into the
 * plan's folder for a trainer elsewhere. Steps are counted on from those that are there.
 */
export const rolloutBatches = Effect.fn("rolloutBatches")(
  function* (options: RolloutProgramOptions) {
    const { plan: { config, preset, folder }, task, screen } = options;
    const { seed, recipe } = config;
    yield* checkTrainable(options);
    const { policy, wave } = yield* samplingPolicy(options);
    const { protocol } = task;
    const { questions, environment } = task.train;
    const done = (yield* listBatches(folder)).at(-1) ?? 0;
    const last = done + recipe.steps;
    yield* questionSteps({ ...recipe, seed, questions, from: done + 1, to: last }).pipe(
      rolloutFixed({ seed, protocol, recipe, wave }),
      Stream.provideService(Policy, policy),
      score({ protocol, gain: preset.gain }),
      reward(preset),
      // How a batch is cut into updates, its trainer decides.
      advantage({ preset, recipe: { ...recipe, miniBatches: 1 } }),
      Stream.runForEach((step) => writeStep(step, options)),
      Effect.provideService(Environment, environment),
      Effect.provideService(ReferencePolicy, null),
      Effect.provideService(
        Watch,
        (progress) => screen.showProgress(progressLine({ ...progress, steps: last })),
      ),
    );
  },
);

/** Fails where a trainer elsewhere would train something else than the preset says. */
const checkTrainable = Effect.fnUntraced(function* (
  { plan: { preset: { name, clip } }, trainer }: RolloutProgramOptions,
) {
  if (clip.adaptive > 0) {
    return yield* new BadInput({
      message: `Cannot write batches for ${trainer} as clip.adaptive must be 0, since it has no ` +
        `clip range for each token: "${name}" has ${clip.adaptive}`,
    });
  }
});

/** This process' policy, or the server that the configuration names, and how many episodes it plays at a time. */
const samplingPolicy = Effect.fnUntraced(function* (options: RolloutProgramOptions) {
  const { plan: { config, folder }, model, wave, screen } = options;
  const { recipe, policy: named } = config;
  const local = yield* Policy;
  if (named === null) return { policy: local, wave };
  const { kind } = yield* parseServer(named);
  if (kind === "llama.cpp") {
    return yield* new BadInput({
      message:
        "Cannot roll out with llama.cpp as its weights must be the trainer's, and it takes " +
        "adapters alone: use sglang or vllm",
    });
  }
  yield* checkSampling(recipe);
  const server = yield* openServer(named, { folder });
  yield* checkServed(server, model, recipe);
  const { vocabulary } = model.architecture;
  const policy = makeServedPolicy({ server, local, vocabulary });
  yield* trySampling({ ...trialOf(options), name: server.name, served: policy, local });
  yield* screen.print(`Messages are sampled by ${server.name}`);
  return { policy, wave: recipe.promptsPerStep * recipe.groupSize };
});

const writeStep = Effect.fnUntraced(function* (
  step: TrainingStep,
  { plan: { config, folder, preset }, screen, trainer, ranks }: RolloutProgramOptions,
) {
  if (step.batch.sequences.length === 0) {
    return yield* new BadInput({
      message: `Cannot write the batch of step ${step.step} as it must have a group of two ` +
        `episodes: ${step.lost.length} were lost, the first as ${step.lost[0]?.reason}`,
    });
  }
  const rows = batchRows(step);
  const { recipe: { temperature, contextTokens } } = config;
  const { aggregation } = preset;
  const fill = (path: string) =>
    trainer === "verl"
      ? writeRawTensors(`${path}/batch.safetensors`, verlTensors(rows))
      : Effect.forEach(
        primeRlFiles(rows, { ranks, tokens: contextTokens, temperature, aggregation }),
        (bytes, rank) => writeFileAtomic(`${path}/rank_${rank}.bin`, bytes),
        { discard: true },
      );
  yield* writeBatch(folder, step.step, { about: { trainer, ...aboutBatch(step, config) }, fill });
  const tokens = sum(rows.map((row) => row.tokens.length));
  const sampled = sum(rows.map((row) => sum(row.mask)));
  yield* screen.print(
    `${batchPath(folder, step.step)}: ${rows.length} episodes, ${tokens} tokens, ${sampled} of ` +
      `them sampled${step.lost.length === 0 ? "" : `; ${step.lost.length} episodes were lost`}`,
  );
});
