import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { configure, type RunPlan } from "../src/run/configure.ts";
import type { Flags } from "../src/domain/flags.ts";
import { checkWritable, CONFIG_FILE, createRunFolder } from "../src/files/run_folder.ts";

const plan = (flags: Partial<Flags>) => Effect.runPromise(configure("train", flags));
const refusal = async (flags: Partial<Flags>) =>
  (await Effect.runPromise(Effect.flip(configure("train", flags)))).message;

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await use(folder).finally(() => Deno.remove(folder, { recursive: true }));
}

async function writeJson(path: string, value: unknown): Promise<string> {
  await Deno.writeTextFile(path, JSON.stringify(value));
  return path;
}

Deno.test("configure() names a new folder after program and time and creates nothing", async () => {
  const { folder, isResumed, preset } = await plan({});
  match(folder, /^runs\/train-\d{8}-\d{6}-\d{3}$/);
  deepStrictEqual([isResumed, preset.name], [false, "igpo-uplift"]);
});

Deno.test("configure() takes a server that samples for train and rollout alone", async () => {
  const policy = "vllm:http://127.0.0.1:8000";
  strictEqual((await plan({ policy })).config.policy, policy);
  const { message } = await Effect.runPromise(Effect.flip(configure("evaluate", { policy })));
  strictEqual(
    message,
    `Cannot evaluate with --policy as a server samples for train and rollout alone: it is "${policy}"`,
  );
});

Deno.test("configure() reads recipe, preset and configuration from files", () =>
  inFolder(async (folder) => {
    const { config, preset } = await plan({
      recipe: await writeJson(`${folder}/recipe.json`, { name: "mine", lr: 1e-4 }),
      preset: await writeJson(`${folder}/preset.json`, {
        base: "paper-v2",
        name: "my preset",
        credit: { gamma: 0.9 },
      }),
      config: await writeJson(`${folder}/config.json`, { seed: 4 }),
    });
    deepStrictEqual([config.recipe.name, config.recipe.lr, config.seed], ["mine", 1e-4, 4]);
    deepStrictEqual([preset.name, preset.credit.gamma], ["my preset", 0.9]);
    deepStrictEqual(config.preset, preset);
  }));

/** A folder with the configuration of a run, for tests to resume. */
async function makeRun(folder: string): Promise<RunPlan> {
  const started = await plan({ seed: 7, preset: "grpo", out: folder });
  await writeJson(`${folder}/${CONFIG_FILE}`, started.config);
  return started;
}

Deno.test("configure() resumes with the configuration of the run and more steps", () =>
  inFolder(async (folder) => {
    const started = await makeRun(folder);
    const resumed = await plan({ resume: folder, steps: 90 });
    const recipe = { ...started.config.recipe, steps: 90 };
    deepStrictEqual(resumed, {
      ...started,
      isResumed: true,
      config: { ...started.config, recipe },
    });
  }));

Deno.test("configure() resumes a run of before there were adapters, the Hub, schedules, several updates a step and filters", () =>
  inFolder(async (folder) => {
    const { config } = await makeRun(folder);
    const {
      adapter: _,
      revision: _revision,
      questionsDigest: _digest,
      recipe: {
        lora: __,
        decayed,
        ppoEpochs,
        miniBatches,
        gradientShards,
        schedule,
        warmupSteps,
        minLrRatio,
        maxGoldTokens,
        keepKinds,
        keepHops,
        ...recipe
      },
      ...older
    } = config;
    deepStrictEqual([schedule, warmupSteps, minLrRatio], ["constant", 0, 0]);
    deepStrictEqual([ppoEpochs, miniBatches, gradientShards], [1, 1, 1]);
    deepStrictEqual([maxGoldTokens, keepKinds, keepHops], [null, null, null]);
    await writeJson(`${folder}/${CONFIG_FILE}`, { ...older, recipe });
    // In older runs norms and biases decayed too; a run resumes as it began.
    const resumed = (await plan({ resume: folder })).config;
    deepStrictEqual([decayed, resumed.recipe.decayed], ["matrices", "all"]);
    deepStrictEqual(resumed, { ...config, recipe: { ...config.recipe, decayed: "all" } });
  }));

Deno.test("configure() refuses to resume with a number of steps that the recipe cannot have", () =>
  inFolder(async (folder) => {
    const { config } = await makeRun(folder);
    const recipe = { ...config.recipe, warmupSteps: 30 };
    await writeJson(`${folder}/${CONFIG_FILE}`, { ...config, recipe });
    strictEqual(
      await refusal({ resume: folder, steps: 20 }),
      "Cannot reach the learning rate as warmupSteps must be at most steps: they are 30 and 20",
    );
  }));

Deno.test("configure() says of a comparison's folder how that goes on", () =>
  inFolder(async (folder) => {
    const { config } = await makeRun(folder);
    await writeJson(`${folder}/${CONFIG_FILE}`, { ...config, preset: null, presets: ["grpo"] });
    strictEqual(
      await refusal({ resume: folder }),
      `Cannot go on with one run in "${folder}" as it must hold one: it holds a comparison; ` +
        `go on with it by ./igpo compare --resume ${folder}`,
    );
  }));

Deno.test("configure() refuses to resume with another preset", () =>
  inFolder(async (folder) => {
    await makeRun(folder);
    strictEqual(
      await refusal({ resume: folder, preset: "rloo" }),
      "Cannot resume with another configuration as only --steps and --device may change: " +
        '--preset is "rloo"',
    );
  }));

Deno.test("configure() refuses files that are missing or no JSON", () =>
  inFolder(async (folder) => {
    const path = `${folder}/recipe.json`;
    strictEqual(
      await refusal({ recipe: path }),
      `Cannot read the recipe "${path}": there is no such file`,
    );
    await Deno.writeTextFile(path, "{,}");
    match(await refusal({ recipe: path }), /^Cannot read the recipe ".*" as it must be JSON: /);
  }));

Deno.test("createRunFolder() refuses a folder that holds a run", () =>
  inFolder(async (folder) => {
    await makeRun(folder);
    const error = await Effect.runPromise(Effect.scoped(Effect.flip(createRunFolder(folder))));
    match(error.message, /^Cannot start a run in a folder that holds one already: /);
  }));

Deno.test("createRunFolder() leaves no folder behind when nothing was written to it", () =>
  inFolder(async (folder) => {
    const use = (name: string, write: (path: string) => Promise<void>) => {
      const path = `${folder}/${name}`;
      const written = Effect.promise(() => write(path));
      return Effect.runPromise(Effect.scoped(Effect.andThen(createRunFolder(path), written)));
    };
    await use("empty", async () => {});
    await use("run", (path) => Deno.writeTextFile(`${path}/${CONFIG_FILE}`, "{}"));
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    deepStrictEqual(names, ["run"]);
  }));

Deno.test("checkWritable() refuses a folder below a file and leaves nothing in one it accepts", () =>
  inFolder(async (folder) => {
    const path = await writeJson(`${folder}/file`, 1);
    const error = await Effect.runPromise(Effect.flip(checkWritable(`${path}/run`)));
    match(error.message, /^Cannot write to the run folder ".*\/file\/run": Not a directory /);
    await Effect.runPromise(checkWritable(`${folder}/run`));
    deepStrictEqual(await Array.fromAsync(Deno.readDir(`${folder}/run`)), []);
  }));
