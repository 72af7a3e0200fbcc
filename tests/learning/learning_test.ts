/**
 * The whole loop learns, and learns because of its advantages: 20 steps from the embedded checkpoint raise F1 on
 * questions of a world that was never trained on, and the same steps with advantages dealt out at random do not.
 */
import { Effect, Stream } from "effect";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DEFAULT_PRESET, resolveConfig } from "../../src/domain/config.ts";
import { NO_FLAGS } from "../../src/domain/flags.ts";
import { Environment } from "../../src/environment/environment.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { createRandom } from "../../src/math/random.ts";
import { keyFromSeed, splitKey } from "../../src/math/threefry.ts";
import { advantage } from "../../src/pipeline/advantage.ts";
import { evaluateQuestions } from "../../src/pipeline/evaluate.ts";
import { readModelFolder } from "../../src/pipeline/model_folder.ts";
import { questionSteps } from "../../src/pipeline/questions.ts";
import { reward } from "../../src/pipeline/reward.ts";
import { rollout } from "../../src/pipeline/rollout.ts";
import { score } from "../../src/pipeline/score.ts";
import type { TrainingStep } from "../../src/pipeline/steps.ts";
import { update } from "../../src/pipeline/update.ts";
import { layerLearner, planPolicy } from "../../src/run/layers.ts";
import { openMachine } from "../../src/run/machine.ts";
import { loadTask } from "../../src/run/task.ts";
import { device } from "../support/engines.ts";

const STEPS = 20;
const SEED = 0;

/** Changes the advantages of a step before its update. */
type Deal = (step: TrainingStep) => TrainingStep;

const asEarned: Deal = (step) => step;

/** Shuffles the advantages of the batch over its trained tokens: the same numbers, but for random tokens. */
const shuffled: Deal = (step) => {
  const all = step.batch.sequences.flatMap(({ advantage }) => [...advantage]);
  const dealt = createRandom(splitKey(keyFromSeed(SEED), step.step)).shuffle(all);
  let next = 0;
  const sequences = step.batch.sequences.map((sequence) => {
    const start = next;
    next += sequence.advantage.length;
    return { ...sequence, advantage: Float64Array.from(dealt.slice(start, next)) };
  });
  return { ...step, batch: { ...step.batch, sequences } };
};

type World = Environment["Service"];

/** An environment in which one tool call of twenty fails, drawn for each episode and turn. */
function failing(world: World): World & { readonly failures: () => number } {
  let failures = 0;
  let episodes = 0;
  return {
    ...world,
    failures: () => failures,
    open: (question) =>
      Effect.map(world.open(question), (session) => {
        const random = createRandom(splitKey(keyFromSeed(SEED), episodes++));
        return {
          step: (action) =>
            Effect.map(session.step(action), (result) => {
              if (result._tag === "End") return result;
              const results = result.results.map((one) => {
                if (random.int(20) > 0) return one;
                failures += 1;
                return {
                  ...one,
                  content: "web_search failed: it is busy",
                  failure: "crash",
                } as const;
              });
              return { ...result, results };
            }),
        };
      }),
  };
}

/** F1 on test questions after training minus F1 before. */
const gainInF1 = Effect.fnUntraced(function* (
  deal: Deal,
  worldOf: (world: World) => World = (world) => world,
) {
  const config = yield* resolveConfig({ ...NO_FLAGS, seed: SEED, steps: STEPS, world: "mixed" });
  const recipe = { ...config.recipe, testQuestions: 100 };
  const preset = PRESETS[DEFAULT_PRESET]!;
  const folder = fileURLToPath(new URL("../../checkpoints/spoiled", import.meta.url));
  const model = yield* readModelFolder(folder);
  const task = yield* loadTask({
    config: { ...config, recipe },
    model,
    date: "2026-01-01",
    purpose: "train",
  });
  const machine = yield* openMachine("auto");
  const { protocol } = task;
  const wave = recipe.promptsPerStep * recipe.groupSize;
  const measure = evaluateQuestions(task.test.questions, {
    seed: SEED,
    protocol,
    preset,
    recipe,
    wave,
    step: 0,
  }).pipe(Effect.provideService(Environment, task.test.environment));
  const learn = questionSteps({
    ...recipe,
    seed: SEED,
    questions: task.train.questions,
    from: 1,
    to: STEPS,
  }).pipe(
    rollout({ seed: SEED, protocol, recipe, wave }),
    score({ protocol, gain: preset.gain }),
    reward(preset),
    advantage({ preset, recipe }),
    Stream.map(deal),
    update({ preset, recipe, record: () => Effect.void }),
    Stream.runDrain,
    Effect.provideService(Environment, worldOf(task.train.environment)),
  );
  const source = { machine, model, config: { recipe } };
  const setup = yield* Effect.fromResult(planPolicy(source, "train"));
  return yield* Effect.gen(function* () {
    const before = yield* measure;
    yield* learn;
    const after = yield* measure;
    return after.report.f1 - before.report.f1;
  }).pipe(Effect.provide(layerLearner(setup, [preset])));
});

// Plain loops would take most of an hour.
const ignore = device === null;

Deno.test({
  name: `train: ${STEPS} steps of ${DEFAULT_PRESET} raise test F1 by at least 0.15`,
  ignore,
  fn: async () => {
    const gain = await Effect.runPromise(Effect.scoped(gainInF1(asEarned)));
    assert.ok(gain >= 0.15, `F1 rose by ${gain.toFixed(3)}`);
  },
});

Deno.test({
  name: `train: ${STEPS} steps with shuffled advantages raise it by less than 0.05`,
  ignore,
  fn: async () => {
    const gain = await Effect.runPromise(Effect.scoped(gainInF1(shuffled)));
    assert.ok(gain < 0.05, `F1 rose by ${gain.toFixed(3)}`);
  },
});

Deno.test({
  name: `train: ${STEPS} steps in which 5 % of the tool calls fail raise test F1 by at least 0.15`,
  ignore,
  fn: async () => {
    let failures = () => 0;
    const gain = await Effect.runPromise(Effect.scoped(gainInF1(asEarned, (world) => {
      const flaky = failing(world);
      failures = flaky.failures;
      return flaky;
    })));
    assert.ok(gain >= 0.15, `F1 rose by ${gain.toFixed(3)}`);
    assert.ok(failures() > 30, `${failures()} calls failed`);
  },
});
