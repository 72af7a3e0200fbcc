/** Runs whose gradients are shared: whoever computes the shards, the run is that of one process to the byte. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Fiber, Scope } from "effect";
import type { Recipe } from "../../src/domain/recipe.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { SHARDS_FILE, type SharedRecord } from "../../src/queue/shared_record.ts";
import { openMachine } from "../../src/run/machine.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { inFolder, type TinyRun, trainTiny, workTiny } from "../support/tiny_run.ts";

type Options = Omit<TinyRun, "folder" | "queue">;

/** Each step has four updates of two or three shards, whose sequences fill several passes. */
const RECIPE: Partial<Recipe> = {
  steps: 2,
  promptsPerStep: 6,
  ppoEpochs: 2,
  miniBatches: 2,
  gradientShards: 3,
  microBatchTokens: 128,
  checkpointEvery: 1,
};

/** What a run leaves that has no queue. */
const alone = (options: Options) =>
  inFolder(async (folder) => {
    await Effect.runPromise(trainTiny({ ...options, folder }));
    return await contentsOf(folder);
  });

/** What a run leaves that has a queue and some workers, and who computed its shards. */
const shared = (workers: number, options: Options) =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null };
    const program = Effect.gen(function* () {
      for (let i = 0; i < workers; i++) yield* Effect.forkChild(workTiny(queue, options));
      yield* trainTiny({ ...options, folder, queue });
    });
    await Effect.runPromise(Effect.timeout(program, "100 seconds"));
    const left = await Array.fromAsync(
      Deno.readDir(`${outer}/queue.sqlite.blobs`),
      ({ name }) => name,
    );
    deepStrictEqual(left, ["trainer"]);
    const text = await Deno.readTextFile(`${folder}/${SHARDS_FILE}`);
    const records = text.trimEnd().split("\n").map((line): SharedRecord => JSON.parse(line));
    return { contents: await contentsOf(folder), records };
  });

const whole = await alone({ recipe: { ...RECIPE, gradientShards: 1 } });
const cut = await alone({ recipe: RECIPE });

Deno.test("the number of shards changes no more than the rounding of sums", () => {
  const losses = (contents: typeof cut) =>
    contents["metrics.jsonl"]!.split("\n").map((line) => JSON.parse(line).loss)
      .filter((loss) => loss !== undefined);
  const [want, got] = [losses(whole), losses(cut)];
  ok(want.length === 2 && differences(cut, whole).length > 0);
  got.forEach((loss, i) => ok(Math.abs(loss - want[i]) < 1e-4, `${loss}, not ${want[i]}`));
});

for (const workers of [0, 1, 2]) {
  Deno.test(`a run whose gradients are shared with ${workers} workers leaves the folder of a run without, to the byte`, async () => {
    const { contents, records } = await shared(workers, { recipe: RECIPE });
    deepStrictEqual(differences(contents, cut), []);
    deepStrictEqual(records.map(({ step }) => step), [1, 1, 1, 1, 2, 2, 2, 2]);
    ok(records.every(({ here, elsewhere }) => here + elsewhere === 3));
    const count = records.reduce((sum, { elsewhere }) => sum + elsewhere, 0);
    strictEqual(count > 0, workers > 0);
    strictEqual(records.some(({ bytes }) => bytes > 0), workers > 0);
  });
}

/** Kernels of WGSL, on a device that lives as long as this file. */
const machine = await Effect.runPromise(
  openMachine("auto").pipe(Effect.provideService(Scope.Scope, Scope.makeUnsafe())),
);

const adapters = { rank: 4, alpha: 8, rankStabilized: false, targets: ["q_proj" as const] };
const others: ReadonlyArray<readonly [string, Options]> = [
  ["adapters and a distance to the start", {
    preset: { ...PRESETS["official-2026-02"]!, kl: PRESETS["grpo"]!.kl },
    recipe: { ...RECIPE, lora: adapters },
  }],
  ["stale steps", {
    preset: { ...PRESETS["paper-v2"]!, staleness: { steps: 1, weightBound: 2 } },
    recipe: { ...RECIPE, steps: 3 },
  }],
  ["kernels of WGSL", { machine, recipe: { ...RECIPE, steps: 1, ppoEpochs: 1 } }],
];

for (const [what, options] of others) {
  Deno.test(`gradients of a run with ${what} come to the same bytes`, async () => {
    const want = await alone(options);
    deepStrictEqual(differences((await shared(1, options)).contents, want), []);
  });
}

Deno.test("a worker whose passes have another length is refused, as sums would have other bits", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/run`;
    await Deno.mkdir(folder);
    const queue = { queue: `sqlite:${outer}/queue.sqlite`, blobs: null };
    const recipe = { ...RECIPE, microBatchTokens: 256 };
    const program = Effect.gen(function* () {
      const trainer = yield* Effect.forkChild(trainTiny({ folder, queue, recipe: RECIPE }));
      const { message } = yield* Effect.flip(workTiny(queue, { recipe }));
      yield* Fiber.join(trainer);
      return message;
    });
    match(
      await Effect.runPromise(Effect.timeout(program, "60 seconds")),
      /^Cannot share gradients of this run as passes must have the trainer's 128 tokens: here they have 256/,
    );
  }));
