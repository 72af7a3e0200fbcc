// deno-lint-ignore-file no-console
/**
 * What each preset rewards, beside what turns are truly worth: correlations of the advantages that it assigns with true
 * advantages (true_advantage.ts), and the mean of both over turns of each sort. The same for the credits of
 * `./igpo credit`. Nothing is learnt: all are applied to the same episodes of one agent, with its own beliefs.
 *
 * deno task bench:truth [--world sparse,chains,mixed] [--presets NAME|FILE.json,...] [--checkpoint FOLDER]
 *   [--questions 96] [--rollouts 8] [--resamples 32] [--seed 0] [--json FILE]
 */
import { parseArgs } from "node:util";
import { Duration, Effect, Result, Stream } from "effect";
import { BadInput } from "../src/domain/errors.ts";
import { type WorldName, WORLDS } from "../src/domain/question.ts";
import type { Recipe } from "../src/domain/recipe.ts";
import { Environment } from "../src/environment/environment.ts";
import { beliefOf } from "../src/igpo/belief.ts";
import type { Preset } from "../src/igpo/preset.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { advantage } from "../src/pipeline/advantage.ts";
import { readModelFolder } from "../src/pipeline/model_folder.ts";
import { questionSteps } from "../src/pipeline/questions.ts";
import { reward } from "../src/pipeline/reward.ts";
import { rollout, trainingPlay } from "../src/pipeline/rollout.ts";
import { score } from "../src/pipeline/score.ts";
import type { ScoredStep } from "../src/pipeline/steps.ts";
import { configure } from "../src/run/configure.ts";
import { layerLearner, planPolicy } from "../src/run/layers.ts";
import { openMachine } from "../src/run/machine.ts";
import { loadTask } from "../src/run/task.ts";
import { agreements, agreementTable, baselines, isClear } from "./agreement.ts";
import { creditEpisodes } from "./trace_credits.ts";
import { sortsOf, sortTable } from "./turn_sorts.ts";
import { ceilingOf, playOn, trueAdvantages } from "./true_advantage.ts";

const OPTIONS = {
  world: { type: "string", default: "sparse,chains,mixed" },
  presets: { type: "string", default: [...new Set(["grpo", ...Object.keys(PRESETS)])].join(",") },
  checkpoint: { type: "string", default: "checkpoints/spoiled" },
  questions: { type: "string", default: "96" },
  rollouts: { type: "string", default: "8" },
  resamples: { type: "string", default: "32" },
  seed: { type: "string", default: "0" },
  json: { type: "string" },
} as const;

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const whole = (name: "questions" | "rollouts" | "resamples" | "seed", least: number) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new Error(
      `--${name} must be a whole number from ${least}: current value is "${values[name]}"`,
    );
  };
  const worlds = values.world.split(",").map((name) => {
    if (isWorld(name)) return name;
    const names = Object.keys(WORLDS).join(", ");
    throw new Error(`--world must name some of ${names}: current value is "${name}"`);
  });
  return {
    worlds,
    presets: values.presets.split(","),
    checkpoint: values.checkpoint,
    questions: whole("questions", 1),
    rollouts: whole("rollouts", 2),
    resamples: whole("resamples", 2),
    seed: whole("seed", 0),
    json: values.json,
  };
}

function isWorld(name: string): name is WorldName {
  return Object.hasOwn(WORLDS, name);
}

const options = readOptionsOrExit();

function readOptionsOrExit() {
  try {
    return readOptions();
  } catch (error) {
    console.error(`Cannot measure credit: ${(error as Error).message}`);
    Deno.exit(2);
  }
}

/** Advantages of each episode's turns as training with this preset would assign them, in the order of the episodes. */
const assign = Effect.fnUntraced(function* (
  steps: ReadonlyArray<ScoredStep>,
  preset: Preset,
  recipe: Recipe,
) {
  const { logProbFloor } = preset.gain;
  const asMeasured = (step: ScoredStep): ScoredStep => ({
    ...step,
    groups: step.groups.map((group) =>
      group.map((episode) => ({
        ...episode,
        belief: Float64Array.from(episode.goldLogProb, (row) => beliefOf(row, logProbFloor)),
      }))
    ),
  });
  const assigned = yield* Stream.fromIterable(steps.map(asMeasured)).pipe(
    reward(preset),
    advantage({ preset, recipe }),
    Stream.runCollect,
  );
  return assigned.flatMap(({ advantages }) => advantages.flat().map(({ turn }) => turn));
});

