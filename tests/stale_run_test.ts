/** Runs whose episodes are one step stale: when each step is played, how it goes on, and what workers change. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Exit, Fiber, Option } from "effect";
import { KernelFailed } from "../src/domain/errors.ts";
import type { Recipe } from "../src/domain/recipe.ts";
import type { Preset } from "../src/igpo/preset.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { Learner } from "../src/policy/policy.ts";
import { openMachine } from "../src/run/machine.ts";
import { contentsOf, differences } from "./support/kill_matrix.ts";
import { slowEngine } from "./support/slow_engine.ts";
import { inFolder, type TinyRun, tinyTask, trainTiny, workTiny } from "./support/tiny_run.ts";

type Line = Readonly<Record<string, unknown>>;

const STALE: Preset = {
  ...PRESETS["paper-v2"]!,
  name: "stale",
  staleness: { steps: 1, weightBound: 2 },
};

const run = (options: TinyRun) => Effect.runPromise(trainTiny({ preset: STALE, ...options }));

/** What a run leaves in a folder of its own. */
const leftBy = (options: Omit<TinyRun, "folder">) =>
  inFolder(async (folder) => {
    await run({ ...options, folder });
    return await contentsOf(folder);
  });

const stepsIn = (contents: Readonly<Record<string, string>>): ReadonlyArray<Line> =>
  contents["metrics.jsonl"]!.split("\n").map((line) => JSON.parse(line) as Line)
    .filter((line) => line["type"] === "step");

const unbroken = await leftBy({});

Deno.test("the first step of a run is on-policy, and each later one is one step stale", () => {
  const of = (name: string) => stepsIn(unbroken).map((line) => line[name]);
  deepStrictEqual(of("staleness"), [0, 1, 1, 1]);
  strictEqual(of("importanceWeight")[0], 1);
  ok(of("importanceWeight").slice(1).every((weight) => weight !== 1));
  ok(of("behaviourKl").slice(1).every((kl) => Number(kl) > 1e-5));
  // The ratio is measured from the trainer's own log-probs: it is 1 at the one update of a step.
  deepStrictEqual(of("ppoKl"), [of("ppoKl")[0], 0, 0, 0]);
});

Deno.test("the second step is played by the weights of the first one, as its first step is the same as without staleness", async () => {
  const fresh = stepsIn(await leftBy({ preset: PRESETS["paper-v2"]!, recipe: { steps: 2 } }));
  const stale = stepsIn(unbroken);
  strictEqual(stale[0]!["loss"], fresh[0]!["loss"]);
  ok(stale[1]!["loss"] !== fresh[1]!["loss"]);
});

Deno.test("staleness counts the updates of a step where it has several", async () => {
  const recipe = { ppoEpochs: 2, miniBatches: 2 };
  const steps = stepsIn(await leftBy({ recipe }));
  deepStrictEqual(steps.map(({ staleness }) => staleness), [0, 4, 4, 4]);
});

/** Interrupts a run as Ctrl-C does, once it has printed a text that matches a pattern. */
function stopped(folder: string, pattern: RegExp, recipe: Partial<Recipe> = {}): Promise<void> {
  return Effect.runPromise(Effect.gen(function* () {
    const stopAt = (text: string) =>
      Effect.sync(() => {
        if (pattern.test(text)) fiber.interruptUnsafe();
      });
    const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(
      trainTiny({ folder, preset: STALE, recipe, print: stopAt, showProgress: stopAt }),
    );
    ok(Exit.isFailure(yield* Fiber.await(fiber)));
  }));
}

const stops: ReadonlyArray<readonly [string, RegExp]> = [
  ["before the first update", /^step 2\/4 +rollout .* [1-5]\/6/],
  ["in a rollout", /^step 4\/4 +rollout .* [1-5]\/6/],
  ["while scoring", /^step 3\/4 +score/],
  ["in an update", /^step 2\/4 +update/],
  ["in the last update", /^step 4\/4 +update/],
  ["while evaluating", /^step 2\/4 +evaluate/],
];

