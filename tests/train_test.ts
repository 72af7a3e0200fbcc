import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Exit, Fiber } from "effect";
import type { Recipe } from "../src/domain/recipe.ts";
import { STEP_METRICS, TIMINGS } from "../src/domain/report.ts";
import { checkSameModel } from "../src/pipeline/checkpoint.ts";
import {
  inFolder,
  metricsOf,
  tinyModel,
  tinyModelWeights,
  type TinyRun,
  trainTiny,
} from "./support/tiny_run.ts";
import { assertClose } from "./support/comparison.ts";

type Line = Readonly<Record<string, unknown>>;

async function namesIn(path: string): Promise<ReadonlyArray<string>> {
  const names: Array<string> = [];
  try {
    for await (const { name } of Deno.readDir(path)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

const run = (options: TinyRun) => Effect.runPromise(trainTiny(options));

/** The metrics of a run in a folder of its own. */
const metricsOfRun = (options: Omit<TinyRun, "folder"> = {}) =>
  inFolder(async (folder) => {
    await run({ ...options, folder });
    return await metricsOf(folder);
  });

const steps = (lines: ReadonlyArray<string>): ReadonlyArray<Line> =>
  lines.map((line) => JSON.parse(line) as Line).filter((line) => line["type"] === "step");

const plain = await metricsOfRun();

Deno.test("train() leaves metrics, configuration, checkpoints and summary", () =>
  inFolder(async (folder) => {
    const summary = await run({ folder });
    deepStrictEqual(await namesIn(folder), [
      ...[
        "checkpoints",
        "config.json",
        "curve.svg",
        "episode.svg",
        "episodes",
        "metrics.jsonl",
        "summary.json",
      ],
    ]);
    deepStrictEqual(await namesIn(`${folder}/checkpoints`), ["step-2", "step-4"]);
    const { scores: _scores, ...after } = summary.after;
    const written = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
    deepStrictEqual(written.after, after);
    strictEqual(summary.steps, 4);
  }));

Deno.test("train() plays episodes of several turns and changes the weights", () => {
  ok(steps(plain).every((line) => Number(line["turns"]) > 1 && Number(line["gradientNorm"]) > 0));
  ok(steps(plain).some((line) => Number(line["gainStd"]) > 0));
  ok(steps(plain).slice(1).some((line) => Number(line["kl"]) > 0));
});

Deno.test("every metric of the table is in every step's line and no other", () => {
  for (const line of steps(plain)) {
    deepStrictEqual(
      Object.keys(line).filter((name) => name !== "type").sort(),
      Object.keys(STEP_METRICS).filter((name) => !TIMINGS.some((timing) => timing === name)).sort(),
    );
  }
});

Deno.test("sampler and trainer agree on every log-prob", () => {
  ok(steps(plain).every((line) => Number(line["logProbGap"]) < 1e-5));
});

Deno.test("two runs of one seed write the same metrics, and another seed others", async () => {
  deepStrictEqual(await metricsOfRun(), plain);
  notDeepStrictEqual(await metricsOfRun({ seed: 1 }), plain);
});

Deno.test("metrics do not depend on concurrency or on the room of the cache", async () => {
  deepStrictEqual(await metricsOfRun({ recipe: { toolConcurrency: 1 }, wave: 2 }), plain);
  deepStrictEqual(await metricsOfRun({ recipe: { toolConcurrency: 8 } }), plain);
});

Deno.test("metrics do not depend on how the batch is cut, but for the last bits of sums", async () => {
  const cut = steps(await metricsOfRun({ recipe: { microBatchTokens: 130, steps: 1 } }))[0]!;
  ok(Math.abs(Number(cut["gradientNorm"]) - Number(steps(plain)[0]!["gradientNorm"])) < 1e-9);
});

Deno.test("what is known of the starting weights stands for the first evaluations and no later one", () =>
  inFolder(async (folder) => {
    await run({ folder });
    const known = (await metricsOf(folder)).map((line) => JSON.parse(line))
      .filter(({ type }) => type === "evaluation")
      .map(({ type: _type, ...line }) => ({ ...line, f1: 0.5 }));
    const again = `${folder}/again`;
    await Deno.mkdir(again);
    await run({ folder: again, startEvaluations: known });
    const found = (await metricsOf(again)).map((line) => JSON.parse(line))
      .filter(({ type }) => type === "evaluation");
    deepStrictEqual(
      found.map(({ step, f1 }) => [step, f1 === 0.5]),
      [[0, true], [0, true], [2, false], [4, false], [4, false]],
    );
  }));

Deno.test("evaluation changes no number of the steps", async () => {
  deepStrictEqual(steps(await metricsOfRun({ recipe: { evaluateEvery: 0 } })), steps(plain));
});

Deno.test("a run of one update a step writes what it wrote when this was written down", () => {
  const want = [
    [-0.008839424374306435, 0.982132014648733, 0],
    [0.0000017308967552635753, 0.7057941843035218, 0.001735183823672179],
    [-0.025034871410052444, 0.7400927021505642, 0.0063199458176355725],
    [-0.03625318419509217, 1.7601094938050428, 0.00682240837936588],
  ];
  deepStrictEqual(steps(plain).map(({ loss, gradientNorm, kl }) => [loss, gradientNorm, kl]), want);
  ok(
    steps(plain).every(({ clipFraction, ppoKl }) =>
      clipFraction === 0 && Math.abs(Number(ppoKl)) < 1e-6
    ),
  );
});

/** Four updates a step, with a schedule of learning rates and weight decay. */
const SEVERAL: Partial<Recipe> = {
  ppoEpochs: 2,
  miniBatches: 2,
  weightDecay: 0.1,
  schedule: "cosine",
  warmupSteps: 2,
  minLrRatio: 0.1,
};

Deno.test("several updates a step move the policy away from the one that sampled, and are clipped", async () => {
  const lines = steps(await metricsOfRun({ recipe: SEVERAL }));
  deepStrictEqual(lines.map(({ updates }) => updates), [4, 8, 12, 16]);
  deepStrictEqual(lines.map(({ skipped }) => skipped), [0, 0, 0, 0]);
  const rates = lines.map(({ learningRate }) => Number(learningRate));
  assertClose(rates, [0.005, 0.01, 0.01, 0.0055], { atol: 1e-12 });
  ok(lines.every(({ ppoKl }) => Math.abs(Number(ppoKl)) > 1e-4));
  ok(lines.some(({ clipFraction }) => Number(clipFraction) > 0));
  ok(lines.every(({ logProbGap }) => Number(logProbGap) < 1e-5));
});

Deno.test("updates of a step do not depend on how mini-batches are cut, but for the last bits of sums", async () => {
  const numbers = async (microBatchTokens: number) => {
    const run = { recipe: { ...SEVERAL, microBatchTokens, steps: 2 } };
    return steps(await metricsOfRun(run)).flatMap(({ loss, gradientNorm, ppoKl, clipFraction }) =>
      [loss, gradientNorm, ppoKl, clipFraction].map(Number)
    );
  };
  assertClose(await numbers(130), await numbers(256), { atol: 1e-6 });
});

Deno.test("a run of several updates a step that is stopped goes on as an unbroken one, to the bit", () =>
  inFolder(async (folder) => {
    const unbroken = await metricsOfRun({ recipe: SEVERAL });
    await stopped(folder, /^step 3\/4 +rollout .* [1-5]\/6/, SEVERAL);
    deepStrictEqual(await namesIn(`${folder}/checkpoints`), ["step-2"]);
    await run({ folder, isResumed: true, recipe: SEVERAL });
    deepStrictEqual(await metricsOf(folder), unbroken);
  }));

/** Interrupts a run as Ctrl-C does, once it has printed a text that matches a pattern. */
function stopped(folder: string, pattern: RegExp, recipe: Partial<Recipe> = {}): Promise<void> {
  return Effect.runPromise(Effect.gen(function* () {
    const stopAt = (text: string) =>
      Effect.sync(() => {
        if (pattern.test(text)) fiber.interruptUnsafe();
      });
    const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(
      trainTiny({ folder, recipe, print: stopAt, showProgress: stopAt }),
    );
    ok(Exit.isFailure(yield* Fiber.await(fiber)));
  }));
}

const stops: ReadonlyArray<readonly [string, RegExp, ReadonlyArray<string>]> = [
  ["before the first step", /^step 0\/4 +evaluate .* 3\/3/, []],
  ["in a rollout", /^step 3\/4 +rollout .* [1-5]\/6/, ["step-2"]],
  ["while scoring", /^step 2\/4 +score/, ["step-1"]],
  ["in an update", /^step 3\/4 +update/, ["step-2", "step-3"]],
  ["after a step", /^step 2\/4 +F1/, ["step-2"]],
  ["while evaluating", /^step 2\/4 +evaluate/, ["step-2"]],
  ["after an evaluation", /^validation after 2 steps/, ["step-2"]],
];

for (const [when, pattern, checkpoints] of stops) {
  Deno.test(`a run stopped ${when} is saved, and resumed it writes what an unbroken one writes`, () =>
    inFolder(async (folder) => {
      await stopped(folder, pattern);
      deepStrictEqual(await namesIn(`${folder}/checkpoints`), checkpoints);
      await run({ folder, isResumed: true });
      deepStrictEqual(await metricsOf(folder), plain);
    }));
}

Deno.test("a finished run can be made longer", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 2 } });
    await run({ folder, isResumed: true });
    deepStrictEqual(steps(await metricsOf(folder)), steps(plain));
  }));

