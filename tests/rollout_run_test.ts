/** `./igpo rollout` on a tiny model: the batches that a trainer elsewhere reads. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { decode } from "@msgpack/msgpack";
import { Effect, type Scope, Stream } from "effect";
import { EnvironmentCrashed } from "../src/domain/errors.ts";
import { Environment } from "../src/environment/environment.ts";
import { listBatches, writeBatch } from "../src/files/batch_folder.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { weightsInMemory } from "../src/model/weight_source.ts";
import { advantage } from "../src/pipeline/advantage.ts";
import { batchRows } from "../src/pipeline/batch_rows.ts";
import { questionSteps } from "../src/pipeline/questions.ts";
import { reward } from "../src/pipeline/reward.ts";
import { rollout } from "../src/pipeline/rollout.ts";
import { score } from "../src/pipeline/score.ts";
import { verlTensors } from "../src/pipeline/verl_batch.ts";
import { rolloutBatches, type RolloutProgramOptions } from "../src/programs/rollout.ts";
import { layerPolicy, planPolicy } from "../src/run/layers.ts";
import { openMachine } from "../src/run/machine.ts";
import { asSglang, asVllm, serveForeign } from "./serving/foreign_servers.ts";
import { readSafetensors } from "./support/read_safetensors.ts";
import {
  inFolder,
  prepareTiny,
  tinyModel,
  tinyModelWeights,
  type TinyRun,
  tinyTask,
} from "./support/tiny_run.ts";

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect));

interface Asked extends TinyRun, Partial<Pick<RolloutProgramOptions, "trainer" | "ranks">> {
  /** The server that samples. */
  readonly policy?: string | null;
}

/** Plays steps of the tiny task with a policy that has no learner. */
const rollOut = Effect.fnUntraced(
  function* ({ policy = null, ...options }: Asked) {
    const { prepared } = yield* prepareTiny(options);
    const { plan, model } = prepared;
    const { recipe } = plan.config;
    const machine = yield* openMachine("cpu");
    const setup = yield* Effect.fromResult(
      planPolicy({ machine, model, config: { recipe } }, "evaluate"),
    );
    const { trainer = "verl", ranks = 1 } = options;
    const given = { ...plan, config: { ...plan.config, policy } };
    yield* rolloutBatches({ ...prepared, plan: given, trainer, ranks }).pipe(
      Effect.provide(layerPolicy(setup)),
    );
  },
);

/** The batches of a run's first steps, by the stages of a run that trains. */
const trainingSteps = Effect.fnUntraced(function* (options: TinyRun) {
  const { prepared: { plan, task, wave }, layers } = yield* prepareTiny(options);
  const { config: { seed, recipe }, preset } = plan;
  const { questions, environment } = task.train;
  const { protocol } = task;
  return yield* questionSteps({ ...recipe, seed, questions, from: 1, to: recipe.steps }).pipe(
    rollout({ seed, protocol, recipe, wave }),
    score({ protocol, gain: preset.gain }),
    reward(preset),
    advantage({ preset, recipe }),
    Stream.runCollect,
    Effect.provideService(Environment, environment),
    Effect.provide(layers),
  );
});

const namesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

const PRESET = PRESETS["igpo-uplift"]!;
const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(path));

Deno.test("rollout writes the batches that a run with the same weights would train on, step by step", () =>
  inFolder(async (folder) => {
    const asked = { folder, preset: PRESET, recipe: { steps: 2 } };
    const steps = await run(trainingSteps(asked));
    await run(rollOut({ ...asked, recipe: { steps: 1 } }));
    await run(rollOut({ ...asked, recipe: { steps: 1 } }));
    deepStrictEqual(namesIn(folder), [
      "step_1",
      "step_2",
    ]);
    for (const step of steps) {
      const path = `${folder}/step_${step.step}`;
      const written = await run(readSafetensors(`${path}/batch.safetensors`));
      const wanted = verlTensors(batchRows(step));
      deepStrictEqual([...written.values()], wanted);
      const about = await readJson(`${path}/batch.json`);
      const episodes = step.groups.flatMap((group) => group.episodes);
      deepStrictEqual(
        [about.step, about.temperature, about.trainer, about.lost],
        [step.step, 1, "verl", []],
      );
      deepStrictEqual(
        about.episodes,
        episodes.map(({ id, question, turns, gain, outcome }) => ({
          id,
          question: question.id,
          turns: turns.length,
          gains: [...gain],
          outcome,
        })),
      );
      // The rewards of a sequence are its gains and its outcome, and none is lost on the way.
      const scores = wanted.find(({ name }) => name === "token_level_rewards")!;
      const [rows, width] = scores.shape;
      const values = new Float32Array(scores.bytes.buffer);
      for (let b = 0; b < rows!; b++) {
        const total = values.subarray(b * width!, (b + 1) * width!).reduce((a, x) => a + x, 0);
        const { gain, outcome } = episodes[b]!;
        ok(Math.abs(total - gain.reduce((a, x) => a + x, outcome)) < 1e-5);
      }
    }
  }));

