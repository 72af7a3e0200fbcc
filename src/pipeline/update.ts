import { Clock, Effect, Result, Stream } from "effect";
import type { MiniBatch, TrainingBatch, TrainingSequence } from "../domain/batch.ts";
import { BadInput, TrainingDiverged } from "../domain/errors.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Sampler } from "../igpo/old_log_prob.ts";
import type { Preset } from "../igpo/preset.ts";
import type { SurrogateResult } from "../igpo/surrogate.ts";
import { Learner, type NonFinite, Policy, type TokenLogProbs } from "../policy/policy.ts";
import {
  gradientOfShards,
  type GradientShard,
  inBatch,
  offPolicy,
  type Origin,
  shardLoss,
  type ShareShards,
} from "./gradient_shards.ts";
import { learningRateAt, type LearningRates } from "./learning_rate.ts";
import { cutShards } from "./mini_batches.ts";
import {
  type FrozenPolicy,
  penalisedPolicy,
  penalisesDistance,
  withReference,
} from "./reference_policy.ts";
import { inStep } from "./step_spans.ts";
import type { AppliedUpdate, TrainingStep, UpdatedStep } from "./steps.ts";
import { tellProgress } from "./watch.ts";

/** The settings of updates, and the effect that records them. */
export interface UpdateOptions<E, R> {
  readonly preset: Preset;
  readonly recipe:
    & Pick<Recipe, "temperature" | "clipNorm" | "ppoEpochs" | "miniBatches" | "gradientShards">
    & LearningRates;
  /** Who sampled the episodes. @default {"own"} */
  readonly sampler?: Sampler | undefined;
  /** Has gradients of shards computed elsewhere too. @default {by this process alone} */
  readonly share?: ((...asked: Parameters<ShareShards>) => Effect.Effect<number, E, R>) | undefined;
  /** Runs right after a step's updates; an interruption waits for both, so that weights always match the records. */
  readonly record: (step: UpdatedStep) => Effect.Effect<void, E, R>;
}

/** The run stops after this many steps in a row with a skipped update. */
const MOST_SKIPPED = 3;

/**
 * Applies the optimiser updates of each step. If a number is not finite, that update and the step's remaining ones are
 * skipped, so that no such number reaches the weights. Three such steps in a row end the run.
 */
export const update = <E2, R2>(options: UpdateOptions<E2, R2>) =>
<E, R>(
  steps: Stream.Stream<TrainingStep, E, R>,
) =>
  // The reference is looked up before the first step: if it is missing, the run fails before it plays episodes.
  Effect.map(
    penalisesDistance(options.preset) ? penalisedPolicy : Effect.succeed(null),
    (reference) =>
      Stream.mapAccumEffect(
        steps,
        () => 0,
        (skippedInARow: number, step: TrainingStep) =>
          updateOnce(skippedInARow, step, { ...options, reference }),
      ),
  ).pipe(Stream.unwrap);

/** Options, and the policy that the KL term refers to, or null without a KL term. */
interface Settings<E, R> extends UpdateOptions<E, R> {
  readonly reference: FrozenPolicy | null;
}

const updateOnce = Effect.fnUntraced(function* <E, R>(
  skippedInARow: number,
  step: TrainingStep,
  settings: Settings<E, R>,
) {
  const updated = yield* Effect.uninterruptible(
    Effect.tap(inStep(step.step)(updateStep(step, settings)), settings.record),
  );
  if (updated.skipped === null) return [0, [updated]] as const;
  const isEmpty = updated.batch.sequences.length === 0;
  const count = skippedInARow + (isEmpty ? 0 : 1);
  if (count < MOST_SKIPPED) return [count, [updated]] as const;
  return yield* new TrainingDiverged({
    message:
      `Cannot go on as ${MOST_SKIPPED} updates in a row were not finite: the last was ${updated.skipped}`,
  });
});