for (const [when, pattern] of stops) {
  Deno.test(`a stale run stopped ${when} goes on as an unbroken one, to the bit`, () =>
    inFolder(async (folder) => {
      const recipe = { checkpointEvery: 0 };
      await stopped(folder, pattern, recipe);
      await run({ folder, isResumed: true, recipe });
      deepStrictEqual(differences(await contentsOf(folder), await unbrokenOne), []);
    }));
}

/** The same with its last checkpoint alone, as a stop adds one of its own. */
const unbrokenOne = leftBy({ recipe: { checkpointEvery: 0 } });

Deno.test("a run whose device is lost while a step is played ahead goes on from its newest checkpoint to the same folder", () =>
  inFolder(async (outer) => {
    const [folder, whole] = [`${outer}/run`, `${outer}/whole`];
    for (const path of [folder, whole]) await Deno.mkdir(path);
    const machine = await Effect.runPromise(Effect.scoped(openMachine("cpu")));
    const recipe = { checkpointEvery: 1 };
    let isLost = false;
    const lost = new KernelFailed({ kernel: "decode", message: "the device is lost" });
    const failing = () => isLost ? lost : null;
    const slow = {
      ...machine,
      makeEngine: Effect.sync(() => slowEngine({ events: [], failing })),
    };
    await run({ folder: whole, recipe, machine: slow });
    const showProgress = (text: string) =>
      Effect.sync(() => void (isLost ||= /^step 3\/4 +rollout/.test(text)));
    const error = await run({ folder, recipe, machine: slow, showProgress }).catch((e) => e);
    match(String(error), /the device is lost/);
    // The second step was played, and had no update yet.
    deepStrictEqual(
      await Array.fromAsync(Deno.readDir(`${folder}/checkpoints`), ({ name }) => name),
      ["step-1"],
    );
    isLost = false;
    await run({ folder, recipe, machine: slow, isResumed: true });
    deepStrictEqual(differences(await contentsOf(folder), await contentsOf(whole)), []);
  }));

for (const where of ["in one process", "on a queue, whose jobs take older weights"]) {
  Deno.test(`evaluations ask the newest weights ${where}`, async () => {
    const versions = new Map<string, number>();
    const showProgress = (text: string) =>
      Effect.map(Effect.serviceOption(Learner), (learner) => {
        const step = /^step (\d)\/4 +evaluate/.exec(text)?.[1];
        if (step !== undefined) versions.set(step, Option.getOrThrow(learner).version());
      });
    const options = { showProgress, recipe: { evaluateEvery: 1 } };
    await (where === "in one process" ? leftBy(options) : onQueue(0, options));
    deepStrictEqual([...versions], [["0", 0], ["1", 1], ["2", 2], ["3", 3], ["4", 4]]);
  });
}

Deno.test("a stale step trains on the episodes that were waited for", async () => {
  // The tools of every third episode never answer: it is given up once the four others of the step are over.
  let opened = 0;
  const { environment } = tinyTask.train;
  const hanging: typeof environment = {
    ...environment,
    open: (question) =>
      Effect.map(
        environment.open(question),
        (session) => opened++ % 3 === 2 ? { step: () => Effect.never } : session,
      ),
  };
  const task = { ...tinyTask, train: { ...tinyTask.train, environment: hanging } };
  const steps = stepsIn(await leftBy({ task, recipe: { waitForShare: 0.6 } }));
  deepStrictEqual(
    steps.map(({ staleness, episodes, droppedEpisodes, skipped }) => [
      ...[staleness, episodes, droppedEpisodes, skipped],
    ]),
    [[0, 4, 2, 0], [1, 4, 2, 0], [1, 4, 2, 0], [1, 4, 2, 0]],
  );
});

Deno.test("a checkpoint whose weights for the next step are damaged is not resumed", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 2 } });
    const checkpoint = `${folder}/checkpoints/step-2`;
    await Deno.copyFile(
      `${checkpoint}/optimizer.safetensors`,
      `${checkpoint}/behaviour.safetensors`,
    );
    match(
      String(await run({ folder, isResumed: true }).catch((e) => e)),
      /as behaviour\.safetensors must hold "model\.embed_tokens\.weight" .*: there is none$/,
    );
  }));

