import { Effect } from "effect";
import { embeddedArchitecture } from "./cold_start.ts";
import { millisecondsOf, tuneChoices } from "./tune_choices.ts";
import { KernelFailed } from "../domain/errors.ts";
import type { Screen } from "../files/screen.ts";
import { writeTuned } from "../files/tuned.ts";
import { type Device, withTraits } from "../gpu/device.ts";
import { createGpuEngine } from "../gpu/engine.ts";
import { FAMILIES, type Family } from "../gpu/launches.ts";
import { keyFromSeed } from "../math/threefry.ts";
import { quantile } from "../math/statistics.ts";
import { initialWeights } from "../model/initial.ts";
import { weightsInMemory } from "../model/weight_source.ts";
import { makePolicy } from "../policy/make_policy.ts";
import { createLearner } from "../policy/learner.ts";
import type { TokenRows } from "../policy/policy.ts";
import { createRuntime } from "../policy/runtime.ts";

const VOCABULARY = 640;
const [ROWS, TOKENS, DECODED] = [16, 128, 32];
const ROUNDS = 3;

/** The times of a family, in milliseconds; `first` includes compiling. */
interface Timing {
  readonly family: Family;
  readonly first: number;
  readonly decode: number;
  readonly gradient: number;
}

/** Families that may be fastest. A GPU's compiler takes minutes for the straight-line code of `lines`. */
function candidates({ adapter }: Device): ReadonlyArray<Family> {
  return adapter.kind === "gpu" ? FAMILIES.filter((family) => family !== "lines") : FAMILIES;
}

/**
 * Times decoding and training of the embedded model with each family of kernels, and keeps the fastest family; where
 * that is the one for GPUs, also the sizes that are fastest.
 */
export const tune = Effect.fn("tune")(function* (opened: Device, screen: Screen) {
  const timings: Timing[] = [];
  yield* screen.print(
    `${"family".padEnd(10)}${"first ms".padStart(10)}${"decode ms".padStart(11)}${
      "gradient ms".padStart(13)
    }`,
  );
  for (const family of candidates(opened)) {
    const timing = yield* timeFamily(opened, family).pipe(
      Effect.scoped,
      Effect.catchTag(
        "KernelFailed",
        ({ kernel, message }) =>
          Effect.as(screen.print(`${family.padEnd(10)}${kernel} does not run: ${message}`), null),
      ),
    );
    if (timing === null) continue;
    timings.push(timing);
    const cell = (value: number, width: number) => value.toFixed(0).padStart(width);
    yield* screen.print(
      family.padEnd(10) + cell(timing.first, 10) + cell(timing.decode, 11) +
        cell(timing.gradient, 13),
    );
  }
  const total = ({ decode, gradient }: Timing) => decode + gradient;
  const best = timings.toSorted((a, b) => total(a) - total(b))[0];
  if (best === undefined) {
    return yield* new KernelFailed({ kernel: "all", message: "No family of kernels runs here" });
  }
  const { family } = best;
  const choices = family === "tiles"
    ? yield* tuneChoices(withTraits(opened, { family }), screen)
    : {};
  yield* writeTuned(opened.adapter.name, { family, choices: { ...choices } });
  yield* screen.print(
    `From now on ${opened.adapter.name} gets kernels of the family ${family}`,
  );
});

const timeFamily = Effect.fnUntraced(function* (opened: Device, family: Family) {
  const architecture = embeddedArchitecture(VOCABULARY);
  const engine = yield* createGpuEngine(withTraits(opened, { family }));
  const weights = initialWeights(architecture, keyFromSeed(0));
  const runtime = yield* createRuntime(
    engine,
    { architecture, weights: weightsInMemory(weights) },
    {
      rows: ROWS,
      contextTokens: TOKENS + DECODED,
      messageTokens: DECODED,
      passTokens: ROWS * TOKENS,
    },
  );
  const policy = makePolicy(runtime);
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "all" } as const;
  const learner = yield* createLearner(runtime, adamw);
  const sequences = Array.from({ length: ROWS }, (_, row): TokenRows => ({
    tokens: Uint32Array.from({ length: TOKENS }, (_, i) => (row * TOKENS + i) * 7919 % VOCABULARY),
    position: Uint32Array.from({ length: TOKENS - 1 }, (_, i) => i + 1),
  }));
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const generate = (maxTokens: number) =>
    policy.generate(
      sequences.map(({ tokens }, row) => ({
        sequence: `row ${row}`,
        tokens,
        key: [0, row] as const,
        maxTokens,
      })),
      { sampling, stopIds: [] },
    );
  const gradient = learner.gradient(sequences, 1, (_, { logProb }) => ({
    dLogProb: logProb.map(() => 1),
    dEntropy: logProb.map(() => 0),
  }));
  // `save` reads weights back, so it ends after the gradient.
  const waited = Effect.andThen(gradient, learner.save());
  const first = yield* millisecondsOf(Effect.andThen(generate(DECODED), waited));
  const decode: number[] = [];
  const gradients: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    decode.push(yield* millisecondsOf(generate(DECODED)));
    gradients.push(yield* millisecondsOf(waited));
  }
  return { family, first, decode: median(decode), gradient: median(gradients) } satisfies Timing;
});

const median = (values: ReadonlyArray<number>) => quantile(Float64Array.from(values), 0.5);
