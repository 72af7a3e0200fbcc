import { Effect, Schema } from "effect";
import { configure, type RunPlan, withLaterFields } from "./configure.ts";
import { RunConfig } from "../domain/config.ts";
import { DateText } from "../domain/date.ts";
import { decodeRecord, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import type { CompareFlags } from "../domain/flags.ts";
import { QUESTION_KINDS, type WorldName, WORLDS } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import { readJsonFile } from "../files/json_file.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Preset } from "../igpo/preset.ts";
import { resolvePreset } from "../igpo/presets.ts";

/** What a comparison knows before it starts. Making a plan writes nothing. */
export interface ComparePlan {
  readonly folder: string;
  readonly isResumed: boolean;
  readonly presets: ReadonlyArray<Preset>;
  /** At least one, each with the configuration of its runs. */
  readonly worlds: ReadonlyArray<{ readonly name: string; readonly config: RunConfig }>;
  /** The first seed, and the number of seeds counted up from it. */
  readonly seed: number;
  readonly seeds: number;
  /** All of this as `config.json` holds it. */
  readonly written: CompareConfig;
}

const CompareConfig = Schema.Struct({
  ...RunConfig.fields,
  presets: Schema.Array(Schema.Unknown),
  /** Null for the recipe's training questions or the user's own. */
  worlds: Schema.Array(Schema.NullOr(Schema.Literals(Object.keys(WORLDS) as Array<WorldName>))),
  seeds: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
  /** The date in the system prompt; null until the comparison has begun. */
  date: Schema.NullOr(DateText),
});

type CompareConfig = typeof CompareConfig.Type;

const DEFAULT_SEEDS = 3;

/** Turns the flags of `compare` into a plan, or refuses them in one sentence. */
export const configureCompare = Effect.fn("configureCompare")(function* (
  flags: CompareFlags,
): Effect.fn.Return<ComparePlan, BadInput> {
  if (flags.resume !== null) return yield* configureResumed(flags, flags.resume);
  const { presets: names, worlds: chosen, seeds, ...shared } = flags;
  if (names.length < 2) {
    return yield* new BadInput({
      message: `Cannot compare without two presets or more: --presets names ${names.length}`,
    });
  }
  const plans: Array<RunPlan> = [];
  for (const preset of names) plans.push(yield* configure("compare", { ...shared, preset }));
  const presets = plans.map((plan) => plan.preset);
  const { config, folder } = plans[0]!;
  const worlds = chosen.length === 0 ? [null] : chosen;
  const { preset: _preset, ...own } = config;
  const written = {
    ...own,
    preset: null,
    presets,
    worlds,
    seeds: seeds ?? DEFAULT_SEEDS,
    date: null,
  };
  return yield* planOf({ folder, isResumed: false, presets, written });
});

/** A comparison keeps its configuration; only the number of seeds and the device may change. */
const configureResumed = Effect.fnUntraced(function* (flags: CompareFlags, folder: string) {
  const { resume: _resume, seeds, device, presets: named, worlds, ...fixed } = flags;
  const given = {
    ...fixed,
    presets: named.length > 0 ? named.join(",") : null,
    world: worlds.length > 0 ? worlds.join(",") : null,
  };
  const changed = Object.entries(given).find(([, value]) => value !== null);
  if (changed !== undefined) {
    return yield* new BadInput({
      message: `Cannot resume another comparison as only --seeds and --device may change: ` +
        `--${changed[0]} is "${changed[1]}"`,
    });
  }
  const what = "the resumed comparison's configuration";
  const saved = yield* readJsonFile(`${folder}/${CONFIG_FILE}`, what);
  if (isRecord(saved) && saved["presets"] === undefined) {
    return yield* new BadInput({
      message: `Cannot resume "${folder}" as a comparison as it must hold one: ` +
        `it holds a run of another program`,
    });
  }
  const old = yield* decodeRecord(CompareConfig, withLaterFields(saved), what);
  if (seeds !== null && seeds < old.seeds) {
    return yield* new BadInput({
      message: `Cannot resume with fewer seeds than were asked for: --seeds is ${seeds}, ` +
        `the comparison has ${old.seeds}`,
    });
  }
  const presets = yield* Effect.forEach(old.presets, resolvePreset);
  const written = { ...old, device: device ?? old.device, seeds: seeds ?? old.seeds };
  return yield* planOf({ folder, isResumed: true, presets, written });
});

const planOf = Effect.fnUntraced(function* (
  plan: Pick<ComparePlan, "folder" | "isResumed" | "presets" | "written">,
) {
  const { presets, written: { presets: _presets, worlds, seeds, date: _date, ...config } } = plan;
  const twice = presets.find(({ name }, i) => presets.findIndex((one) => one.name === name) !== i);
  if (twice !== undefined) {
    return yield* new BadInput({
      message: `Cannot compare presets as their names must differ: "${twice.name}" stands twice`,
    });
  }
  if (config.seed + seeds > 2 ** 32) {
    return yield* new BadInput({
      message: `Cannot count --seeds up from --seed as the last seed must be below 2^32: ` +
        `they are ${seeds} and ${config.seed}`,
    });
  }
  return {
    ...plan,
    seed: config.seed,
    seeds,
    worlds: worlds.map((world) => {
      const recipe = world === null
        ? config.recipe
        : { ...config.recipe, trainKinds: WORLDS[world] };
      const name = config.questions === null ? nameOfKinds(recipe) : "questions";
      return { name, config: { ...config, recipe } };
    }),
  } satisfies ComparePlan;
});

/** The name of a recipe's world, or its kinds of questions where no world has exactly these. */
function nameOfKinds({ trainKinds }: Recipe): string {
  const kinds = QUESTION_KINDS.filter((kind) => trainKinds.includes(kind)).join("+");
  const named = Object.entries(WORLDS).find(([, own]) => own.join("+") === kinds);
  return named?.[0] ?? kinds;
}