/** Episodes of a world's first steps with all beliefs that presets need, played on from each of their states. */
const play = Effect.fnUntraced(function* (world: WorldName) {
  const { checkpoint, questions, rollouts, resamples, seed } = options;
  const model = yield* readModelFolder(checkpoint);
  const { config } = yield* configure("truth", { world });
  const recipe = { ...config.recipe, groupSize: rollouts };
  const task = yield* loadTask({
    config: { ...config, recipe },
    model,
    date: "2026-11-29",
    purpose: "train",
  });
  const machine = yield* openMachine("auto");
  const setup = yield* Effect.fromResult(
    planPolicy({ machine, model, config: { recipe } }, "train"),
  );
  const { protocol, train } = task;
  const played = { seed, protocol, recipe, wave: setup.room.capacity.rows };
  const gain = { ...PRESETS["paper-v2"]!.gain, against: "without" as const };
  const to = Math.ceil(questions / recipe.promptsPerStep);
  return yield* Effect.gen(function* () {
    const steps = yield* questionSteps({ ...recipe, questions: train.questions, seed, from: 1, to })
      .pipe(rollout(played), score({ protocol, gain }), Stream.runCollect);
    const episodes = steps.flatMap(({ groups }) => groups.flat());
    const credits = yield* creditEpisodes(episodes, { protocol, seed });
    const { outcomes, played: count } = yield* playOn(episodes, {
      seed,
      resamples,
      play: trainingPlay(played),
    });
    return { recipe, steps, episodes, credits, outcomes, count };
  }).pipe(
    Effect.provideService(Environment, train.environment),
    Effect.provide(layerLearner(setup, [])),
  );
}, Effect.scoped);

const measure = Effect.fnUntraced(function* (world: WorldName, presets: ReadonlyArray<Preset>) {
  const [time, played] = yield* Effect.timed(play(world));
  const { recipe, steps, episodes, credits, outcomes, count } = played;
  const byPreset = yield* Effect.forEach(
    presets,
    (preset) => Effect.map(assign(steps, preset, recipe), (given) => [preset.name, given] as const),
  );
  const byOutcome = yield* assign(steps, PRESETS["grpo"]!, recipe);
  const lazy = baselines(byOutcome, options.seed);
  const turns = episodes.flatMap((episode, e) => {
    const sorts = sortsOf(episode);
    return trueAdvantages(episode, outcomes).map(({ value, error }, t) => ({
      question: episode.question.id,
      episode: episode.id,
      turn: t,
      sort: sorts[t]!,
      truth: value,
      error,
      assigned: {
        ...Object.fromEntries(byPreset.map(([name, given]) => [name, given[e]![t]!])),
        ...lazy[e]![t]!,
      },
      credits: { "outcome (grpo)": byOutcome[e]![t]!, ...credits[e]![t] },
    }));
  });
  const ceiling = ceilingOf(episodes, outcomes);
  console.log(
    `${world}: ${episodes.length} episodes with ${turns.length} turns, of which ` +
      `${turns.filter(isClear).length} are clear; ${count} episodes played on from ` +
      `${outcomes.size} states; Pearson correlation of perfect credit ${ceiling.toFixed(3)}; ` +
      `${Duration.toSeconds(time).toFixed(0)} s\n`,
  );
  return { world, ceiling, turns, found: agreements(turns) };
});

type Measured = Effect.Success<ReturnType<typeof measure>>;

/** What `./igpo credit` says of the turns that were followed by another, beside the advantage by outcomes alone. */
function creditsOf({ world, turns }: Measured) {
  const last = new Map(turns.map(({ episode, turn }) => [episode, turn]));
  const credited = turns.filter(({ episode, turn }) => turn < last.get(episode)!)
    .map(({ credits, ...turn }) => ({ ...turn, assigned: credits }));
  return { world, turns: credited, found: agreements(credited) };
}

/** The presets by their names or files. The first is the base. */
const readPresets = Effect.gen(function* () {
  const presets = yield* Effect.forEach(
    options.presets,
    (preset) => Effect.map(configure("truth", { preset }), (plan) => plan.preset),
  );
  const names = presets.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return presets;
  return yield* new BadInput({
    message: `Cannot measure presets as their names must differ: "${twice}" stands twice`,
  });
});

const program = Effect.gen(function* () {
  const presets = yield* readPresets;
  const worlds = yield* Effect.forEach(options.worlds, (world) => measure(world, presets));
  const credited = worlds.map(creditsOf);
  for (const  of of[worlds, credited]) console.log(`${agreementTable(of)}\n`);
  for (const { world, turns } of [...worlds, ...credited]) {
    console.log(`Mean credit of turns in ${world}:\n\n${sortTable(turns)}\n`);
  }
  if (options.json !== undefined) {
    const { json, ...asked } = options;
    yield* Effect.promise(() => Deno.writeTextFile(json!, JSON.stringify({ ...asked, worlds })));
  }
});

const result = await Effect.runPromise(Effect.result(program));
if (Result.isFailure(result)) {
  console.error(result.failure.message);
  Deno.exit(1);
}
Deno.exit(0);