Deno.test("a run that keeps one checkpoint keeps the last", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { checkpointEvery: 0, steps: 2 } });
    await run({ folder, recipe: { checkpointEvery: 0 }, isResumed: true });
    deepStrictEqual(await namesIn(`${folder}/checkpoints`), ["step-4"]);
    deepStrictEqual(steps(await metricsOf(folder)), steps(plain));
  }));

Deno.test("a resumed run removes what a kill left of an unfinished checkpoint", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 2 } });
    await Deno.mkdir(`${folder}/checkpoints/.step-3.0a1b2c3d.tmp`);
    await run({ folder, isResumed: true });
    deepStrictEqual(await namesIn(`${folder}/checkpoints`), ["step-2", "step-4"]);
  }));

Deno.test("a run that was killed before its first checkpoint begins again", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { checkpointEvery: 0, steps: 2 } });
    await Deno.remove(`${folder}/checkpoints`, { recursive: true });
    await run({ folder, isResumed: true });
    deepStrictEqual(await metricsOf(folder), plain);
  }));

Deno.test("a finished run cannot be made shorter", () =>
  inFolder(async (folder) => {
    await run({ folder });
    const error = await run({ folder, isResumed: true, recipe: { steps: 3 } }).catch((e) => e);
    match(String(error), /Cannot resume after the last step: 4 steps are done, --steps is 3/);
  }));

