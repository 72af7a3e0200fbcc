/**
 * IGPO where there is no Deno: what of `@igpo/igpo` runs in a browser and in other runtimes with WebGPU.
 *
 * Nothing here reads files, starts programs or knows a terminal. A model comes as the bytes of its files, and
 * {@link openDeviceMachine} takes the WebGPU adapter that it finds, or plain loops.
 *
 * @example Log-probs of a model's files
 * ```ts ignore
 * import { Effect } from "effect";
 * import * as igpo from "@igpo/igpo/browser";
 *
 * const program = Effect.gen(function* () {
 *   const model = yield* Effect.fromResult(igpo.modelInMemory(files));
 *   const machine = yield* igpo.openDeviceMachine("auto");
 *   const config = { recipe: igpo.RECIPES.get("embedded")! };
 *   const setup = yield* Effect.fromResult(igpo.planPolicy({ machine, model, config }, "evaluate"));
 *   const tokens = Uint32Array.of(1, 2, 3);
 *   const ask = Effect.flatMap(
 *     igpo.Policy,
 *     (policy) => policy.logProbs([{ tokens, position: Uint32Array.of(1, 2) }], 1),
 *   );
 *   return yield* Effect.provide(ask, igpo.layerPolicy(setup));
 * });
 * const [{ logProb }] = await Effect.runPromise(Effect.scoped(program));
 * ```
 *
 * @module
 */

export {
  BadInput,
  KernelFailed,
  NoAdapter,
  ServerFailed,
  TrainingDiverged,
} from "./src/domain/errors.ts";
export type { Question } from "./src/domain/question.ts";
export { Recipe, RECIPES } from "./src/domain/recipe.ts";
export { STEP_METRICS, type StepReport } from "./src/domain/report.ts";

// The algorithm
export { batchAdvantages, groupAdvantages } from "./src/igpo/advantages.ts";
export { beliefOf, gainsOf } from "./src/igpo/belief.ts";
export { decodePreset, type Preset } from "./src/igpo/preset.ts";
export { PRESETS, resolvePreset } from "./src/igpo/presets.ts";

// Environments and text
export {
  Environment,
  makeToolEnvironment,
  type ToolEnvironmentOptions,
} from "./src/environment/environment.ts";
export { makeTool, type Tool } from "./src/environment/tool.ts";
export { makeWorldText, type WorldText } from "./src/environment/world/encode.ts";
export { type Split, worldSplits } from "./src/run/world_splits.ts";
export { makeProtocol, type Protocol } from "./src/text/protocol.ts";
export { makeTokenizer, type Tokenizer } from "./src/text/tokenizer.ts";

// Policies
export { type Machine, openDeviceMachine } from "./src/run/device_machine.ts";
export { type ModelFiles, modelInMemory } from "./src/pipeline/model_in_memory.ts";
export type { ModelFolder } from "./src/pipeline/model_folder.ts";
export { layerLearner, layerPolicy, planPolicy, type PolicySetup } from "./src/run/layers.ts";
export { Learner, Policy } from "./src/policy/policy.ts";

// Stages
export { advantage } from "./src/pipeline/advantage.ts";
export { evaluateQuestions } from "./src/pipeline/evaluate.ts";
export { playEpisodes } from "./src/pipeline/play.ts";
export { questionSteps } from "./src/pipeline/questions.ts";
export { reward } from "./src/pipeline/reward.ts";
export { playAhead } from "./src/pipeline/play_ahead.ts";
export { rollout } from "./src/pipeline/rollout.ts";
export { score } from "./src/pipeline/score.ts";
export { summarizeStep } from "./src/pipeline/step_report.ts";
export { update } from "./src/pipeline/update.ts";
export { Watch } from "./src/pipeline/watch.ts";
