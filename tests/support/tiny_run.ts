import { weightsInMemory } from "../../src/model/weight_source.ts";
import { Effect, Layer, Result } from "effect";
import type { RunPlan } from "../../src/run/configure.ts";
import { worldTokenizer } from "../../src/programs/cold_start.ts";
import { resolveConfig } from "../../src/domain/config.ts";
import type { Action } from "../../src/domain/episode.ts";
import { NO_FLAGS } from "../../src/domain/flags.ts";
import { type Recipe, RECIPES } from "../../src/domain/recipe.ts";
import { type Summary, TIMINGS } from "../../src/domain/report.ts";
import { makeToolEnvironment } from "../../src/environment/environment.ts";
import { makeDocumentSearch } from "../../src/environment/web_search.ts";
import { makeWorldTask } from "../../src/environment/world/questions.ts";
import type { WorldUse } from "../../src/environment/world/recipe.ts";
import { worldSearch } from "../../src/environment/world/world_environment.ts";
import { writeCheckpoint } from "../../src/files/checkpoint_dir.ts";
import type { Float32Tensor } from "../../src/files/safetensors.ts";
import type { Screen } from "../../src/files/screen.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { type Architecture, writeConfig } from "../../src/model/architecture.ts";
import { initialWeights } from "../../src/model/initial.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { withAdapters } from "../../src/pipeline/adapter_folder.ts";
import { loadLatestCheckpoint } from "../../src/pipeline/checkpoint.ts";
import type { ModelFolder } from "../../src/pipeline/model_folder.ts";
import { layerLearner, planPolicy } from "../../src/run/layers.ts";
import type { Machine } from "../../src/run/device_machine.ts";
import { openMachine } from "../../src/run/machine.ts";
import type { EvaluationLine } from "../../src/run/record.ts";
import type { Task } from "../../src/run/task.ts";
import type { Split } from "../../src/run/world_splits.ts";
import type { Protocol } from "../../src/text/protocol.ts";
import { train } from "../../src/programs/train.ts";
import { type TrainerFlags, trainOnQueue } from "../../src/programs/train_on_queue.ts";
import { nextRun, openWork, workFor } from "../../src/programs/worker.ts";
import type { QueueFlags } from "../../src/queue/place.ts";
import type { QueueTimes } from "../../src/queue/work_queue.ts";

const world = Result.getOrThrow(worldTokenizer(0));

/** A decoder of 13 thousand numbers over the embedded world's tokenizer. */
export const TINY: Architecture = {
  family: "qwen2",
  vocabulary: 640,
  hidden: 16,
  layers: 1,
  heads: 1,
  keyValueHeads: 1,
  headDim: 16,
  feedForward: 16,
  normEps: 1e-6,
  rope: { base: 10_000, scaling: null },
  tied: true,
  queryKeyValueBias: true,
  outputBias: false,
  feedForwardBias: false,
  queryKeyNorm: false,
  maxPositions: 256,
};

