import { Effect, Layer, Stream } from "effect";
import type { Question } from "../../src/domain/question.ts";
import { type Recipe, RECIPES } from "../../src/domain/recipe.ts";
import { Environment, makeToolEnvironment } from "../../src/environment/environment.ts";
import { WEB_SEARCH } from "../../src/environment/web_search.ts";
import type { Sampler } from "../../src/igpo/old_log_prob.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { advantage } from "../../src/pipeline/advantage.ts";
import { playAhead } from "../../src/pipeline/play_ahead.ts";
import { questionSteps } from "../../src/pipeline/questions.ts";
import { ReferencePolicy } from "../../src/pipeline/reference_policy.ts";
import { reward } from "../../src/pipeline/reward.ts";
import { rollout } from "../../src/pipeline/rollout.ts";
import { score } from "../../src/pipeline/score.ts";
import { update } from "../../src/pipeline/update.ts";
import { answer, type FakeOptions, fakePolicy, protocol, search } from "./fake_policy.ts";

/** Two questions that differ in every field. */
export const QUESTIONS: ReadonlyArray<Question> = [
  { id: "q/0", text: "What is the birthplace of Dildek?", golds: ["Kendek"], kind: "1-hop" },
  { id: "q/1", text: "What is the spouse of Morvan?", golds: ["Tamsel", "Sel"], kind: "2-hop" },
];

export const RECIPE: Recipe = {
  ...RECIPES.get("embedded")!,
  promptsPerStep: 2,
  groupSize: 3,
  maxTurns: 3,
  steps: 2,
};

/** paper-v2 without its reference policy. */
export const PRESET: Preset = {
  ...PRESETS["paper-v2"]!,
  kl: { ...PRESETS["paper-v2"]!.kl, coefficient: 0 },
};

/** Samples search `sample` times, then answer; sample 1 is right. */
export const searchThenAnswer: FakeOptions["script"] = ({ sample, turn }) =>
  turn < sample ? search("Dildek birthplace") : answer(sample === 1 ? " Kendek" : " Morvan");

export interface RunOptions extends Partial<FakeOptions> {
  readonly recipe?: Partial<Recipe>;
  readonly preset?: Preset;
  readonly wave?: number;
  readonly sampler?: Sampler;
  readonly environment?: Environment["Service"];
  /** The weights a run starts from. */
  readonly reference?: Layer.Layer<ReferencePolicy>;
}

const tool = {
  spec: WEB_SEARCH,
  run: (call: unknown) => Effect.succeed(` Kendek ${JSON.stringify(call).length}`),
};

/** An environment with one tool, whose results differ only by the length of the call. */
export const environment = makeToolEnvironment({
  tools: [tool],
  deadline: "1 second",
  concurrency: 1,
});

/** Runs all stages over the recipe's steps with a scripted policy; returns the exit and the calls to the policy. */
export async function runStages(options: RunOptions = {}) {
  const recipe = { ...RECIPE, ...options.recipe };
  const preset = options.preset ?? PRESET;
  const { calls, layer } = fakePolicy({ script: searchThenAnswer, ...options });
  const steps = questionSteps({
    ...recipe,
    seed: 0,
    questions: QUESTIONS,
    from: 1,
    to: recipe.steps,
  }).pipe(
    rollout({ seed: 0, protocol, recipe, wave: options.wave ?? 64 }),
    score({ protocol, gain: preset.gain }),
    playAhead(preset.staleness),
    reward(preset),
    advantage({ preset, recipe }),
    update({ preset, recipe, sampler: options.sampler, record: () => Effect.void }),
    Stream.runCollect,
  );
  const services = Layer.mergeAll(
    layer,
    options.reference ?? Layer.succeed(ReferencePolicy, null),
    Layer.succeed(Environment, options.environment ?? environment),
  );
  const exit = await Effect.runPromiseExit(Effect.provide(steps, services));
  return { exit, calls };
}

/** {@link runStages} of a run that succeeds. */
export async function finishedSteps(options: RunOptions = {}) {
  const { exit, calls } = await runStages(options);
  if (exit._tag === "Failure") throw exit.cause;
  return { steps: exit.value, calls };
}