const updateStep = Effect.fn("update")(function* <E, R>(
  step: TrainingStep,
  options: Settings<E, R>,
) {
  const policy = yield* Policy;
  const learner = yield* Learner;
  const { batch } = step;
  const staleness = yield* stalenessOf(batch, learner.version(), options);
  const { steps, weightBound } = options.preset.staleness;
  const sampler = options.sampler ?? "own";
  const behaviour = steps === 0
    ? null
    : { updates: learner.version(), weights: yield* learner.weights() };
  const total = batch.sequences.length;
  yield* tellProgress({ step: step.step, phase: "update", done: 0, total, unit: "episodes" });
  const begunMillis = yield* Clock.currentTimeMillis;
  const outcome = total === 0 ? NOTHING_TO_LEARN : yield* applyBatch(
    step,
    { sampler, weightBound: staleness === 0 ? null : weightBound },
    options,
  );
  policy.release();
  const endedMillis = yield* Clock.currentTimeMillis;
  const updateSeconds = (endedMillis - begunMillis) / 1000;
  return {
    ...step,
    ...outcome,
    staleness,
    behaviour,
    sampler,
    learningRate: learningRateAt(options.recipe, step.step),
    updates: learner.version(),
    updateSeconds,
    // A stale step waits while the next one is played, whose time is that step's.
    seconds: steps === 0
      ? (endedMillis - step.startedMillis) / 1000
      : step.rolloutSeconds + step.scoreSeconds + updateSeconds,
  } satisfies UpdatedStep;
});

/** How many updates old the weights are that played a batch; fails if they are older than the preset has it. */
function stalenessOf(
  { policyVersion }: TrainingBatch,
  version: number,
  { preset, recipe }: Pick<Settings<never, never>, "preset" | "recipe">,
): Effect.Effect<number, BadInput> {
  const staleness = version - policyVersion;
  const most = preset.staleness.steps * recipe.ppoEpochs * recipe.miniBatches;
  if (0 <= staleness && staleness <= most) return Effect.succeed(staleness);
  const rule = most === 0
    ? "the update must be on-policy"
    : `the updates between must be at most ${most}`;
  return Effect.fail(
    new BadInput({
      message: `Cannot train on episodes of another policy version as ${rule}: ` +
        `they are of ${policyVersion}, the weights of ${version}`,
    }),
  );
}

type Outcome = Pick<UpdatedStep, "skipped" | "applied" | "logProbs" | "importanceWeights">;

const NOTHING_TO_LEARN: Outcome = {
  skipped: "a batch without episodes",
  applied: [],
  logProbs: [],
  importanceWeights: [],
};

/**
 * Goes through the mini-batches `ppoEpochs` times. Advantages, weights, reference and old log-probs are fixed before
 * the first update, so that from the second update on the ratio measures how far the policy has moved.
 */
const applyBatch = Effect.fnUntraced(function* <E, R>(
  step: TrainingStep,
  origin: Origin,
  { preset, recipe, reference, share = () => Effect.succeed(0) }: Settings<E, R>,
) {
  const { batch } = step;
  const sequences = yield* withReference(reference, batch.sequences, recipe.temperature);
  /** Log-probs before the first update. That update itself measures those of its own sequences. */
  let before = yield* measureLater(batch, recipe.temperature);
  const cut = (range: MiniBatch) => shardOf(range, { step: step.step, sequences, before, origin });
  const applied: Array<AppliedUpdate> = [];
  let broken: NonFinite | null = null;
  const rounds = Array.from({ length: recipe.ppoEpochs }, () => batch.miniBatches).flat();
  for (const miniBatch of rounds) {
    const shards = cutShards(groupSizesOf(step), miniBatch, recipe.gradientShards).map(cut);
    const result = yield* applyUpdate(cut(miniBatch), shards, {
      preset,
      share,
      temperature: recipe.temperature,
      clipNorm: recipe.clipNorm,
      learningRate: learningRateAt(recipe, step.step),
    });
    if (Result.isFailure(result)) {
      broken = result.failure;
      break;
    }
    const found = result.success.results.map((one, i) => [miniBatch.start + i, one.found] as const);
    before = new Map([...found, ...before]);
    applied.push(result.success);
  }
  const logProbs = applied.length === 0 ? [] : sequences.map((_, index) => before.get(index)!);
  return {
    skipped: broken === null ? null : placeOf(broken, step),
    applied,
    logProbs,
    importanceWeights: logProbs.flatMap(({ logProb }, i) =>
      offPolicy(sequences[i]!.behaviourLogProb, logProb, origin).importanceWeight ?? []
    ),
  } satisfies Outcome;
});

