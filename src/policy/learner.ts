import { Effect, Result, type Scope } from "effect";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import { gradientName } from "../model/backward.ts";
import type { NonFiniteResult } from "../model/engine.ts";
import { stackValues, type StoredParameter, unstackValues } from "../model/parameters.ts";
import {
  type AdamW,
  gradientProgram,
  squaresName,
  trainedParametersOf,
  updateProgram,
} from "../model/programs.ts";
import type { Recompute } from "../model/recompute.ts";
import { splitHead } from "./log_probs.ts";
import { type MicroBatch, packMicroBatches, passLimits } from "./micro_batches.ts";
import type {
  Learner,
  LearnerState,
  LossGradient,
  NonFinite,
  PolicyWeights,
  SequenceLoss,
  TokenRows,
} from "./policy.ts";
import type { ExecutableOf, Runtime } from "./runtime.ts";

type LearnerService = Learner["Service"];

/** A gradient as it was asked for. */
interface Asked<L extends LossGradient> {
  readonly temperature: number;
  readonly loss: SequenceLoss<L>;
}

/** A model that is trained. */
interface Training {
  readonly runtime: Runtime;
  readonly adamw: AdamW;
  readonly parameters: ReadonlyArray<StoredParameter>;
  readonly gradient: ExecutableOf<typeof gradientProgram>;
  /** Tables of a micro-batch that the gradient program reads; with a frozen embedding, none of token occurrences. */
  readonly tables: ReadonlyArray<keyof MicroBatch["inputs"]>;
  readonly update: ExecutableOf<typeof updateProgram>;
  updates: number;
}

/** Trains a runtime's model with AdamW: its adapters if it has any, else all parameters. */
export const createLearner: (
  runtime: Runtime,
  adamw: AdamW,
  recompute?: Recompute,
) => Effect.Effect<LearnerService, KernelFailed | BadInput, Scope.Scope> = Effect.fn(
  "createLearner",
)(function* (runtime, adamw, recompute = "none") {
  const { engine, form } = runtime;
  if (form.lora === null && form.format !== "f32") {
    return yield* new BadInput({
      message:
        `Cannot train weights that are stored as ${form.format} as AdamW changes f32 only: ` +
        `train adapters beside them (lora), or store them as f32`,
    });
  }
  const program = gradientProgram(form, recompute);
  const training: Training = {
    runtime,
    adamw,
    parameters: trainedParametersOf(form),
    gradient: yield* engine.load(program, runtime.dims),
    tables: program.inputs.filter((name) => name !== "d_head"),
    update: yield* engine.load(updateProgram(form, adamw), runtime.dims),
    updates: 0,
  };
  return {
    version: () => training.updates,
    gradient: (...asked) => gradientOf(training, ...asked),
    findNonFinite: (...asked) => nonFiniteOf(training, ...asked),
    passTokens: runtime.capacity.passTokens,
    readGradient: () => readGradient(training),
    writeGradient: (gradient) => Effect.sync(() => writeGradient(training, gradient)),
    update: (settings) => updateOnce(training, settings),
    save: () => save(training),
    load: (state) => Effect.sync(() => load(training, state)),
    weights: () => weightsOf(training),
    adopt: (state) => Effect.sync(() => adopt(training, state)),
  };
});

const gradientOf = Effect.fn("Learner.gradient")(function* <L extends LossGradient>(
  training: Training,
  sequences: ReadonlyArray<TokenRows>,
  temperature: number,
  loss: SequenceLoss<L>,
) {
  const { runtime, parameters, gradient } = training;
  runtime.engine.clear(parameters.map(({ name }) => gradientName(name)));
  const losses: L[] = [];
  for (const batch of packMicroBatches(sequences, passLimits(runtime))) {
    const found = yield* forwardLoss(training, batch, { temperature, loss });
    if (Result.isFailure(found)) return Result.fail(found.failure);
    gradient.run("backward", boundOf(runtime, batch, temperature));
    losses.push(...found.success);
  }
  return Result.succeed(losses);
});

const nonFiniteOf = Effect.fn("Learner.findNonFinite")(function* <L extends LossGradient>(
  training: Training,
  sequences: ReadonlyArray<TokenRows>,
  temperature: number,
  loss: SequenceLoss<L>,
) {
  const { runtime, gradient } = training;
  for (const batch of packMicroBatches(sequences, passLimits(runtime))) {
    const forward = yield* forwardLoss(training, batch, { temperature, loss });
    if (Result.isFailure(forward)) return forward.failure;
    const found = yield* gradient.findNonFinite("backward", boundOf(runtime, batch, temperature));
    if (found !== null) return locate(batch, found);
  }
  return null;
});