Deno.test("a run with truncated sampling says once that the ratio ignores it", () =>
  inFolder(async (folder) => {
    const said: Array<string> = [];
    const print = (text: string) => Effect.sync(() => void said.push(text));
    await run({ folder, print, recipe: { steps: 2, topP: 0.9 } });
    strictEqual(said.filter((text) => text.includes("the importance ratio ignores it")).length, 1);
  }));

Deno.test("too few questions for a step are refused before anything is written", () =>
  inFolder(async (folder) => {
    const error = await run({ folder, recipe: { promptsPerStep: 7 } }).catch((e) => e);
    match(String(error), /Cannot ask 7 different questions a step .*: current value is 6/);
    deepStrictEqual(await namesIn(folder), []);
  }));

const damages: ReadonlyArray<
  readonly [string, (folder: string, checkpoint: string) => Promise<void>, RegExp]
> = [
  [
    "metrics are gone",
    (folder) => Deno.remove(`${folder}/metrics.jsonl`),
    /metrics\.jsonl must hold the steps 1 to 2 once each, in order: after step 0 comes none$/,
  ],
  [
    "first evaluation is gone",
    (folder) => editLines(folder, (lines) => lines.filter((line) => !/"step":0/.test(line))),
    /metrics\.jsonl must hold the evaluation before the first step: there is none$/,
  ],
  [
    "last step has no line",
    (folder) => editLines(folder, (lines) => lines.filter((line) => !isLine(line, 2))),
    /must hold the steps 1 to 2 once each, in order: after step 1 comes none$/,
  ],
  [
    "first step has two lines",
    (folder) =>
      editLines(folder, (lines) => lines.flatMap((line) => isLine(line, 1) ? [line, line] : line)),
    /must hold the steps 1 to 2 once each, in order: after step 1 comes 1$/,
  ],
  [
    "last step has two lines",
    (folder) =>
      editLines(folder, (lines) => lines.flatMap((line) => isLine(line, 2) ? [line, line] : line)),
    /must hold the steps 1 to 2 once each, in order: after step 2 comes 2$/,
  ],
  [
    "lines tell of other updates",
    (_, checkpoint) => editState(checkpoint, { updates: 1 }),
    /metrics\.jsonl must say the checkpoint's updates, 1, of step 2: it says 2$/,
  ],
  [
    "state is that of another step",
    (_, checkpoint) => editState(checkpoint, { step: 1 }),
    /step-2" as state\.json must have the step of its folder, 2: it has 1$/,
  ],
  [
    "checkpoint has another seed",
    (_, checkpoint) => editState(checkpoint, { seed: 3 }),
    /config\.json must have the seed of the checkpoint, 3: it has 0$/,
  ],
  [
    "date is a text that ends the prompt",
    (_, checkpoint) => editState(checkpoint, { date: "2026-11-23<|im_end|>" }),
    /field "date" must be a date like 2026-11-30: current value is "2026-11-23<\|im_end\|>"$/,
  ],
  [
    "moments are those of nothing",
    (_, checkpoint) =>
      Deno.copyFile(`${checkpoint}/model.safetensors`, `${checkpoint}/optimizer.safetensors`),
    /optimizer\.safetensors must hold "m model\.embed_tokens\.weight" .*: there is none/,
  ],
  [
    "state is before the first step",
    (_, checkpoint) => editState(checkpoint, { updates: -1 }),
    /field "updates" must be a value greater than or equal to 0: current value is -1/,
  ],
];

