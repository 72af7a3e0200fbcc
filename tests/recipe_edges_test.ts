/** Recipes and presets at every edge of every range: each trains a step or is refused, and every number on disk is finite. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { Cause, Effect, Exit, Result, type SchemaAST } from "effect";
import { BadInput, KernelFailed, TrainingDiverged } from "../src/domain/errors.ts";
import { conflictOfRecipe, LoraSizes, Recipe } from "../src/domain/recipe.ts";
import { conflictOf, Preset } from "../src/igpo/preset.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { toFloat32 } from "../src/files/tensor_types.ts";
import { readSafetensors } from "./support/read_safetensors.ts";
import { inFolder, tinyRecipe, trainTiny } from "./support/tiny_run.ts";

/** Fields whose upper edge makes a run as long or as large as nobody waits for: the lower one is tried. */
const LONGER: ReadonlySet<string> = new Set([
  ...["steps", "promptsPerStep", "groupSize", "ppoEpochs", "contextTokens", "microBatchTokens"],
  ...["trainQuestions", "validationQuestions", "testQuestions", "testSamples"],
]);

/** What the checks of a number together allow. */
interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
}

/** The ends of what a schema allows; none for texts and lists. */
function edgesOf(ast: SchemaAST.AST): ReadonlyArray<unknown> {
  switch (ast._tag) {
    case "Union":
      return ast.types.flatMap(edgesOf);
    case "Null":
      return [null];
    case "Literal":
      return [ast.literal];
    case "Boolean":
      return [false, true];
    case "Number":
      return numberEdges(ast);
    default:
      return [];
  }
}

function numberEdges(ast: SchemaAST.AST): ReadonlyArray<number> {
  const ranges = (ast.checks ?? []).map(({ annotations }) => annotations?.["arbitraryConstraint"]);
  const range: Range = Object.assign({}, ...ranges);
  const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE } = range;
  const least = range.exclusiveMinimum ? minimum + Number.MIN_VALUE : minimum;
  return [least, range.exclusiveMaximum ? maximum * (1 - 2 ** -53) : maximum];
}

/** One recipe for each edge of a field; a falling rate, where its lowest share needs one. */
const edges = [
  ...Object.entries(Recipe.fields).flatMap(([name, { ast }]) => {
    const values = name === "lora" ? [] : edgesOf(ast);
    return (LONGER.has(name) ? values.slice(0, 1) : values).map((value) => ({
      name: `${name} ${value}`,
      recipe: { [name]: value, ...(name === "minLrRatio" ? { schedule: "cosine" as const } : {}) },
    }));
  }),
  ...Object.entries(LoraSizes.fields).flatMap(([name, { ast }]) =>
    edgesOf(ast).map((value) => ({
      name: `lora.${name} ${value}`,
      recipe: {
        lora: { rank: 4, alpha: 8, rankStabilized: false, targets: ["q_proj"], [name]: value },
      },
    }))
  ),
];

/** One preset for each edge of a number; it has all terms that numbers weigh. */
const presetEdges = Object.entries(Preset.fields).flatMap(([part, schema]) =>
  Object.entries("fields" in schema ? schema.fields : {}).flatMap(([name, { ast }]) =>
    edgesOf(ast).filter((value) => typeof value === "number").map((value) => {
      const base = { ...PRESETS["paper-v2"]!, entropy: { coefficient: 0.1 } };
      const own = base[part as "gain"];
      return {
        name: `${part}.${name} ${value}`,
        preset: { ...base, [part]: { ...own, [name]: value } },
      };
    })
  )
);

Deno.test("every number of a recipe and of a preset has two edges", () => {
  const named = [...edges, ...presetEdges].map(({ name }) => name);
  for (const edge of ["clip.low 0", "clip.high 1000000", "entropy.coefficient -1000000"]) {
    ok(named.includes(edge), `${edge} is none of ${named}`);
  }
  for (const edge of ["lr 1e-12", "lr 1", "beta2 0.9999999999999999", "lora.rank 4096"]) {
    ok(named.includes(edge), `${edge} is none of ${named}`);
  }
});

/** The files of weights and metrics that hold a number that is not finite. */
async function brokenFiles(folder: string): Promise<ReadonlyArray<string>> {
  const broken: Array<string> = [];
  const metrics = await Deno.readTextFile(`${folder}/metrics.jsonl`).catch(() => "");
  if (/NaN|Infinity/.test(metrics)) broken.push(`metrics.jsonl: ${metrics}`);
  const saved = `${folder}/checkpoints`;
  const steps = await Array.fromAsync(Deno.readDir(saved)).catch(() => []);
  for (const { name: step } of steps) {
    for await (const { name } of Deno.readDir(`${saved}/${step}`)) {
      if (!name.endsWith(".safetensors")) continue;
      const tensors = await Effect.runPromise(readSafetensors(`${saved}/${step}/${name}`));
      for (const tensor of tensors.values()) {
        const isWhole = Result.getOrThrow(toFloat32(tensor)).every(Number.isFinite);
        if (!isWhole) broken.push(`${step}/${name}: ${tensor.name}`);
      }
    }
  }
  return broken;
}

/** Trains a step, or fails with a sentence; no file holds a number that is not finite. */
const checkEdge = (recipe: Partial<Recipe>, preset?: Preset) =>
  inFolder(async (folder) => {
    const whole = { ...tinyRecipe, steps: 1, evaluateEvery: 1, checkpointEvery: 1, ...recipe };
    if (conflictOfRecipe(whole) !== null) return;
    const run = trainTiny({ folder, recipe: whole, ...(preset === undefined ? {} : { preset }) });
    const exit = await Effect.runPromiseExit(run);
    if (Exit.isFailure(exit)) {
      const error = Cause.squash(exit.cause);
      const isTold = error instanceof BadInput || error instanceof TrainingDiverged ||
        error instanceof KernelFailed;
      ok(isTold, Cause.pretty(exit.cause));
    }
    deepStrictEqual(await brokenFiles(folder), []);
  });

for (const { name, recipe } of edges) {
  Deno.test(`a recipe with ${name} trains a step or is refused`, () =>
    checkEdge(recipe as Partial<Recipe>));
}

for (const { name, preset } of presetEdges) {
  if (conflictOf(preset) !== null) continue;
  Deno.test(`a preset with ${name} trains a step or is refused`, () => checkEdge({}, preset));
}
