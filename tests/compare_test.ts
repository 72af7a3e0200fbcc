import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { compare } from "../src/programs/compare.ts";
import { configureCompare } from "../src/run/configure_compare.ts";
import { type CompareFlags, NO_FLAGS } from "../src/domain/flags.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { inFolder, metricsOf, prepareTiny, tinyTask, trainTiny } from "./support/tiny_run.ts";

const presets = [PRESETS["paper-v2"]!, PRESETS["grpo"]!];

interface TinyComparison {
  readonly worlds?: ReadonlyArray<string>;
  readonly seeds?: number;
  readonly print?: (text: string) => Effect.Effect<void>;
}

const comparison = (
  folder: string,
  { worlds = ["mixed"], seeds = 2, ...options }: TinyComparison = {},
) =>
  Effect.scoped(Effect.gen(function* () {
    const { prepared, layers } = yield* prepareTiny({ folder, ...options });
    const { config } = prepared.plan;
    const written = { ...config, presets, worlds: [], seeds, date: prepared.date };
    return yield* compare({
      ...prepared,
      plan: { folder, presets, seed: 0, seeds, written },
      worlds: worlds.map((name) => ({ name, config, task: tinyTask })),
    }).pipe(Effect.provide(layers));
  }));

const compareTiny = (folder: string, options?: TinyComparison) =>
  Effect.runPromise(comparison(folder, options));

Deno.test("compare() runs every preset and seed as train() does by itself", () =>
  inFolder(async (folder) => {
    await compareTiny(folder);
    for (const preset of presets) {
      for (const seed of [0, 1]) {
        const alone = await inFolder(async (own) => {
          await Effect.runPromise(trainTiny({ folder: own, preset, seed }));
          return await metricsOf(own);
        });
        deepStrictEqual(await metricsOf(`${folder}/mixed/${preset.name}-seed${seed}`), alone);
      }
    }
  }));

Deno.test("compare() lets runs of one seed play the same first episodes", () =>
  inFolder(async (folder) => {
    await compareTiny(folder);
    const first = async (name: string) => {
      const lines = (await metricsOf(`${folder}/mixed/${name}`)).map((line) => JSON.parse(line));
      const { turns, outcome, generatedTokens, entropy } = lines.find(({ step }) => step === 1);
      return { turns, outcome, generatedTokens, entropy };
    };
    deepStrictEqual(await first("paper-v2-seed1"), await first("grpo-seed1"));
  }));

Deno.test("compare() leaves a line a run, a table and a picture of all worlds", () =>
  inFolder(async (folder) => {
    const runs = await compareTiny(folder, { worlds: ["mixed", "sparse"], seeds: 1 });
    deepStrictEqual(
      runs.map(({ world, preset, seed }) => `${world} ${preset} ${seed}`),
      ["mixed paper-v2 0", "mixed grpo 0", "sparse paper-v2 0", "sparse grpo 0"],
    );
    const lines = (await Deno.readTextFile(`${folder}/runs.jsonl`)).trimEnd().split("\n");
    deepStrictEqual(lines.map((line) => JSON.parse(line)), runs);
    match(await Deno.readTextFile(`${folder}/compare.md`), /\| grpo +\| 1 +\| \d\.\d{3} +\|/);
    match(await Deno.readTextFile(`${folder}/compare.svg`), /^<svg.*mixed.*sparse/s);
  }));

/** Every file of a comparison as text, timings left out. */
async function contentsOf(folder: string) {
  const names = ["paper-v2-seed0", "grpo-seed0", "paper-v2-seed1", "grpo-seed1"];
  const metrics = await Promise.all(names.map((name) => metricsOf(`${folder}/mixed/${name}`)));
  const runs = (await Deno.readTextFile(`${folder}/runs.jsonl`)).trimEnd().split("\n")
    .map((line) => ({ ...JSON.parse(line), seconds: 0, stepSeconds: 0, target: null }));
  return { metrics, runs };
}

Deno.test("compare() goes on where it was stopped and leaves what it leaves in one go", () =>
  inFolder(async (folder) => {
    const stopped = `${folder}/stopped`;
    const said: Array<string> = [];
    // Stopped in the third run, after its second step.
    await Deno.mkdir(stopped);
    const program = Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        comparison(stopped, { print: (text) => Effect.sync(() => void said.push(text)) }),
      );
      const saved = `${stopped}/mixed/paper-v2-seed1/checkpoints/step-2`;
      while (!(yield* Effect.promise(() => Deno.stat(saved).then(() => true, () => false)))) {
        yield* Effect.sleep("5 millis");
      }
      yield* Fiber.interrupt(fiber);
    });
    await Effect.runPromise(program);
    strictEqual(said.at(-1), `Go on with: ./igpo compare --resume ${stopped}`);
    await compareTiny(stopped);
    const whole = `${folder}/whole`;
    await Deno.mkdir(whole);
    await compareTiny(whole);
    deepStrictEqual(await contentsOf(stopped), await contentsOf(whole));
  }));

const FLAGS: CompareFlags = { ...NO_FLAGS, presets: [], worlds: [], seeds: null };

const refusal = (flags: Partial<CompareFlags>) =>
  Effect.runPromise(Effect.flip(configureCompare({ ...FLAGS, ...flags }))).then(
    ({ message }) => message,
  );

Deno.test("configureCompare() reads the finished comparisons of the results page, whenever they were made", async () => {
  for (const name of ["worlds", "presets", "ablations"]) {
    const plan = await Effect.runPromise(configureCompare({ ...FLAGS, resume: `bench/${name}` }));
    ok(plan.isResumed && plan.presets.length > 1, name);
  }
});

Deno.test("configureCompare() refuses other presets, another recipe and fewer seeds when it goes on", () =>
  inFolder(async (folder) => {
    const { written } = await Effect.runPromise(
      configureCompare({ ...FLAGS, presets: ["grpo", "rloo"], worlds: ["sparse"], seeds: 2 }),
    );
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(written));
    const again = await Effect.runPromise(configureCompare({ ...FLAGS, resume: folder, seeds: 5 }));
    deepStrictEqual(again.worlds.map(({ name }) => name), ["sparse"]);
    deepStrictEqual([again.isResumed, again.seeds], [true, 5]);
    const rule = "Cannot resume another comparison as only --seeds and --device may change: ";
    strictEqual(
      await refusal({ resume: folder, presets: ["grpo"] }),
      `${rule}--presets is "grpo"`,
    );
    strictEqual(
      await refusal({ resume: folder, recipe: "paper" }),
      `${rule}--recipe is "paper"`,
    );
    strictEqual(
      await refusal({ resume: folder, worlds: ["mixed"] }),
      `${rule}--world is "mixed"`,
    );
    strictEqual(
      await refusal({ resume: folder, seeds: 1 }),
      "Cannot resume with fewer seeds than were asked for: --seeds is 1, the comparison has 2",
    );
  }));

Deno.test("configureCompare() refuses one preset, one named twice, and a world beside questions", async () => {
  strictEqual(
    await refusal({ presets: ["grpo"] }),
    "Cannot compare without two presets or more: --presets names 1",
  );
  strictEqual(
    await refusal({ presets: ["grpo", "grpo"] }),
    'Cannot compare presets as their names must differ: "grpo" stands twice',
  );
});
