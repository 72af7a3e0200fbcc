/**
 * IGPO: reinforcement learning of search agents, as Effect streams over WGSL kernels.
 *
 * The loop is a chain of stages, each a function from stream to stream. What acts is an {@link Environment}, what is
 * sampled a {@link Policy}, what learns a {@link Learner}; layers say which. An environment of one's own is a list of
 * tools, and a grade where F1 will not do.
 *
 * @example One step of training in an environment of one's own
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * import { Effect, Layer, Stream } from "effect";
 * import * as igpo from "@igpo/igpo";
 *
 * const environment = igpo.Environment.layerTools({
 *   tools: [{
 *     spec: { name: "roll", description: "Rolls a die.", parameters: { type: "object" } },
 *     run: () => Effect.succeed(" four"),
 *   }],
 *   deadline: "1 second",
 *   concurrency: 4,
 *   grade: (_question, answer) => Effect.succeed(answer === "four" ? 1 : 0),
 * });
 * const questions = [{ id: "1", text: "What was rolled?", golds: ["four"], kind: "dice" }];
 * const sizes = { promptsPerStep: 1, groupSize: 2, maxTurns: 2, maxNewTokens: 8 };
 * const recipe = { ...igpo.RECIPES.get("embedded")!, ...sizes, contextTokens: 128 };
 * const preset = igpo.PRESETS["paper-v2"]!;
 *
 * const program = Effect.gen(function* () {
 *   // A fresh model of the embedded world; igpo.readModelFolder reads one from a folder.
 *   const { model, text: { protocol } } = yield* Effect.fromResult(igpo.freshModel(0));
 *   const source = { machine: yield* igpo.openMachine("cpu"), model, config: { recipe } };
 *   const setup = yield* Effect.fromResult(igpo.planPolicy(source, "train"));
 *   const steps = igpo.questionSteps({ ...recipe, questions, seed: 0, from: 1, to: 1 }).pipe(
 *     igpo.rollout({ seed: 0, protocol, recipe, wave: 2 }),
 *     igpo.score({ protocol, gain: preset.gain }),
 *     igpo.reward(preset),
 *     igpo.advantage({ preset, recipe }),
 *     igpo.update({ preset, recipe, record: () => Effect.void }),
 *     Stream.map((step) => igpo.summarizeStep(step, preset)),
 *     Stream.runCollect,
 *   );
 *   const layers = Layer.merge(igpo.layerLearner(setup, [preset]), environment);
 *   return yield* Effect.provide(steps, layers);
 * });
 * const [report] = await Effect.runPromise(Effect.scoped(program));
 * strictEqual(report!.updates, 1);
 * ```
 *
 * @module
 */

// What goes through the loop
export type {
  RewardedEpisode,
  RewardedGroup,
  ScoredEpisode,
  TrainingBatch,
  TrainingSequence,
} from "./src/domain/batch.ts";
export type {
  Action,
  Ending,
  Episode,
  Span,
  SpanKind,
  StepResult,
  ToolCall,
  ToolFailureKind,
  ToolResult,
  Turn,
} from "./src/domain/episode.ts";
export {
  BadInput,
  EnvironmentCrashed,
  KernelFailed,
  NoAdapter,
  ServerFailed,
  TrainingDiverged,
} from "./src/domain/errors.ts";
export type { Question } from "./src/domain/question.ts";
export { Recipe, RECIPES } from "./src/domain/recipe.ts";
export {
  type EvaluationReport,
  STEP_METRICS,
  type StepReport,
  TIMINGS,
} from "./src/domain/report.ts";

// The algorithm
export {
  batchAdvantages,
  type EpisodeAdvantages,
  type EpisodeRewards,
  groupAdvantages,
} from "./src/igpo/advantages.ts";
export { tokenWeights } from "./src/igpo/aggregation.ts";
export { outcomeOf, scoreAnswer } from "./src/igpo/answer_score.ts";
export { beliefOf, combineBeliefs, gainsOf } from "./src/igpo/belief.ts";
export { type Alarm, ALARMS, type Health } from "./src/igpo/alarms.ts";
export { diagnose, type Diagnostics } from "./src/igpo/diagnostics.ts";
export { decodePreset, type Preset } from "./src/igpo/preset.ts";
export { PRESETS, resolvePreset } from "./src/igpo/presets.ts";
export { surrogate, type SurrogateResult } from "./src/igpo/surrogate.ts";

