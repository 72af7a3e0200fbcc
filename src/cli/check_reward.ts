/** The command line of `./igpo check-reward`. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { Flags } from "../domain/flags.ts";
import { openScreen } from "../files/screen.ts";
import {
  checkReward as checkProgram,
  type CheckRewardOptions,
  openReward,
  type RewardSource,
} from "../programs/check_reward.ts";
import { SHORT_TRAINING, trainAgainst } from "../programs/train_against.ts";
import { configure, type RunPlan } from "../run/configure.ts";
import { layerLearner, planPolicy } from "../run/layers.ts";
import { machineLines, openMachine } from "../run/machine.ts";
import { today } from "../run/today.ts";
import { loadTask } from "../run/task.ts";
import { readModel } from "./embedded_model.ts";
import { describe, given, preset, recipe, seed, sources, steps, text } from "./flags.ts";

/** Two numbers, the lower one first. */
function boundsOf(value: string): Option.Option<readonly [low: number, high: number]> {
  const [low, high, ...rest] = value.split(",").map((part) =>
    part.trim() === "" ? NaN : Number(part)
  );
  const isRange = low !== undefined && high !== undefined && low < high && rest.length === 0 &&
    Number.isFinite(high - low);
  return isRange ? Option.some([low, high]) : Option.none();
}

const rewardModule = Argument.String("module").pipe(
  Argument.withDescription("TypeScript module with a grade or a reward"),
  Argument.optional,
  Argument.map(Option.getOrNull),
);

const rewardFlags = {
  command: text(
    "command",
    "COMMAND",
    "Program that reads a request a line as JSON and writes a number a line",
  ),
  transcript: given("transcript", "The command reads transcripts too"),
  bounds: Flag.String("bounds").pipe(
    Flag.filterMap(boundsOf, (value) => `Expected two numbers such as -1,1, got ${value}`),
    Flag.withMetavar("LOW,HIGH"),
    Flag.withDescription("Least and most that it may give (default 0,1)"),
    Flag.withDefault([0, 1] as const),
  ),
  cases: Flag.Int("cases").pipe(
    Flag.filter(
      (value) => value >= 1 && value <= 1000,
      (value) => `Expected 1 to 1000, got ${value}`,
    ),
    Flag.withMetavar("N"),
    Flag.withDescription("Cases of each law and of each hack (default 100)"),
    Flag.withDefault(100),
  ),
  deadline: Flag.Finite("deadline").pipe(
    Flag.filter((value) => value > 0, (value) => `Expected more than 0, got ${value}`),
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long one answer may take (default 10)"),
    Flag.withDefault(10),
  ),
  intended: Flag.String("intended").pipe(
    Flag.map((names) => names.split(",").filter((name) => name !== "")),
    Flag.withMetavar("EDIT,EDIT"),
    Flag.withDescription("Edits that may change the reward: case, space, punctuation, unicode"),
    Flag.withDefault([] as ReadonlyArray<string>),
  ),
  strict: given("strict", "All other edits that change the reward are findings, not notes"),
  reads: text("reads", "DIR", "A further folder that the module may read (default: its own alone)"),
  json: text("json", "FILE", "File of the report"),
  train: given("train", "Train the built-in agent against it for some minutes"),
};

type RewardTraining = Pick<Flags, "seed" | "preset" | "recipe" | "steps" | "device">;

const runCheckReward = Effect.fnUntraced(function* (
  { train, preset, recipe, steps, device, seed, bounds, cases, intended, strict, json, ...source }:
    & RewardTraining
    & RewardSource
    & Omit<CheckRewardOptions, "reward" | "screen" | "seed">
    & { readonly train: boolean },
) {
  const training = { seed, preset, recipe, steps, device };
  const plan = yield* configure("check-reward", training);
  const screen = yield* openScreen;
  const reward = yield* openReward(source);
  const seeded = seed ?? 0;
  const options = { reward, seed: seeded, bounds, cases, intended, strict, json, screen };
  const trained = trainOn({ plan: withShortTraining(plan, training), reward, screen });
  yield* checkProgram(options, train ? trained : null);
}, Effect.scoped);

/** What the user leaves open is as small as makes sense. */
function withShortTraining(plan: RunPlan, { recipe, steps }: RewardTraining): RunPlan {
  if (recipe !== null) return plan;
  const short = { ...plan.config.recipe, ...SHORT_TRAINING };
  const asked = { ...short, steps: steps ?? short.steps };
  return { ...plan, config: { ...plan.config, recipe: asked } };
}

const trainOn = Effect.fnUntraced(function* (
  { plan: { config, preset }, reward, screen }:
    & Pick<CheckRewardOptions, "reward" | "screen">
    & { readonly plan: RunPlan },
) {
  const { recipe, seed, device } = config;
  const model = yield* readModel(config, screen);
  const task = yield* loadTask({ config, model, date: yield* today, purpose: "train" });
  const machine = yield* openMachine(device);
  yield* screen.print(`\n${machineLines(machine).join("\n")}`);
  const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, "train"));
  const wave = setup.room.capacity.rows;
  return yield* trainAgainst(reward, { recipe, preset, seed, task, wave, screen }).pipe(
    Effect.provide(layerLearner(setup, [preset])),
  );
}, Effect.scoped);

/** The program `check-reward`. */
export const checkReward = Command.make(
  "check-reward",
  { module: rewardModule, ...rewardFlags, seed, preset, steps, recipe, device: sources.device },
  runCheckReward,
).pipe(describe("Look for laws that a reward breaks and for hacks that it pays for"));