type LogProbsByIndex = ReadonlyMap<number, TokenLogProbs>;

function groupSizesOf({ groups }: TrainingStep): ReadonlyArray<number> {
  return groups.map(({ episodes }) => episodes.length);
}

/** Some sequences of a batch, with what their loss depends on. */
function shardOf(
  range: MiniBatch,
  { sequences, before, ...shared }: Pick<GradientShard, "step" | "origin"> & {
    readonly sequences: ReadonlyArray<TrainingSequence>;
    readonly before: LogProbsByIndex;
  },
): GradientShard {
  const { start, end } = range;
  const own = sequences.slice(start, end).map((sequence, i) => ({
    ...sequence,
    logProbBefore: before.get(start + i)?.logProb ?? null,
  }));
  return { ...shared, range, sequences: own };
}

/** What the trainer measures, before any update, at the sequences that are not in the first mini-batch. */
const measureLater = Effect.fnUntraced(function* (
  { sequences, miniBatches }: TrainingBatch,
  temperature: number,
) {
  const policy = yield* Policy;
  const { end } = miniBatches[0]!;
  const later = yield* policy.logProbs(sequences.slice(end), temperature);
  return new Map(later.map((found, i) => [end + i, found])) as LogProbsByIndex;
});

/** The settings of one update. */
interface UpdateSettings<E, R> {
  readonly preset: Preset;
  readonly share: NonNullable<UpdateOptions<E, R>["share"]>;
  readonly temperature: number;
  readonly learningRate: number;
  readonly clipNorm: number | null;
}

/** Applies one update on a mini-batch. If a number is not finite, nothing is changed and its place is returned. */
const applyUpdate = Effect.fnUntraced(function* <E, R>(
  whole: GradientShard,
  shards: ReadonlyArray<GradientShard>,
  { preset, temperature, share, ...settings }: UpdateSettings<E, R>,
) {
  const learner = yield* Learner;
  const { sequences, range: miniBatch } = whole;
  const gradient = yield* gradientOfShards(shards, { preset, temperature, share });
  if (Result.isFailure(gradient)) return Result.fail(gradient.failure);
  const results = gradient.success;
  const inLoss = nonFiniteLoss(results);
  if (inLoss !== null) return Result.fail(inBatch(inLoss, miniBatch));
  const { applied, gradientNorm } = yield* learner.update(settings);
  if (!applied) {
    const lossOf = shardLoss(whole, preset);
    const place = yield* learner.findNonFinite(sequences, temperature, lossOf);
    return Result.fail(inBatch(place ?? UNKNOWN_PLACE, miniBatch));
  }
  return Result.succeed({ miniBatch, results, gradientNorm });
});

const UNKNOWN_PLACE: NonFinite = { op: "the norm of the gradient", sequence: -1, token: -1 };

function nonFiniteLoss(results: ReadonlyArray<SurrogateResult>): NonFinite | null {
  const sequence = results.findIndex(({ loss }) => !Number.isFinite(loss));
  return sequence < 0 ? null : { op: "loss", sequence, token: -1 };
}

/** `softmax in turn 2 of episode 3/train-7/1`. */
function placeOf({ op, sequence, token }: NonFinite, { groups }: TrainingStep): string {
  const episode = groups.flatMap((group) => group.episodes)[sequence];
  if (episode === undefined) return op;
  const span = episode.spans.find(({ start, end }) => start <= token && token < end);
  const turn = span === undefined
    ? "an unknown turn"
    : span.turn < 0
    ? "the prompt"
    : `turn ${span.turn + 1}`;
  return `${op} in ${turn} of episode ${episode.id}`;
}
