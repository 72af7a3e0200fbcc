// deno-lint-ignore-file no-console
/** llama.cpp itself samples for the built-in agent: its log-probs are the trainer's, with adapters too, and a run trains. */
import { ok, strictEqual } from "node:assert/strict";
import { Effect, type Scope } from "effect";
import { resolveConfig } from "../../src/domain/config.ts";
import { NO_FLAGS } from "../../src/domain/flags.ts";
import { PROJECTIONS, RECIPES } from "../../src/domain/recipe.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { hashString } from "../../src/math/threefry.ts";
import { type Lora, loraParametersOf } from "../../src/model/lora.ts";
import { withAdapters } from "../../src/pipeline/adapter_folder.ts";
import { type ModelFolder, readModelFolder } from "../../src/pipeline/model_folder.ts";
import { trainServed } from "../../src/programs/train_served.ts";
import { layerLearner, planPolicy } from "../../src/run/layers.ts";
import { openMachine } from "../../src/run/machine.ts";
import { loadTask } from "../../src/run/task.ts";
import { openServer } from "../../src/serving/open_server.ts";
import { makeServedPolicy } from "../../src/serving/served_policy.ts";
import { checkConformance, checkDraws } from "../serving/conformance.ts";
import { openModel } from "../serving/foreign_servers.ts";
import { ggufModel } from "../support/gguf_model.ts";
import { startRouter, whyNoLlama } from "../support/llama_router.ts";
import { randomValues } from "../support/random_values.ts";
import { inFolder, metricsOf } from "../support/tiny_run.ts";

const why = await whyNoLlama();
if (why !== null) console.error(`llama.cpp is not tested: ${why}`);

const SIZES = { rank: 8, alpha: 16, rankStabilized: true, targets: [...PROJECTIONS] };
const LORA: Lora = { ...SIZES, targets: new Set(SIZES.targets) };
/** Largest difference of a log-prob between llama.cpp in f32 and the trainer, nats. */
const TOLERANCE = 1e-3;
const DATE = "2026-11-30";

const settings = await Effect.runPromise(
  resolveConfig({ ...NO_FLAGS, device: "cpu", model: "checkpoints/skilled" }),
);
const recipe = {
  ...RECIPES.get("embedded")!,
  lora: SIZES,
  steps: 3,
  promptsPerStep: 2,
  groupSize: 3,
  maxTurns: 3,
  lr: 1e-2,
  evaluateEvery: 0,
  testQuestions: 2,
};
const preset = PRESETS["paper-v2"]!;
const config = { ...settings, recipe, preset };

/** The built-in agent with fresh adapters, and a router that serves it. */
async function withRouter(
  use: (served: { model: ModelFolder; origin: string; folder: string }) => Promise<void>,
): Promise<void> {
  const base = await Effect.runPromise(readModelFolder("checkpoints/skilled"));
  const model = await Effect.runPromise(withAdapters(base, config));
  await inFolder(async (folder) => {
    const task = await run(loadTask({ config, model, date: DATE, purpose: "train" }));
    const gguf = await Effect.runPromise(ggufModel(base, task.protocol.endOfTurnId));
    await Deno.writeFile(`${folder}/model.gguf`, gguf);
    await Deno.mkdir(`${folder}/served`);
    await using router = await startRouter({
      folder,
      model: `${folder}/model.gguf`,
      adapter: `${folder}/served/adapter.gguf`,
    });
    await use({ model, origin: router.origin, folder });
  });
}

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect));

Deno.test({
  name: "llama.cpp's log-probs are the trainer's within 1e-3 nats, with adapters and without",
  ignore: why !== null,
  fn: () =>
    withRouter(({ model, origin, folder }) =>
      run(Effect.gen(function* () {
        const { architecture } = model;
        const { protocol } = yield* loadTask({ config, model, date: DATE, purpose: "train" });
        const server = yield* openServer(`llama.cpp:${origin}`, { folder: `${folder}/served` });
        const { policy: local, learner } = yield* openModel(model);
        const { vocabulary } = architecture;
        const policy = makeServedPolicy({ server, local, vocabulary });
        const publication = { architecture, lora: LORA, base: "skilled" };
        const law = { vocabulary, stopIds: [protocol.endOfTurnId], tolerance: TOLERANCE };
        const weights = yield* learner.weights();
        yield* server.publish({ ...publication, version: 0, weights });
        strictEqual((yield* server.describe).vocabulary, vocabulary);
        yield* Effect.promise(() => checkConformance({ policy, local, ...law, runs: 30 }));
        const strong = new Map(
          loraParametersOf(architecture, LORA).map(({ name, rows, cols }) =>
            [name, randomValues(hashString(name), rows * cols, 0.1)] as const
          ),
        );
        const logits = local.logProbs([{
          tokens: Uint32Array.of(9, 8, 7, 6),
          position: Uint32Array.of(3),
        }], 1);
        const [before] = yield* logits;
        yield* learner.adopt({ updates: 1, weights: strong });
        const [after] = yield* logits;
        ok(Math.abs(before!.logProb[0]! - after!.logProb[0]!) > 100 * TOLERANCE);
        yield* server.publish({ ...publication, version: 1, weights: strong });
        yield* Effect.promise(() => checkConformance({ policy, local, ...law, runs: 30 }));
        yield* Effect.promise(() => checkDraws({ policy, local, vocabulary }));
      }))
    ),
});

Deno.test({
  name: "the built-in agent trains on what llama.cpp samples with each version of its adapters",
  ignore: why !== null,
  fn: () =>
    withRouter(({ model, origin, folder }) =>
      run(Effect.gen(function* () {
        const task = yield* loadTask({ config, model, date: DATE, purpose: "train" });
        const machine = yield* openMachine("cpu");
        const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, "train"));
        const print = (text: string) => Effect.sync(() => console.log(text));
        const screen = {
          columns: 80,
          isTerminal: false,
          hasColor: false,
          print,
          showProgress: () => Effect.void,
          onProgress: () => {},
        };
        const served = { ...config, policy: `llama.cpp:${origin}` };
        yield* trainServed({
          plan: { folder, isResumed: false, preset, config: served },
          task,
          model,
          screen,
          date: DATE,
          wave: 6,
          checkpoint: null,
          startedMillis: 0,
        }).pipe(Effect.provide(layerLearner(setup, [preset])));
        const steps = (yield* Effect.promise(() => metricsOf(folder)))
          .map((line) => JSON.parse(line)).filter(({ type }) => type === "step");
        strictEqual(steps.length, recipe.steps);
        for (const { logProbGap, logProbGapMean, replacedLogProbs, gradientNorm } of steps) {
          console.log(`gap: largest ${logProbGap}, mean ${logProbGapMean} nats`);
          ok(logProbGap < TOLERANCE && replacedLogProbs === 0 && gradientNorm > 0);
        }
      }))
    ),
});
