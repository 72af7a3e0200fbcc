// deno-lint-ignore-file no-console
/**
 * `./igpo bench:shards`: what a gradient in shards takes more than a whole one, by plain loops, and what the answer to a
 * shard takes whoever gives and gets it. Times are of this process's processor, which other programs change less.
 */
import process from "node:process";
import { Effect, Result } from "effect";
import { type Recipe, RECIPES } from "../src/domain/recipe.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { type Architecture, readArchitecture } from "../src/model/architecture.ts";
import type { Lora } from "../src/model/lora.ts";
import { withAdapters } from "../src/pipeline/adapter_folder.ts";
import { trainedOf } from "../src/pipeline/checkpoint.ts";
import { gradientOfShards, type GradientShard } from "../src/pipeline/gradient_shards.ts";
import { readModelFolder } from "../src/pipeline/model_folder.ts";
import { openBlobFolder } from "../src/queue/blobs.ts";
import { decodeGradient, encodeGradient, gradientBytes } from "../src/queue/gradient_record.ts";
import { layerLearner, planPolicy } from "../src/run/layers.ts";
import { openMachine } from "../src/run/machine.ts";
import { median } from "./measure.ts";
import { configOf } from "./random_model.ts";

const ROUNDS = 3;
const SHARDS = 4;
/** Sequences of a shard, and their tokens; the last half of them is trained. */
const [SEQUENCES, TOKENS] = [8, 256];
const ADAPTERS: NonNullable<Recipe["lora"]> = {
  rank: 16,
  alpha: 32,
  rankStabilized: false,
  targets: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
};
const PRESET = PRESETS["paper-v2"]!;
const origin = { sampler: "own", weightBound: null } as const;

function sequenceAt(index: number, vocabulary: number): GradientShard["sequences"][number] {
  const position = Uint32Array.from({ length: TOKENS / 2 }, (_, i) => TOKENS / 2 + i);
  const per = (value: number) => new Float64Array(position.length).fill(value);
  return {
    tokens: Uint32Array.from(
      { length: TOKENS },
      (_, i) => (index * TOKENS + i) * 7919 % vocabulary,
    ),
    position,
    turn: new Uint32Array(position.length),
    advantage: per(index % 2 === 0 ? 1 : -1),
    weight: per(1 / (SHARDS * SEQUENCES * position.length)),
    behaviourLogProb: per(-5),
    referenceLogProb: null,
    clipScale: per(1),
    logProbBefore: null,
  };
}

/** The sequences `[start, end)` as a shard. */
const shardOf = (start: number, end: number, vocabulary: number): GradientShard => ({
  step: 1,
  range: { start, end },
  sequences: Array.from({ length: end - start }, (_, i) => sequenceAt(start + i, vocabulary)),
  origin,
});

/** Seconds of the processor that an effect takes. */
const secondsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = process.cpuUsage();
    const value = yield* effect;
    const { user, system } = process.cpuUsage(before);
    return { value, seconds: (user + system) / 1e6 };
  });

/** Prints what a gradient of the built-in agent takes whole and in shards. */
const timeGradients = Effect.fnUntraced(function* (what: string, lora: Recipe["lora"]) {
  const recipe: Recipe = { ...RECIPES.get("embedded")!, lora };
  const base = yield* readModelFolder("checkpoints/skilled");
  const model = yield* withAdapters(base, { adapter: null, recipe, seed: 0 });
  const source = { machine: yield* openMachine("cpu"), model, config: { recipe } };
  const setup = yield* Effect.fromResult(planPolicy(source, "train"));
  const { vocabulary } = model.architecture;
  const all = SHARDS * SEQUENCES;
  const whole = [shardOf(0, all, vocabulary)];
  const cut = Array.from(
    { length: SHARDS },
    (_, k) => shardOf(k * SEQUENCES, (k + 1) * SEQUENCES, vocabulary),
  );
  const settings = { preset: PRESET, temperature: 1, share: () => Effect.succeed(0) };
  const seconds = { whole: [] as number[], cut: [] as number[] };
  const program = Effect.gen(function* () {
    for (let round = 0; round < ROUNDS; round++) {
      seconds.whole.push((yield* secondsOf(gradientOfShards(whole, settings))).seconds);
      seconds.cut.push((yield* secondsOf(gradientOfShards(cut, settings))).seconds);
    }
  });
  yield* Effect.provide(program, layerLearner(setup, [PRESET]));
  const [one, several] = [median(seconds.whole), median(seconds.cut)];
  console.log(
    `${what} of the built-in agent: ${one.toFixed(2)} s whole, ${several.toFixed(2)} s in ` +
      `${SHARDS} shards, ${(several / one).toFixed(3)} times as long`,
  );
});

/** Prints what an answer with a gradient takes. */
const timeAnswers = Effect.fnUntraced(function* (
  folder: string,
  what: string,
  model: { readonly architecture: Architecture; readonly lora: Lora | null },
) {
  const blobs = yield* openBlobFolder(folder);
  const shard = shardOf(0, SEQUENCES, model.architecture.vocabulary);
  const found = shard.sequences.map(({ position }) => ({
    logProb: new Float64Array(position.length),
    entropy: new Float64Array(position.length),
  }));
  const gradient = new Map(
    trainedOf(model).map(({ name, rows, cols }) =>
      [name, new Float32Array(rows * cols).fill(0.001)] as const
    ),
  );
  const bytes = gradientBytes(model, shard);
  const seconds = { put: [] as number[], get: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const put = yield* secondsOf(blobs.put(encodeGradient(model, { gradient, found })));
    const get = yield* secondsOf(
      Effect.flatMap(blobs.get(put.value, bytes), (got) => decodeGradient(model, shard, got)),
    );
    seconds.put.push(put.seconds);
    seconds.get.push(get.seconds);
    yield* blobs.remove(put.value);
  }
  console.log(
    `${what}: a gradient of ${(bytes / 1e6).toFixed(1)} MB, ${median(seconds.put).toFixed(2)} s ` +
      `to write, ${median(seconds.get).toFixed(2)} s to read and check`,
  );
});

const folder = await Deno.makeTempDir();
const architecture = Result.getOrThrow(readArchitecture(configOf("qwen2.5-1.5b")));
const { architecture: own } = await Effect.runPromise(readModelFolder("checkpoints/skilled"));
const lora = { ...ADAPTERS, targets: new Set(ADAPTERS.targets) };
const program = Effect.gen(function* () {
  yield* timeGradients("All weights", null);
  yield* timeGradients("Adapters", ADAPTERS);
  yield* timeAnswers(folder, "All weights of the built-in agent", {
    architecture: own,
    lora: null,
  });
  yield* timeAnswers(folder, "Adapters of Qwen2.5-1.5B", { architecture, lora });
});
await Effect.runPromise(Effect.scoped(program)).finally(() =>
  Deno.remove(folder, { recursive: true })
);
