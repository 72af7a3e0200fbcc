import { Effect, Schema } from "effect";
import { decodeRecord, isRecord } from "./decode.ts";
import { BadInput } from "./errors.ts";
import { DEVICES, type Flags } from "./flags.ts";
import { WORLDS } from "./question.ts";
import { quote } from "./quote.ts";
import { parseQuestionFiles, QuestionFiles } from "./question_files.ts";
import { conflictOfRecipe, Recipe, RECIPES } from "./recipe.ts";

const TextOrNull = Schema.NullOr(Schema.NonEmptyString);

/** Everything a run depends on, as it is written to `config.json` in the run's folder. */
export const RunConfig = Schema.Struct({
  seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff_ffff })),
  device: Schema.Literals(DEVICES),
  /** Folder of a model or checkpoint, or `ORG/NAME` of the Hugging Face Hub; null for the embedded one. */
  model: TextOrNull,
  /** Branch, tag or commit of a model of the Hub; its commit once the model is downloaded; null for a folder. */
  revision: TextOrNull,
  /** Folder of adapters in PEFT's layout, loaded onto the model; null for none. */
  adapter: TextOrNull,
  /** Files of questions; null for the embedded world's. */
  questions: Schema.NullOr(QuestionFiles),
  /** Digest of the questions of a file as they were split when the run began; null before, and for the world's. */
  questionsDigest: TextOrNull,
  /** File of documents; null for the embedded world's, or where `search` finds them. */
  corpus: TextOrNull,
  /** Address, service or index that is searched, or `off`; null for documents in memory. */
  search: TextOrNull,
  /** Hosts whose pages the agent may read, separated by commas, or `any`; null for no tool that reads pages. */
  browse: TextOrNull,
  /** Address or command line of an MCP server whose tools the agent gets; null for none. */
  mcp: TextOrNull,
  /** `[MODE:]FILE` in which the calls of engines and tools outside are kept; null for none. */
  journal: TextOrNull,
  /** Most queries, such as `500`, or US dollars, such as `5usd`, until the program ends; null for no limit. */
  searchBudget: Schema.NullOr(Schema.String.check(Schema.isPattern(/^(\d+|\d+(\.\d+)?usd)$/, {
    expected: "a number of queries, or of US dollars such as 5usd",
  }))),
  /** US dollars a query; null where it costs nothing that is known. */
  searchPrice: Schema.NullOr(Schema.Finite.check(Schema.isGreaterThan(0))),
  /** Kind and address of the server that samples, such as `vllm:http://127.0.0.1:8000`; null for this process. */
  policy: TextOrNull,
  /** GB of device memory that the run may take; null for the machine's own limit, if that is known. */
  memory: Schema.NullOr(Schema.Finite.check(Schema.isGreaterThan(0))),
  /** The whole preset as JSON; `decodePreset` reads it. */
  preset: Schema.Unknown,
  recipe: Recipe,
});

/** Everything a run depends on. */
export type RunConfig = typeof RunConfig.Type;

/** The default preset: the one that did best over all worlds (README). */
export const DEFAULT_PRESET = "igpo-uplift";

/** The default recipe. */
export const DEFAULT_RECIPE = "embedded";

/** What a run is told by nobody. */
const DEFAULTS = {
  seed: 0,
  device: "auto",
  model: null,
  revision: null,
  memory: null,
  adapter: null,
  questions: null,
  corpus: null,
  search: null,
  browse: null,
  mcp: null,
  journal: null,
  searchBudget: null,
  searchPrice: null,
  policy: null,
  preset: DEFAULT_PRESET,
} as const;

/** Fields of the configuration that flags of the same name set. */
const CONFIG_FIELDS = Object.keys(DEFAULTS) as ReadonlyArray<keyof typeof DEFAULTS>;

/** Parsed JSON of the files named by flags; undefined without such a file. */
export interface ConfigFiles {
  /** Fields of the recipe file. */
  readonly recipe: unknown;
  /** Fields of the configuration file; its `recipe` is a name or a record of some fields. */
  readonly config: unknown;
}

/**
 * Merges the sources of a configuration; a later source wins: the defaults, the recipe file, the configuration file,
 * the flags. Fails with one sentence on unknown fields and on values out of range.
 *
 * `preset` is not resolved here: it stays the name or path of a preset, or its JSON.
 */
export const resolveConfig = Effect.fnUntraced(function* (
  flags: Flags,
  files: ConfigFiles = { recipe: undefined, config: undefined },
): Effect.fn.Return<RunConfig, BadInput> {
  const file = yield* asRecord(files.config, "the configuration file");
  if (flags.world !== null && flags.questions !== null) {
    return yield* new BadInput({
      message:
        `Cannot train on "${flags.world}" of the embedded world as --questions names others: ` +
        `leave --world or --questions out`,
    });
  }
  const recipe = yield* resolveRecipe(flags, {
    hasFile: files.recipe !== undefined,
    file: yield* asRecord(files.recipe, "the recipe file"),
    inConfig: file["recipe"],
  });
  const given = CONFIG_FIELDS.map((name) => [name, flags[name]]);
  const questions = flags.questions === null ? null : yield* parseQuestionFiles(flags.questions);
  const base = { ...DEFAULTS, questionsDigest: null };
  const merged = {
    ...base,
    ...file,
    ...withoutNulls({ ...Object.fromEntries(given), questions }),
    recipe,
  };
  return yield* decodeRecord(RunConfig, merged, "the configuration");
});

/** The recipe's sources besides the flags. */
interface RecipeSources {
  readonly hasFile: boolean;
  readonly file: Readonly<Record<string, unknown>>;
  readonly inConfig: unknown;
}

const resolveRecipe = Effect.fnUntraced(function* (flags: Flags, sources: RecipeSources) {
  const { hasFile, file, inConfig } = sources;
  const named = hasFile ? null : flags.recipe ?? (typeof inConfig === "string" ? inConfig : null);
  const base = RECIPES.get(named ?? DEFAULT_RECIPE);
  if (base === undefined) {
    const known = [...RECIPES.keys()].join(", ");
    return yield* new BadInput({
      message: `Cannot find a recipe called ${quote(named)}: known are ${known}, and JSON files`,
    });
  }
  const fields = typeof inConfig === "string"
    ? {}
    : yield* asRecord(inConfig, "the configuration file's recipe");
  const merged = {
    ...base,
    ...file,
    ...fields,
    ...withoutNulls({
      steps: flags.steps,
      testSamples: flags.samples,
      testBeliefs: flags.beliefs,
      trainKinds: flags.world === null ? null : WORLDS[flags.world],
      weightFormat: flags.weights,
      recompute: flags.recompute,
    }),
  };
  const recipe = yield* decodeRecord(Recipe, merged, "the recipe");
  const conflict = conflictOfRecipe(recipe);
  return conflict === null ? recipe : yield* new BadInput({ message: conflict });
});

function asRecord(
  value: unknown,
  what: string,
): Effect.Effect<Readonly<Record<string, unknown>>, BadInput> {
  if (value === undefined) return Effect.succeed({});
  if (isRecord(value)) return Effect.succeed(value);
  return Effect.fail(
    new BadInput({
      message: `Cannot read ${what} as it must be a JSON object: it is ${quote(value)}`,
    }),
  );
}

function withoutNulls(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}
