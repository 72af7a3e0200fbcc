import { Clock, Effect, Stream } from "effect";
import { BadInput, TrainingDiverged } from "../domain/errors.ts";
import type { Recipe } from "../domain/recipe.ts";
import { oldLogProb } from "../igpo/old_log_prob.ts";
import type { Preset } from "../igpo/preset.ts";
import { surrogate, type SurrogateResult } from "../igpo/surrogate.ts";
import { Learner, type NonFinite, Policy, type TokenEvaluation } from "../policy/policy.ts";
import { learningRateAt, type LearningRates } from "./learning_rate.ts";
import { withReference } from "./reference_policy.ts";
import type { TrainingStep, UpdatedStep } from "./steps.ts";
import { tellProgress } from "./watch.ts";

/** What an update is made with, and who records it. */
export interface UpdateOptions<E, R> {
  readonly preset: Preset;
  readonly recipe: Pick<Recipe, "temperature" | "clipNorm"> & LearningRates;
  /** Runs right after the update; an interruption waits for both, so that the weights always match the records. */
  readonly record: (step: UpdatedStep) => Effect.Effect<void, E, R>;
}

/** Updates in a row that may be skipped before the run stops. */
const MOST_SKIPPED = 3;

/**
 * One optimiser update a step. An update with a number that is not finite is skipped, so that none reaches the weights;
 * three in a row end the run.
 */
export const update = <E2, R2>(options: UpdateOptions<E2, R2>) =>
<E, R>(
  steps: Stream.Stream<TrainingStep, E, R>,
) =>
  Stream.mapAccumEffect(
    steps,
    () => 0,
    Effect.fnUntraced(function* (skippedInARow: number, step: TrainingStep) {
      const updated = yield* Effect.uninterruptible(
        Effect.tap(updateStep(step, options), options.record),
      );
      if (updated.skipped === null) return [0, [updated]] as const;
      const isEmpty = updated.batch.sequences.length === 0;
      const count = skippedInARow + (isEmpty ? 0 : 1);
      if (count < MOST_SKIPPED) return [count, [updated]] as const;
      return yield* new TrainingDiverged({
        message:
          `Cannot go on as ${MOST_SKIPPED} updates in a row were not finite: the last was ${updated.skipped}`,
      });
    }),
  );

const updateStep = Effect.fn("update")(function* <E, R>(
  step: TrainingStep,
  options: UpdateOptions<E, R>,
) {
  const policy = yield* Policy;
  const learner = yield* Learner;
  const { batch } = step;
  if (batch.policyVersion !== learner.version()) {
    return yield* new BadInput({
      message: `Cannot train on episodes of another policy version as the update must be ` +
        `on-policy: they are of ${batch.policyVersion}, the weights of ${learner.version()}`,
    });
  }
  const total = batch.sequences.length;
  yield* tellProgress({ step: step.step, phase: "update", done: 0, total, unit: "episodes" });
  const begunMillis = yield* Clock.currentTimeMillis;
  const outcome = total === 0 ? NOTHING_TO_LEARN : yield* applyBatch(step, options);
  policy.release();
  const endedMillis = yield* Clock.currentTimeMillis;
  return {
    ...step,
    ...outcome,
    learningRate: learningRateAt(options.recipe, step.step),
    updates: learner.version(),
    updateSeconds: (endedMillis - begunMillis) / 1000,
    seconds: (endedMillis - step.startedMillis) / 1000,
  } satisfies UpdatedStep;
});

type Outcome = Pick<UpdatedStep, "skipped" | "gradientNorm" | "results" | "evaluations">;

const skip = (reason: string): Outcome => ({
  skipped: reason,
  gradientNorm: 0,
  results: [],
  evaluations: [],
});

const NOTHING_TO_LEARN = skip("a batch without episodes");

const applyBatch = Effect.fnUntraced(function* <E, R>(
  step: TrainingStep,
  { preset, recipe }: UpdateOptions<E, R>,
) {
  const learner = yield* Learner;
  const sequences = preset.kl.coefficient > 0
    ? yield* withReference(step.batch.sequences, recipe.temperature)
    : step.batch.sequences;
  const results: Array<SurrogateResult> = [];
  const evaluations: Array<TokenEvaluation> = [];
  const lossOf = (index: number, evaluation: TokenEvaluation) => {
    evaluations[index] = evaluation;
    const sequence = sequences[index]!;
    const behaviourLogProb = oldLogProb(sequence.behaviourLogProb, evaluation.logProb);
    return results[index] = surrogate({ ...sequence, behaviourLogProb }, evaluation, preset);
  };
  const broken = (yield* learner.gradient(sequences, recipe.temperature, lossOf)) ??
    nonFiniteLoss(results);
  if (broken !== null) return skip(placeOf(broken, step));
  const { applied, gradientNorm, nonFinite } = yield* learner.update({
    learningRate: learningRateAt(recipe, step.step),
    clipNorm: recipe.clipNorm,
  });
  if (!applied) {
    return skip(nonFinite === null ? "the norm of the gradient" : placeOf(nonFinite, step));
  }
  return { skipped: null, gradientNorm, results, evaluations } satisfies Outcome;
});

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
