import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { type ConfigFiles, resolveConfig, RunConfig } from "../../src/domain/config.ts";
import { decodeRecord } from "../../src/domain/decode.ts";
import { type Flags, NO_FLAGS } from "../../src/domain/flags.ts";
import { conflictOfRecipe, RECIPES } from "../../src/domain/recipe.ts";

/** Flags and files, given by those that are set. */
type Given = Partial<Flags> & { readonly files?: Partial<ConfigFiles> };

function resolve({ files, ...flags }: Given) {
  return resolveConfig({ ...NO_FLAGS, ...flags }, {
    recipe: undefined,
    config: undefined,
    ...files,
  });
}

const resolved = (given: Given) => Effect.runSync(resolve(given));
const refused = (given: Given) => Effect.runSync(Effect.flip(resolve(given))).message;

Deno.test("resolveConfig() without flags and files gives the defaults", () => {
  const { seed, device, preset, recipe, model } = resolved({});
  deepStrictEqual([seed, device, preset, model], [0, "auto", "igpo-uplift", null]);
  deepStrictEqual(recipe, RECIPES.get("embedded"));
});

Deno.test("resolveConfig() puts flags over the configuration over the recipe's file", () => {
  const config = resolved({
    steps: 5,
    recipe: "mine.json",
    files: {
      recipe: { lr: 1e-3, steps: 7, groupSize: 4 },
      config: { seed: 3, recipe: { lr: 2e-3, steps: 6 } },
    },
  });
  const { steps, lr, groupSize } = config.recipe;
  deepStrictEqual([config.seed, steps, lr, groupSize], [3, 5, 2e-3, 4]);
});

Deno.test("resolveConfig() takes a recipe by name from the flag, else from the configuration", () => {
  const config = { recipe: "paper" };
  strictEqual(resolved({ files: { config } }).recipe.groupSize, 16);
  strictEqual(resolved({ recipe: "embedded", files: { config } }).recipe.groupSize, 8);
});

Deno.test("resolveConfig() takes the defaults where a file names no field", () => {
  const files = { recipe: {}, config: {} };
  deepStrictEqual(resolved({ recipe: "mine.json", files }).recipe, RECIPES.get("embedded"));
});

Deno.test("resolveConfig() reads the configuration it wrote", () => {
  const config = resolved({ seed: 9, recipe: "paper", preset: "grpo" });
  const written: unknown = JSON.parse(JSON.stringify(config));
  deepStrictEqual(Effect.runSync(decodeRecord(RunConfig, written, "it")), config);
  deepStrictEqual(resolved({ files: { config: written } }), config);
});

Deno.test("every recipe known by name is free of conflicts", () => {
  for (const recipe of RECIPES.values()) strictEqual(conflictOfRecipe(recipe), null);
});

const refusals: ReadonlyArray<readonly [Given, string]> = [
  [
    { files: { config: { learningRate: 1 } } },
    'Cannot read the configuration as it has no field "learningRate": allowed are seed, device, ' +
    "model, revision, adapter, questions, questionsDigest, corpus, search, browse, mcp, journal, " +
    "searchBudget, searchPrice, policy, memory, preset, recipe",
  ],
  [
    { files: { recipe: { lr: -1 } } },
    'Cannot read the recipe as field "lr" must be a value between 1e-12 and 1: current value is -1',
  ],
  [
    { files: { recipe: { groupSize: "8" } } },
    'Cannot read the recipe as field "groupSize" must be number: current value is "8"',
  ],
  [
    { recipe: "toString" },
    'Cannot find a recipe called "toString": known are embedded, paper, and JSON files',
  ],
  [
    { files: { config: [1] } },
    "Cannot read the configuration file as it must be a JSON object: it is [1]",
  ],
  [
    { files: { recipe: null } },
    "Cannot read the recipe file as it must be a JSON object: it is null",
  ],
  [
    { files: { recipe: { contextTokens: 30 } } },
    "Cannot fit a message into an episode as contextTokens must exceed maxNewTokens: " +
    "they are 30 and 40",
  ],
  [
    { files: { recipe: { schedule: "exponential" } } },
    'Cannot read the recipe as field "schedule" must be "constant" | "linear" | "cosine": ' +
    'current value is "exponential"',
  ],
  [
    { files: { recipe: { decayed: "norms" } } },
    'Cannot read the recipe as field "decayed" must be "matrices" | "all": current value is "norms"',
  ],
  [
    { files: { recipe: { warmupSteps: 1.5 } } },
    'Cannot read the recipe as field "warmupSteps" must be an integer: current value is 1.5',
  ],
  [
    { files: { recipe: { schedule: "linear", minLrRatio: 1.1 } } },
    'Cannot read the recipe as field "minLrRatio" must be a value between 0 and 1: ' +
    "current value is 1.1",
  ],
  [
    { files: { recipe: { ppoEpochs: 0 } } },
    'Cannot read the recipe as field "ppoEpochs" must be a value between 1 and 1000000: ' +
    "current value is 0",
  ],
  [
    { files: { recipe: { miniBatches: 3, gradientShards: 3 } } },
    "Cannot give each shard a question of its own as gradientShards must be at most " +
    "promptsPerStep / miniBatches: they are 3, 8 and 3",
  ],
  [
    { files: { recipe: { miniBatches: 9 } } },
    "Cannot give each update a question of its own as miniBatches must be at most " +
    "promptsPerStep: they are 9 and 8",
  ],
  [
    { steps: 5, files: { recipe: { warmupSteps: 6 } } },
    "Cannot reach the learning rate as warmupSteps must be at most steps: they are 6 and 5",
  ],
  [
    { files: { recipe: { minLrRatio: 0.1 } } },
    'Cannot lower a constant learning rate as minLrRatio needs the schedule "linear" or ' +
    '"cosine": it is 0.1',
  ],
  [
    { seed: 2 ** 32 },
    'Cannot read the configuration as field "seed" must be a value between 0 and 4294967295: ' +
    "current value is 4294967296",
  ],
];

for (const [given, sentence] of refusals) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(given)} in one sentence`, () => {
    strictEqual(refused(given), sentence);
    ok(!sentence.includes("\n"));
  });
}

Deno.test("resolveConfig() takes the kinds of training questions from --world over the recipe's", () => {
  const files = { recipe: { trainKinds: ["1-hop"] } };
  deepStrictEqual(resolved({ recipe: "mine.json", files }).recipe.trainKinds, ["1-hop"]);
  const { trainKinds } = resolved({ recipe: "mine.json", files, world: "chains" }).recipe;
  deepStrictEqual(trainKinds, ["2-hop", "3-hop"]);
});

Deno.test("resolveConfig() refuses kinds of questions that there are not, and a world beside questions", () => {
  ok(
    refused({ recipe: "mine.json", files: { recipe: { trainKinds: ["4-hop"] } } }).startsWith(
      'Cannot read the recipe as field "trainKinds.0" must be "1-hop" | "2-hop" | "3-hop" | "choice"',
    ),
  );
  strictEqual(
    refused({ world: "sparse", questions: "mine.jsonl" }),
    'Cannot train on "sparse" of the embedded world as --questions names others: ' +
      "leave --world or --questions out",
  );
});
