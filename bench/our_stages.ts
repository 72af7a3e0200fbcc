/** This project's side of the works that take a whole model: training, decoding, beliefs. */
import type { Device } from "../src/gpu/device.ts";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { fewDispatches, isMirrored } from "../src/gpu/launches.ts";
import { plannedPartialBytes } from "../src/gpu/schedule.ts";
import { embeddedArchitecture } from "../src/programs/cold_start.ts";
import type { Architecture } from "../src/model/architecture.ts";
import type { ModelForm } from "../src/model/decoder.ts";
import { type Parameter, parametersOf } from "../src/model/parameters.ts";
import { weightsInMemory } from "../src/model/weight_source.ts";
import { createLearner } from "../src/policy/learner.ts";
import { makePolicy } from "../src/policy/make_policy.ts";
import { planMemory, totalBytes } from "../src/policy/memory_plan.ts";
import type { BeliefRequest, Learner, Policy, TokenRows } from "../src/policy/policy.ts";
import { type Capacity, createRuntime } from "../src/policy/runtime.ts";
import { numbers } from "./rivals/serve.ts";
import { type Prepared, run } from "./ours.ts";

/** The model of the bench: layers, d, heads, key/value heads, feed-forward, vocabulary. */
function architectureOf([layers, d, heads, kv, ff, vocabulary]: ReadonlyArray<number>) {
  return {
    ...embeddedArchitecture(vocabulary!),
    layers: layers!,
    hidden: d!,
    heads: heads!,
    keyValueHeads: kv!,
    headDim: d! / heads!,
    feedForward: ff!,
    maxPositions: 8192,
  } satisfies Architecture;
}

interface Model {
  readonly policy: Policy["Service"];
  readonly learner: Learner["Service"];
  /** What the plan of its memory takes. */
  readonly bytes: number;
}

/** A work of a whole model made ready. */
export interface PreparedModel extends Prepared {
  readonly bytes: number;
}

/** A model of small numbers in memory that is planned for training, or for decoding alone. */
async function openRuntime(
  device: Device,
  shape: ReadonlyArray<number>,
  capacity: Capacity,
  trains: boolean,
) {
  const architecture = architectureOf(shape);
  let factor = 7919;
  const valuesOf = ({ kind, rows, cols }: Parameter) => {
    if (kind === "norm") return new Float32Array(cols).fill(1);
    return kind === "bias" ? new Float32Array(cols) : numbers(rows * cols, factor += 2, 0.03);
  };
  const entries = parametersOf(architecture).map((one) => [one.name, valuesOf(one)] as const);
  const weights = weightsInMemory(new Map(entries));
  const engine = await run(createGpuEngine(device));
  const { device: { limits }, traits } = device;
  const bindingBytes = limits.maxStorageBufferBindingSize;
  const form: ModelForm = {
    ...{ architecture, format: "f32", lora: null },
    ...{ bindingBytes, fewDispatches: fewDispatches(traits) },
  };
  const plan = planMemory(form, capacity, {
    ...{ trains, masked: false, recompute: "none", isMirrored: isMirrored(traits) },
    partialBytes: (program, dims) =>
      plannedPartialBytes(program, dims, { traits, bindingBytes, textureBytes: 0 }),
  });
  await run(engine.reserve(plan.arena));
  const runtime = await run(createRuntime(engine, { architecture, weights }, capacity));
  return { runtime, bytes: totalBytes(plan.parts) };
}

/** Policy and learner with weights of small numbers. */
export async function openModel(
  device: Device,
  shape: ReadonlyArray<number>,
  capacity: Capacity,
): Promise<Model> {
  const trains = true;
  const { runtime, bytes } = await openRuntime(device, shape, capacity, trains);
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, decayed: "all" } as const;
  return { policy: makePolicy(runtime), learner: await run(createLearner(runtime, adamw)), bytes };
}

/** Sequences of one length whose every token is trained. */
export function trainingRows(rows: number, length: number, vocabulary: number): TokenRows[] {
  return Array.from({ length: rows }, (_, row) => ({
    // One token more than is fed: the last is only predicted.
    tokens: Uint32Array.from(
      { length: length + 1 },
      (_, i) => (row * (length + 1) + i) * 7919 % vocabulary,
    ),
    position: Uint32Array.from({ length }, (_, i) => i + 1),
  }));
}

/** One supervised training step; answers with the mean loss. */
export async function trainOnce(
  { learner }: Model,
  sequences: ReadonlyArray<TokenRows>,
): Promise<number> {
  const count = sequences.reduce((sum, { position }) => sum + position.length, 0);
  let loss = 0;
  await run(learner.gradient(sequences, 1, (_, { logProb }) => {
    loss -= logProb.reduce((sum, x) => sum + x, 0) / count;
    return {
      dLogProb: new Float64Array(logProb.length).fill(-1 / count),
      dEntropy: new Float64Array(logProb.length),
    };
  }));
  await run(learner.update({ learningRate: 1e-3, clipNorm: null }));
  return loss;
}