Deno.test("rollout writes a file for each rank of prime-rl, the same sequences as for verl", () =>
  inFolder(async (folder) => {
    const asked = { folder, preset: PRESET, recipe: { steps: 1, contextTokens: 100 } };
    const [step] = await run(trainingSteps(asked));
    await run(rollOut({ ...asked, trainer: "prime-rl", ranks: 2 }));
    const packs = (await Promise.all([0, 1].map((rank) =>
      Deno.readFile(`${folder}/step_1/rank_${rank}.bin`)
    ))).map((bytes) => decode(bytes) as Array<[Array<number>, Array<boolean>, ...Array<unknown>]>);
    strictEqual(packs[0]!.length, packs[1]!.length);
    const rows = batchRows(step!);
    const sampled = rows.flatMap(({ mask }) => [...mask]).filter((one) => one === 1);
    strictEqual(
      packs.flat().flatMap(([, mask]) => mask).filter((one) => one).length,
      sampled.length,
    );
    ok(packs.flat().every(([ids]) => ids.length <= 100));
  }));

Deno.test("rollout writes no batch where every episode was lost, and says why", () =>
  inFolder(async (folder) => {
    const crash = new EnvironmentCrashed({ boundary: "test", message: "broken" });
    const environment = { tools: [], open: () => Effect.fail(crash) };
    const task = { ...tinyTask, train: { ...tinyTask.train, environment } };
    const { message } = await run(Effect.flip(rollOut({ folder, preset: PRESET, task })));
    match(
      message,
      /^Cannot write the batch of step 1 as .* two episodes: 6 were lost, the first as /,
    );
    deepStrictEqual(namesIn(folder), []);
  }));

Deno.test("writeBatch() keeps the newest batches and leaves other folders alone", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/step_2/theirs`, { recursive: true });
    const fill = (path: string) => Effect.promise(() => Deno.writeTextFile(`${path}/data`, "x"));
    for (const step of [1, ...Array.from({ length: 17 }, (_, i) => 3 + i)]) {
      await run(writeBatch(folder, step, { about: { step }, fill }));
    }
    const kept = await run(listBatches(folder));
    deepStrictEqual(kept, [2, ...Array.from({ length: 16 }, (_, i) => 4 + i)]);
    deepStrictEqual(await readJson(`${folder}/step_19/batch.json`), { step: 19 });
  }));

for (const [kind, protocol] of [["vllm", asVllm], ["sglang", asSglang]] as const) {
  Deno.test(`rollout has ${kind} sample from the model that it serves, and is sent nothing`, () =>
    inFolder(async (folder) => {
      const paths = await run(Effect.gen(function* () {
        const { origin, exchanges } = yield* serveForeign(protocol, tinyModel);
        yield* rollOut({
          folder,
          preset: PRESET,
          recipe: { steps: 1 },
          policy: `${kind}:${origin}`,
        });
        return new Set(exchanges.map(({ path }) => path));
      }));
      deepStrictEqual([...paths].filter((path) => /lora/.test(path)), []);
      ok([...paths].some((path) => path.endsWith("/generate")));
      ok((await readJson(`${folder}/step_1/batch.json`)).episodes.length === 6);
    }));
}

Deno.test("rollout refuses a server of other weights, llama.cpp, another temperature, and what no trainer can train", () =>
  inFolder(async (folder) => {
    const refusal = (options: Partial<Asked>) =>
      run(Effect.flip(rollOut({ folder, preset: PRESET, recipe: { steps: 1 }, ...options })))
        .then(({ message }) => message);
    const other = new Map(tinyModelWeights);
    other.set(
      "model.embed_tokens.weight",
      other.get("model.embed_tokens.weight")!.map((x) => 3 * x),
    );
    const elsewhere = await run(Effect.gen(function* () {
      const model = { ...tinyModel, weights: weightsInMemory(other) };
      const { origin } = yield* serveForeign(asVllm, model);
      const asked = { folder, preset: PRESET, recipe: { steps: 1 }, policy: `vllm:${origin}` };
      return (yield* Effect.flip(rollOut(asked))).message;
    }));
    match(elsewhere, /as its log-probs must be the trainer's within 0\.1 nats a token/);
    match(
      await refusal({ policy: "llama.cpp:http://127.0.0.1:1" }),
      /^Cannot roll out with llama\.cpp as its weights must be the trainer's/,
    );
    match(
      await refusal({ policy: "vllm:http://127.0.0.1:1", recipe: { temperature: 0.5 } }),
      /temperature must be 1, .* they are 0\.5, 0, 1 and 0$/,
    );
    match(
      await refusal({ preset: { ...PRESET, clip: { ...PRESET.clip, adaptive: 0.3 } } }),
      /^Cannot write batches for verl as clip\.adaptive must be 0, .*: "igpo-uplift" has 0\.3$/,
    );
    const start = { ...PRESET, gain: { ...PRESET.gain, scorer: "start" } } as const;
    match(
      await refusal({ preset: start }),
      /^Cannot measure beliefs under the starting weights as there must be a reference policy/,
    );
    deepStrictEqual(namesIn(folder), []);
  }));