/** Makes ends of messages likely: every embedding points along the first axis, and the end token's the most. */
function talkative(weights: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> {
  const rows = weights.get("model.embed_tokens.weight")!.slice();
  const end = world.text.protocol.endOfTurnId;
  for (let id = 0; id < TINY.vocabulary; id++) rows[id * TINY.hidden] = id === end ? 1.6 : 0.4;
  return new Map(weights).set("model.embed_tokens.weight", rows);
}

export const tinyModelWeights = talkative(initialWeights(TINY, [1, 2]));

/** The model as if it were read from a folder. */
export const tinyModel: ModelFolder = {
  architecture: TINY,
  weights: weightsInMemory(tinyModelWeights),
  storedAs: "f32",
  lora: null,
  config: writeConfig(TINY),
  tokenizerFiles: {
    "tokenizer.json": world.files["tokenizer.json"]!,
    "tokenizer_config.json": world.files["tokenizer_config.json"]!,
  },
};

/** The weights of {@link tinyModel} as a file holds them. */
export const tinyTensors: ReadonlyArray<Float32Tensor> = parametersOf(TINY).map((
  { name, shape },
) => ({ name, shape, values: tinyModelWeights.get(name)! }));

/** Writes {@link tinyModel} to a folder, with other weights or further files if asked. */
export function writeTinyModel(path: string, tensors = tinyTensors, files = {}) {
  return writeCheckpoint(path, {
    config: tinyModel.config,
    dtype: "F32",
    files: { ...tinyModel.tokenizerFiles, ...files },
    tensors,
  });
}

/** An untrained model writes nothing sensible, so the length of a message decides its action: mostly a search. */
export const lenientProtocol: Protocol = {
  ...world.text.protocol,
  parseTurn: (ids): Action => {
    const text = world.text.tokenizer.decode(ids.subarray(0, -1), { skipSpecial: true });
    if (ids.length % 5 === 1) return { _tag: "Malformed", reason: "short" };
    if (ids.length % 5 === 2) return { _tag: "Answer", text };
    const call = { name: "web_search", arguments: { query: [`Dildek ${text}`] } };
    return { _tag: "ToolCalls", calls: [call] };
  },
};

function split(use: WorldUse, count: number): Split {
  const task = makeWorldTask({ seed: 0, use }, count);
  const tools = [makeDocumentSearch({ ...worldSearch(task.world), limit: 1 })];
  const environment = makeToolEnvironment({ tools, deadline: "5 seconds", concurrency: 2 });
  return { questions: task.questions, environment };
}

/** A task of a few questions about the embedded world. */
export const tinyTask: Task = {
  tokenizer: world.text.tokenizer,
  protocol: lenientProtocol,
  train: split("train", 6),
  validation: split("validation", 3),
  test: split("test", 3),
  notes: [],
  meter: null,
};

/** Four steps of six episodes. */
export const tinyRecipe: Recipe = {
  ...RECIPES.get("embedded")!,
  name: "tiny",
  steps: 4,
  promptsPerStep: 2,
  groupSize: 3,
  maxTurns: 3,
  maxNewTokens: 10,
  contextTokens: 128,
  microBatchTokens: 256,
  lr: 1e-2,
  evaluateEvery: 2,
  checkpointEvery: 2,
};

export interface TinyRun {
  readonly folder: string;
  readonly recipe?: Partial<Recipe>;
  readonly preset?: Preset;
  readonly seed?: number;
  readonly wave?: number;
  readonly isResumed?: boolean;
  readonly startEvaluations?: ReadonlyArray<EvaluationLine>;
  /** In place of the tiny task. */
  readonly task?: Task;
  readonly print?: (text: string) => Effect.Effect<void>;
  readonly showProgress?: (text: string) => Effect.Effect<void>;
  /** In place of the tiny model. */
  readonly model?: ModelFolder;
  /** In place of plain loops. */
  readonly machine?: Machine;
  /** A queue whose workers help. */
  readonly queue?: QueueFlags & Partial<TrainerFlags>;
}

/** What programs need for a tiny run, and the layers that run them in plain loops. */
export const prepareTiny = Effect.fnUntraced(function* (options: TinyRun) {
  const { folder, seed = 0, isResumed = false, wave = 6 } = options;
  const recipe = { ...tinyRecipe, ...options.recipe };
  const preset = options.preset ?? PRESETS["paper-v2"]!;
  const defaults = yield* resolveConfig({ ...NO_FLAGS, device: "cpu", seed });
  const plan: RunPlan = {
    folder,
    isResumed,
    preset,
    config: { ...defaults, preset, recipe },
  };
  const screen: Screen = {
    columns: 80,
    isTerminal: false,
    hasColor: false,
    print: options.print ?? (() => Effect.void),
    showProgress: options.showProgress ?? (() => Effect.void),
    onProgress: () => {},
  };
  const machine = options.machine ?? (yield* openMachine("cpu"));
  const model = yield* withAdapters(options.model ?? tinyModel, plan.config);
  const source = { machine, model, config: { recipe } };
  const setup = yield* Effect.fromResult(planPolicy(source, "train"));
  return {
    prepared: { plan, task: options.task ?? tinyTask, model, screen, date: "2026-11-23", wave },
    layers: layerLearner(setup, [preset]),
  };
});

export const trainTiny = Effect.fnUntraced(function* (options: TinyRun) {
  const { prepared, layers } = yield* prepareTiny(options);
  const checkpoint = options.isResumed
    ? yield* loadLatestCheckpoint(options.folder, prepared.model)
    : null;
  const { startEvaluations = [] } = options;
  const given = { ...prepared, checkpoint, startedMillis: 0, startEvaluations };
  const program = options.queue === undefined
    ? train(given)
    : trainOnQueue({ serveBlobs: null, mixed: false, ...options.queue }, given, QUICK);
  return (yield* Effect.provide(program, layers)) satisfies Summary;
}, Effect.scoped);

/** Times of a queue whose jobs take no second. */
export const QUICK: QueueTimes = { lease: "2 seconds", pollEvery: "2 millis", retryAfter: 0 };

/** A worker of tiny runs, in this process, which goes on until it is interrupted or refuses to. */
export const workTiny = Effect.fnUntraced(
  function* (queue: QueueFlags, options: Omit<TinyRun, "folder"> = {}) {
    const place = yield* openWork(queue, QUICK);
    const { prepared, layers } = yield* prepareTiny({ ...options, folder: "" });
    const { task, plan: { preset }, ...rest } = prepared;
    const { protocol, train: { environment } } = task;
    const next = yield* nextRun(place, prepared.screen);
    yield* workFor(next, place, { ...rest, preset, protocol, environment }).pipe(
      Effect.provide(Layer.fresh(layers)),
    );
  },
  Effect.scoped,
);

/** The lines of a run's metrics without its timings, as text. */
export async function metricsOf(folder: string): Promise<ReadonlyArray<string>> {
  const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
  return text.trimEnd().split("\n").map((line) => {
    const fields = Object.entries(JSON.parse(line) as Readonly<Record<string, unknown>>);
    const kept = fields.filter(([name]) => !TIMINGS.some((timing) => timing === name));
    return JSON.stringify(Object.fromEntries(kept));
  });
}

/** Runs a test in a folder of its own. */
export async function inFolder<A>(use: (folder: string) => Promise<A>): Promise<A> {
  const folder = await Deno.makeTempDir();
  return await use(folder).finally(() => Deno.remove(folder, { recursive: true }));
}