Deno.test("a finished stale run that is made longer is the longer run", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 2 } });
    await run({ folder, recipe: { steps: 3 }, isResumed: true });
    await run({ folder, isResumed: true });
    deepStrictEqual(stepsIn(await contentsOf(folder)), stepsIn(unbroken));
    const of = (contents: Readonly<Record<string, string>>) =>
      contents["checkpoints/step-4/model.safetensors"];
    strictEqual(of(await contentsOf(folder)), of(unbroken));
  }));

/** Trains on a queue beside some workers; answers with what the run's folder holds. */
const onQueue = (workers: number, options: Partial<TinyRun> = {}) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null };
    const given = { preset: STALE, ...options };
    const program = Effect.andThen(
      Effect.forEach(
        Array.from({ length: workers }),
        () => Effect.forkChild(workTiny(queue, given)),
      ),
      trainTiny({ ...given, folder, queue }),
    );
    await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    const left = await Array.fromAsync(
      Deno.readDir(`${outer}/queue.sqlite.blobs`),
      ({ name }) => name,
    );
    deepStrictEqual(left, ["trainer"]);
    return await contentsOf(folder);
  });

for (const workers of [0, 1, 3]) {
  Deno.test(`a stale run with a queue and ${workers} workers leaves the folder of a run without, to the byte`, async () => {
    deepStrictEqual(differences(await onQueue(workers), unbroken), []);
  });
}

Deno.test("a frozen scorer and adapters come to the same bytes on a queue", async () => {
  const options = {
    preset: { ...PRESETS["igpo-frozen"]!, staleness: STALE.staleness },
    recipe: {
      steps: 3,
      lora: { rank: 4, alpha: 8, rankStabilized: false, targets: ["q_proj" as const] },
    },
  };
  const want = await leftBy(options);
  ok(stepsIn(want).every(({ kl }, i) => i === 0 || Number(kl) > 0));
  deepStrictEqual(differences(await onQueue(1, options), want), []);
});

Deno.test("a stale run on a queue that is stopped goes on to the same folder, with a worker that stays", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null };
    const given = { preset: STALE, folder, queue, recipe: { checkpointEvery: 0 } };
    const program = Effect.gen(function* () {
      let isBegun = false;
      const print = (text: string) =>
        Effect.sync(() => void (isBegun ||= /^step +2\/4 +F1/.test(text)));
      yield* Effect.forkChild(workTiny(queue, given));
      const first = yield* Effect.forkChild(trainTiny({ ...given, print }));
      while (!isBegun) yield* Effect.sleep("5 millis");
      yield* Fiber.interrupt(first);
      yield* trainTiny({ ...given, isResumed: true });
    });
    await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    deepStrictEqual(differences(await contentsOf(folder), await unbrokenOne), []);
  }));

Deno.test("workers play the next step while the trainer updates the weights", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    for (const name of ["alone", "run"]) await Deno.mkdir(`${outer}/${name}`);
    // More groups than the trainer plays before the worker has come up.
    const options = { preset: STALE, recipe: { promptsPerStep: 6 } };
    await Effect.runPromise(trainTiny({ ...options, folder: `${outer}/alone` }));
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null };
    const played: string[] = [];
    const seen: string[] = [];
    // The first update waits until a worker has played a group of the second step, which without staleness never comes.
    const showProgress = Effect.fnUntraced(function* (text: string) {
      if (!/^step 1\/4 +update/.test(text)) return;
      const isPlayed = () => played.some((line) => line.startsWith("Step 2:"));
      for (let look = 0; look < 10_000 && !isPlayed(); look++) yield* Effect.sleep("5 millis");
      if (isPlayed()) seen.push("an update");
    });
    const print = (text: string) => Effect.sync(() => void played.push(text));
    const program = Effect.andThen(
      Effect.forkChild(workTiny(queue, { ...options, print })),
      trainTiny({ ...options, folder, queue, showProgress }),
    );
    await Effect.runPromise(Effect.timeout(program, "60 seconds"));
    deepStrictEqual(seen, ["an update"]);
    deepStrictEqual(differences(await contentsOf(folder), await contentsOf(`${outer}/alone`)), []);
  }));