// Environments
export { layerCorpus, layerSearch, searchInMemory } from "./src/environment/corpus_environment.ts";
export { type Passage, type Search, SearchFailed, type SearchHit } from "./src/domain/search.ts";
export type { BrowseOptions } from "./src/search/browse.ts";
export type { FetchPageOptions } from "./src/search/fetch_page.ts";
export { searchR1 } from "./src/search/engines.ts";
export { openIndex, writeIndex } from "./src/search/index_file.ts";
export type { McpOptions } from "./src/search/mcp.ts";
export { makeBrowseTool, openMcpTools } from "./src/search/tools.ts";
export {
  Environment,
  makeToolEnvironment,
  type Session,
  type ToolEnvironmentOptions,
} from "./src/environment/environment.ts";
export {
  makeTool,
  type RunTool,
  type SessionTool,
  type Tool,
  ToolCallRejected,
  ToolCrashed,
  type ToolSpec,
} from "./src/environment/tool.ts";
export { makePassageSearch, makeWebSearch } from "./src/environment/web_search.ts";
export { makeWorldTask } from "./src/environment/world/questions.ts";
export { layerWorld, layerWorldSearchOff } from "./src/environment/world/world_environment.ts";

// Text
export { makeChatTemplate } from "./src/text/chat_template.ts";
export { makeProtocol, type Protocol } from "./src/text/protocol.ts";
export { compactStyle, paperStyle, type ProtocolStyle } from "./src/text/protocol_style.ts";
export { searchSystemPrompt } from "./src/text/system_prompt.ts";
export { makeTokenizer, type Tokenizer } from "./src/text/tokenizer.ts";

// Policies
export type { WeightFormat } from "./src/domain/recipe.ts";
export type { Lora } from "./src/model/lora.ts";
export { weightsInMemory, type WeightSource } from "./src/model/weight_source.ts";
export { Learner, Policy } from "./src/policy/policy.ts";
export type { Capacity } from "./src/policy/runtime.ts";

// Stages
export { type Adapters, readAdapterFolder, withAdapters } from "./src/pipeline/adapter_folder.ts";
export { advantage } from "./src/pipeline/advantage.ts";
export { loadLatestCheckpoint, saveCheckpoint } from "./src/pipeline/checkpoint.ts";
export { evaluateQuestions } from "./src/pipeline/evaluate.ts";
export { learningRateAt } from "./src/pipeline/learning_rate.ts";
export { type ModelFolder, readModelFolder } from "./src/pipeline/model_folder.ts";
export { playEpisodes } from "./src/pipeline/play.ts";
export { questionSteps } from "./src/pipeline/questions.ts";
export { ReferencePolicy } from "./src/pipeline/reference_policy.ts";
export { reward } from "./src/pipeline/reward.ts";
export { playAhead } from "./src/pipeline/play_ahead.ts";
export { rollout } from "./src/pipeline/rollout.ts";
export { score } from "./src/pipeline/score.ts";
export { summarizeStep } from "./src/pipeline/step_report.ts";
export type {
  RewardedStep,
  ScoredStep,
  StepEpisodes,
  StepQuestions,
  TrainingStep,
  UpdatedStep,
} from "./src/pipeline/steps.ts";
export { update } from "./src/pipeline/update.ts";
export { Watch } from "./src/pipeline/watch.ts";

// Programs
export { compare } from "./src/programs/compare.ts";
export { configure, type RunPlan } from "./src/run/configure.ts";
export { evaluate } from "./src/programs/evaluate.ts";
export { exportModel, mergedWeights } from "./src/programs/export.ts";
export { freshModel } from "./src/programs/pretrain.ts";
export { layerLearner, layerPolicy, planPolicy, type PolicySetup } from "./src/run/layers.ts";
export type { Machine } from "./src/run/device_machine.ts";
export { openMachine } from "./src/run/machine.ts";
export { loadTask, type Task } from "./src/run/task.ts";
export { train } from "./src/programs/train.ts";
