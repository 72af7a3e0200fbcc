import { Clock, Effect } from "effect";
import { resolveConfig, RunConfig } from "../domain/config.ts";
import { decodeRecord, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { type Flags, NO_FLAGS } from "../domain/flags.ts";
import { WORLDS } from "../domain/question.ts";
import { quote } from "../domain/quote.ts";
import { conflictOfRecipe, type Recipe } from "../domain/recipe.ts";
import { readJsonFile } from "../files/json_file.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Preset } from "../igpo/preset.ts";
import { resolvePreset } from "../igpo/presets.ts";
import { revisionOf } from "./model_source.ts";

/** What a program knows before it starts. Making a plan writes nothing. */
export interface RunPlan {
  /** Everything the run depends on, to be written to its folder. */
  readonly config: RunConfig;
  /** `config.preset`, decoded. */
  readonly preset: Preset;
  /** Folder of the run; does not exist yet when the run is new. */
  readonly folder: string;
  readonly isResumed: boolean;
}

/** Turns flags and the files they name into a plan, or refuses them in one sentence. `program` names new folders. */
export const configure = Effect.fn("configure")(function* (
  program: string,
  given: Partial<Flags>,
): Effect.fn.Return<RunPlan, BadInput> {
  const flags = { ...NO_FLAGS, ...given };
  if (flags.resume !== null) return yield* configureResumed(flags, flags.resume);
  const config = yield* resolveConfig(flags, {
    recipe: isFile(flags.recipe) ? yield* readJsonFile(flags.recipe, "the recipe") : undefined,
    config: flags.config === null
      ? undefined
      : yield* readJsonFile(flags.config, "the configuration file"),
  });
  if (config.policy !== null && !SAMPLED_ELSEWHERE.includes(program)) {
    return yield* new BadInput({
      message: `Cannot ${program} with --policy as a server samples for ${
        SAMPLED_ELSEWHERE.join(" and ")
      } alone: it is ${quote(config.policy)}`,
    });
  }
  const named = config.preset;
  const preset = yield* resolvePreset(
    isFile(named) ? yield* readJsonFile(named, "the preset") : named,
  );
  const revision = yield* revisionOf(config);
  const folder = flags.out ?? (yield* newFolder(program));
  return { config: { ...config, revision, preset }, preset, folder, isResumed: false };
});

/** The programs whose messages a server can sample. */
const SAMPLED_ELSEWHERE: ReadonlyArray<string> = ["train", "rollout"];

/** A resumed run keeps its configuration; only its length and the device may change. */
const configureResumed = Effect.fnUntraced(function* (flags: Flags, folder: string) {
  const { resume: _resume, steps, device, ...fixed } = flags;
  const changed = Object.entries(fixed).find(([, value]) => value !== null);
  if (changed !== undefined) {
    const [name, value] = changed;
    return yield* new BadInput({
      message:
        `Cannot resume with another configuration as only --steps and --device may change: --${name} is ${
          quote(value)
        }`,
    });
  }
  const saved = yield* readJsonFile(`${folder}/${CONFIG_FILE}`, "the resumed configuration");
  if (isRecord(saved) && saved["presets"] !== undefined) {
    return yield* new BadInput({
      message: `Cannot go on with one run in "${folder}" as it must hold one: it holds a ` +
        `comparison; go on with it by ./igpo compare --resume ${folder}`,
    });
  }
  const filled = withLaterFields(saved);
  const old = yield* decodeRecord(RunConfig, filled, "the resumed configuration");
  const recipe = { ...old.recipe, steps: steps ?? old.recipe.steps };
  const conflict = conflictOfRecipe(recipe);
  if (conflict !== null) return yield* new BadInput({ message: conflict });
  const preset = yield* resolvePreset(old.preset);
  const config = { ...old, device: device ?? old.device, recipe };
  return { config, preset, folder, isResumed: true };
});

/** Fields that recipes got later, with the values that keep the behaviour of earlier runs. */
const LATER_FIELDS = {
  lora: null,
  weightFormat: "f32",
  recompute: "none",
  schedule: "constant",
  warmupSteps: 0,
  minLrRatio: 0,
  decayed: "all",
  ppoEpochs: 1,
  miniBatches: 1,
  gradientShards: 1,
  trainKinds: WORLDS.mixed,
  wrongGolds: 0,
  testSamples: 1,
  waitForShare: 1,
  maxResultTokens: null,
  cutResults: "right",
  maxGoldTokens: null,
  keepKinds: null,
  keepHops: null,
  testBeliefs: false,
  episodeMegabytes: 0,
} as const satisfies Partial<Recipe>;

/** Adds the fields that a run of an earlier version lacks. */
export function withLaterFields(saved: unknown): unknown {
  if (!isRecord(saved) || !isRecord(saved["recipe"])) return saved;
  return {
    adapter: null,
    revision: null,
    memory: null,
    search: null,
    browse: null,
    mcp: null,
    journal: null,
    searchBudget: null,
    searchPrice: null,
    policy: null,
    questionsDigest: null,
    ...saved,
    recipe: { ...LATER_FIELDS, ...saved["recipe"] },
  };
}

/** `runs/train-20261123-194501-087`: two runs may begin in one second. */
const newFolder = Effect.fnUntraced(function* (program: string) {
  const now = new Date(yield* Clock.currentTimeMillis).toISOString();
  const [date, time, millis] = now.slice(0, -1).replaceAll(/[-:]/g, "").split(/[T.]/);
  return `runs/${program}-${date}-${time}-${millis}`;
});

function isFile(name: unknown): name is string {
  return typeof name === "string" && (name.endsWith(".json") || name.includes("/"));
}