/** Forward, backward and AdamW over rows x length tokens. */
export async function step(
  device: Device,
  [rows, length, ...model]: ReadonlyArray<number>,
): Promise<PreparedModel> {
  // Four micro-batches take a third of the memory of one, and 3 % more time.
  const passTokens = Math.ceil(rows! / 4) * (length! + 1);
  const sizes = { rows: 1, contextTokens: length! + 1, passTokens, messageTokens: 1 };
  const opened = await openModel(device, model, sizes);
  const once = () => trainOnce(opened, trainingRows(rows!, length!, model.at(-1)!));
  return {
    run: async (repeat) => {
      for (let i = 0; i < repeat; i++) await once();
    },
    values: async () => [await once()],
    bytes: opened.bytes,
  };
}

/** Tokens that one run of {@link decode} samples for each row. */
export const DECODED = 64;
/** `DECODED` sampled tokens for each of `rows` sequences with `cached` tokens in the cache. */
export async function decode(
  device: Device,
  [rows, cached, ...model]: ReadonlyArray<number>,
): Promise<PreparedModel> {
  const trains = false;
  const capacity = {
    ...{ rows: rows!, contextTokens: cached! + DECODED + 1 },
    ...{ passTokens: 4096, messageTokens: DECODED },
  };
  const { runtime, bytes } = await openRuntime(device, model, capacity, trains);
  const policy = makePolicy(runtime);
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const generate = (maxTokens: number) =>
    run(policy.generate(
      Array.from({ length: rows! }, (_, row) => ({
        sequence: `row ${row}`,
        tokens: Uint32Array.from({ length: cached! }, (_, i) => (row + i) * 31 % model.at(-1)!),
        key: [1, row] as const,
        maxTokens,
      })),
      { sampling, stopIds: [] },
    ));
  await generate(1);
  return {
    run: async (repeat) => {
      for (let i = 0; i < repeat; i++) await generate(DECODED);
    },
    values: async () => [(await generate(DECODED)).length],
    bytes,
  };
}

/** Beliefs of trajectories of `turns` turns: all boundaries hung on the cache, or each in a forward pass of its own. */
export async function beliefs(
  device: Device,
  [rows, turns, turnTokens, probeTokens, ...model]: ReadonlyArray<number>,
) {
  const length = turns! * turnTokens!;
  const opened = await openModel(device, model, {
    rows: rows!,
    contextTokens: length + 1,
    passTokens: Math.max(4096, 2 * length),
    messageTokens: 1,
  });
  const vocabulary = model.at(-1)!;
  const requests = Array.from({ length: rows! }, (_, row): BeliefRequest => ({
    sequence: `row ${row}`,
    tokens: Uint32Array.from({ length }, (_, i) => (row + i) * 31 % vocabulary),
    boundaries: Array.from({ length: turns! }, (_, turn) => (turn + 1) * turnTokens!),
    probe: {
      ids: Uint32Array.from({ length: probeTokens! }, (_, i) => i * 37 % vocabulary),
      start: 4,
      end: probeTokens!,
    },
  }));
  const { policy } = opened;
  return {
    /** The trajectories' keys and values are in the cache already, as after a rollout. */
    onePass: (repeat: number) => repeated(repeat, () => run(policy.beliefs(requests))),
    sequential: (repeat: number) => repeated(repeat, () => run(policy.beliefsSequential(requests))),
    values: async () => {
      const [one, many] = [
        await run(policy.beliefs(requests)),
        await run(policy.beliefsSequential(requests)),
      ];
      return [one, many].map((all) => all[0]!.at(-1)!.reduce((sum, x) => sum + x, 0));
    },
  };
}

/** Prefill and update of `size` sequences that begin with the same 512 tokens and go on with 4 of their own. */
export async function group(device: Device, size: number, model: ReadonlyArray<number>) {
  const [prompt, own] = [512, 4];
  const { policy, learner } = await openModel(device, model, {
    rows: size,
    contextTokens: prompt + own + 2,
    passTokens: 16 * (prompt + own),
    messageTokens: 1,
  });
  const vocabulary = model.at(-1)!;
  const sequences = Array.from({ length: size }, (_, row): TokenRows => ({
    tokens: Uint32Array.from(
      { length: prompt + own },
      (_, i) => (i < prompt ? i : i + row) * 31 % vocabulary,
    ),
    position: Uint32Array.from({ length: own }, (_, i) => prompt + i),
  }));
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const once = async () => {
    policy.release();
    await run(policy.generate(
      sequences.map(({ tokens }, row) => ({
        sequence: `row ${row}`,
        tokens: tokens.slice(0, prompt),
        key: [1, row] as const,
        maxTokens: 1,
      })),
      { sampling, stopIds: [] },
    ));
    await run(learner.gradient(sequences, 1, (_, { logProb }) => ({
      dLogProb: new Float64Array(logProb.length).fill(1),
      dEntropy: new Float64Array(logProb.length),
    })));
  };
  return (repeat: number) => repeated(repeat, once);
}

async function repeated(repeat: number, once: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < repeat; i++) await once();
}