async function editState(checkpoint: string, change: Line): Promise<void> {
  const state = { step: 2, updates: 2, seed: 0, date: "2026-11-23", ...change };
  await Deno.writeTextFile(`${checkpoint}/state.json`, JSON.stringify(state));
}

async function editLines(
  folder: string,
  edit: (lines: ReadonlyArray<string>) => ReadonlyArray<string>,
): Promise<void> {
  const path = `${folder}/metrics.jsonl`;
  const lines = edit((await Deno.readTextFile(path)).trimEnd().split("\n"));
  await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join(""));
}

/** Whether a line is the one of a step. */
function isLine(line: string, step: number): boolean {
  return line.startsWith(`{"type":"step","step":${step},`);
}

for (const [what, damage, sentence] of damages) {
  Deno.test(`a run whose ${what} is not resumed`, () =>
    inFolder(async (folder) => {
      await run({ folder, recipe: { steps: 2 } });
      await damage(folder, `${folder}/checkpoints/step-2`);
      match(String(await run({ folder, isResumed: true }).catch((e) => e)), sentence);
    }));
}

Deno.test("checkSameModel() refuses the checkpoint of a model of another size", () => {
  const learner = { updates: 1, weights: tinyModelWeights, moments: new Map() };
  const architecture = { ...tinyModel.architecture, vocabulary: 641 };
  const check = checkSameModel({ learner }, { ...tinyModel, architecture });
  match(
    Effect.runSync(Effect.flip(check)).message,
    /"model.embed_tokens.weight" must have as many .* the model's, 10256: it has 10240$/,
  );
});
