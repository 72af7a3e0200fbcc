import { Effect, Result, type Scope } from "effect";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import { gradientName } from "../model/backward.ts";
import type { Executable, NonFiniteResult } from "../model/engine.ts";
import { tensorsOf } from "../model/plan.ts";
import { stackValues, unstackValues } from "../model/parameters.ts";
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
  SequenceLoss,
  TokenRows,
} from "./policy.ts";
import type { Runtime } from "./runtime.ts";

type LearnerService = Learner["Service"];

/** A gradient as it was asked for. */
interface Asked<L extends LossGradient> {
  readonly temperature: number;
  readonly loss: SequenceLoss<L>;
}

/** The gradient program, and the names of what it reads. */
interface Trained {
  readonly executable: Executable<"forward" | "backward">;
  readonly inputs: ReadonlySet<string>;
}

/** Trains a runtime's model with AdamW: its adapters where it has some, else all parameters. */
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
  const parameters = trainedParametersOf(form);
  const names = parameters.map(({ name }) => name);
  const gradients = names.map(gradientName);
  const program = gradientProgram(form, recompute);
  const executable = yield* engine.load(program, runtime.dims);
  // A frozen embedding asks for no table of tokens, so not every table of a batch is an input.
  const forwardBackward: Trained = {
    executable,
    inputs: new Set(tensorsOf(program).map(({ name }) => name)),
  };
  const updating = yield* engine.load(updateProgram(form, adamw), runtime.dims);
  let updates = 0;

  const gradient = Effect.fn("Learner.gradient")(function* <L extends LossGradient>(
    sequences: ReadonlyArray<TokenRows>,
    temperature: number,
    loss: SequenceLoss<L>,
  ) {
    engine.clear(gradients);
    const losses: L[] = [];
    for (const batch of packMicroBatches(sequences, passLimits(runtime))) {
      const found = yield* forwardLoss(runtime, forwardBackward, batch, { temperature, loss });
      if (Result.isFailure(found)) return Result.fail(found.failure);
      executable.run("backward", boundOf(runtime, batch, temperature));
      losses.push(...found.success);
    }
    return Result.succeed(losses);
  });

  const findNonFinite: LearnerService["findNonFinite"] = Effect.fn("Learner.findNonFinite")(
    function* (sequences, temperature, loss) {
      for (const batch of packMicroBatches(sequences, passLimits(runtime))) {
        const forward = yield* forwardLoss(runtime, forwardBackward, batch, { temperature, loss });
        if (Result.isFailure(forward)) return forward.failure;
        const found = yield* executable.findNonFinite(
          "backward",
          boundOf(runtime, batch, temperature),
        );
        if (found !== null) return locate(batch, found);
      }
      return null;
    },
  );

  const update: LearnerService["update"] = Effect.fn("Learner.update")(
    function* ({ learningRate, clipNorm }) {
      updating.run("norm", runtime.dims);
      const sums = yield* updating.read(names.map(squaresName));
      const squares = Object.values(sums).flatMap((part) => [...part]);
      const gradientNorm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
      if (!Number.isFinite(gradientNorm)) return { gradientNorm, applied: false };
      updates += 1;
      updating.run("apply", {
        ...runtime.dims,
        learningRate,
        gradientScale: clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
        correction1: 1 - adamw.beta1 ** updates,
        correction2: 1 - adamw.beta2 ** updates,
      });
      runtime.cache.clear();
      return { gradientNorm, applied: true };
    },
  );

  const save = Effect.fn("Learner.save")(function* () {
    const read = yield* engine.read(names.flatMap((name) => [name, `m ${name}`, `v ${name}`]));
    const byPart = (prefix: string) =>
      new Map(
        parameters.flatMap((parameter) =>
          unstackValues(parameter, Float32Array.from(read[`${prefix}${parameter.name}`]!))
        ),
      );
    const [m, v] = [byPart("m "), byPart("v ")];
    return {
      updates,
      weights: byPart(""),
      moments: new Map([...m].map(([name, values]) => [name, { m: values, v: v.get(name)! }])),
    } satisfies LearnerState;
  });

  const load = (state: LearnerState) =>
    Effect.sync(() => {
      updates = state.updates;
      const { weights, moments } = state;
      for (const parameter of parameters) {
        const { name } = parameter;
        engine.write(name, stackValues(parameter, (part) => weights.get(part)!));
        engine.write(`m ${name}`, stackValues(parameter, (part) => moments.get(part)!.m));
        engine.write(`v ${name}`, stackValues(parameter, (part) => moments.get(part)!.v));
      }
      runtime.cache.clear();
    });
  return { version: () => updates, gradient, findNonFinite, update, save, load };
});

/** Sizes and scalars of a pass over a micro-batch. */
function boundOf(runtime: Runtime, { dims }: MicroBatch, temperature: number) {
  return { ...runtime.dims, ...dims, inverseTemperature: 1 / temperature };
}

/** The forward pass, and what the loss says of its log-probs, written where the backward pass reads it. */
const forwardLoss = Effect.fnUntraced(function* <L extends LossGradient>(
  runtime: Runtime,
  { executable, inputs: read }: Trained,
  batch: MicroBatch,
  { temperature, loss }: Asked<L>,
) {
  const bound = boundOf(runtime, batch, temperature);
  for (const [name, data] of Object.entries(batch.inputs)) {
    if (read.has(name)) executable.write(name, data);
  }
  executable.run("forward", bound);
  const { head } = yield* executable.read(["head"]);
  if (!head!.every((x) => Number.isFinite(x))) {
    const found = yield* executable.findNonFinite("forward", bound);
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
  executable.write("d_head", Float64Array.from(dHead));
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