const updateOnce = Effect.fn("Learner.update")(function* (
  training: Training,
  { learningRate, clipNorm }: Parameters<LearnerService["update"]>[0],
) {
  const { runtime, adamw, parameters, update } = training;
  update.run("norm", runtime.dims);
  const sums = yield* update.read(parameters.map(({ name }) => squaresName(name)));
  const squares = Object.values(sums).flatMap((part) => [...part]);
  const gradientNorm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
  if (!Number.isFinite(gradientNorm)) return { gradientNorm, applied: false };
  training.updates += 1;
  update.run("apply", {
    ...runtime.dims,
    learningRate,
    gradientScale: clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
    correction1: 1 - adamw.beta1 ** training.updates,
    correction2: 1 - adamw.beta2 ** training.updates,
  });
  runtime.cache.clear();
  return { gradientNorm, applied: true };
});

/** What the engine holds of every parameter under a prefix, by the names of its parts. */
const readParts = Effect.fnUntraced(function* (
  { runtime: { engine }, parameters }: Training,
  prefixes: ReadonlyArray<string>,
) {
  const read = yield* engine.read(
    parameters.flatMap(({ name }) => prefixes.map((prefix) => prefix + name)),
  );
  return prefixes.map((prefix) =>
    new Map(
      parameters.flatMap((parameter) =>
        unstackValues(parameter, Float32Array.from(read[prefix + parameter.name]!))
      ),
    )
  );
});

const weightsOf = Effect.fn("Learner.weights")(function* (training: Training) {
  const [weights] = yield* readParts(training, [""]);
  return weights!;
});

const readGradient = Effect.fn("Learner.readGradient")(function* (training: Training) {
  const [gradient] = yield* readParts(training, [gradientName("")]);
  return gradient!;
});

function writeGradient(
  { runtime: { engine }, parameters }: Training,
  gradient: LearnerState["weights"],
): void {
  for (const parameter of parameters) {
    const values = stackValues(parameter, (part) => gradient.get(part)!);
    engine.write(gradientName(parameter.name), values);
  }
}

const save = Effect.fn("Learner.save")(function* (training: Training) {
  const [weights, m, v] = yield* readParts(training, ["", "m ", "v "]);
  return {
    updates: training.updates,
    weights: weights!,
    moments: new Map([...m!].map(([name, values]) => [name, { m: values, v: v!.get(name)! }])),
  } satisfies LearnerState;
});

function adopt(training: Training, { updates, weights }: PolicyWeights): void {
  const { runtime: { engine, cache }, parameters } = training;
  training.updates = updates;
  for (const parameter of parameters) {
    engine.write(parameter.name, stackValues(parameter, (part) => weights.get(part)!));
  }
  cache.clear();
}

function load(training: Training, { moments, ...state }: LearnerState): void {
  const { runtime: { engine }, parameters } = training;
  adopt(training, state);
  for (const parameter of parameters) {
    const { name } = parameter;
    engine.write(`m ${name}`, stackValues(parameter, (part) => moments.get(part)!.m));
    engine.write(`v ${name}`, stackValues(parameter, (part) => moments.get(part)!.v));
  }
}

/** Sizes and scalars of a pass over a micro-batch. */
function boundOf(runtime: Runtime, { dims }: MicroBatch, temperature: number) {
  return { ...runtime.dims, ...dims, inverseTemperature: 1 / temperature };
}

/** Runs the forward pass and the loss, and writes the loss's slopes where the backward pass reads them. */
const forwardLoss = Effect.fnUntraced(function* <L extends LossGradient>(
  { runtime, gradient, tables }: Training,
  batch: MicroBatch,
  { temperature, loss }: Asked<L>,
) {
  const bound = boundOf(runtime, batch, temperature);
  for (const name of tables) gradient.write(name, batch.inputs[name]);
  gradient.run("forward", bound);
  const { head } = yield* gradient.read(["head"]);
  if (!head!.every((x) => Number.isFinite(x))) {
    const found = yield* gradient.findNonFinite("forward", bound);
    return Result.fail(locate(batch, found ?? { op: "head_finish", row: -1, rows: null }));
  }
  const losses = splitHead(batch, head!).map((found, i) => loss(batch.first + i, found));
  const dHead = losses.flatMap(({ dLogProb, dEntropy }) =>
    [...dLogProb].flatMap((d, p) => [d, dEntropy[p]!])
  );
  const bad = dHead.findIndex((d) => !Number.isFinite(d));
  if (bad >= 0) {
    return Result.fail(locate(batch, { op: "loss", row: Math.floor(bad / 2), rows: "R" }));
  }
  gradient.write("d_head", Float64Array.from(dHead));
  return Result.succeed(losses);
});

/** The sequence and token that a row stands for: a packed token (N) or one that is predicted (R); others are unknown. */
function locate(batch: MicroBatch, found: NonFiniteResult): NonFinite {
  const { op, row, rows } = found;
  const place = rows === "N"
    ? batch.placeOf(row)
    : rows === "R"
    ? predictedPlace(batch, row)
    : null;
  if (place === null) return { op, sequence: -1, token: -1 };
  return { op, sequence: batch.first + place.sequence, token: place.token };
}

function predictedPlace({ sequences }: MicroBatch, row: number) {
  let start = 0;
  for (const [sequence, { position }] of sequences.entries()) {
    if (row >= start && row < start + position.length) {
      return { sequence, token: position[row - start]! };
    }
    start += position.length;
  }
  return null;
}
