import { Context, Effect } from "effect";
import type { TrainingSequence } from "../domain/batch.ts";
import { BadInput } from "../domain/errors.ts";
import type { Policy } from "../policy/policy.ts";

/** What is asked of weights that are not trained. */
export type FrozenPolicy = Pick<Policy["Service"], "logProbs" | "beliefs" | "beliefsSequential">;

/**
 * The weights a run starts from: the policy whose distance a KL term penalises, and whose beliefs a frozen scorer
 * measures. Null where no preset asks for it.
 */
export const ReferencePolicy: Context.Reference<FrozenPolicy | null> = Context.Reference<
  FrozenPolicy | null
>("igpo/pipeline/ReferencePolicy", { defaultValue: () => null });

/** The policy a run starts from, for beliefs that do not change with training. */
export const startingPolicy: Effect.Effect<FrozenPolicy, BadInput> = referenceFor(
  'Cannot measure beliefs under the starting weights as there must be a reference policy: gain.scorer is "start"',
);

/** Adds the reference policy's log-probs to sequences. */
export const withReference = Effect.fnUntraced(function* (
  sequences: ReadonlyArray<TrainingSequence>,
  temperature: number,
) {
  const reference = yield* referenceFor(
    "Cannot penalise the distance from a reference policy as there must be one: " +
      "kl.coefficient is not 0",
  );
  const found = yield* reference.logProbs(sequences, temperature);
  return sequences.map((sequence, i): TrainingSequence => ({
    ...sequence,
    referenceLogProb: found[i]!.logProb,
  }));
});

/** The reference policy, or a refusal where there is none. */
function referenceFor(message: string): Effect.Effect<FrozenPolicy, BadInput> {
  return Effect.flatMap(
    ReferencePolicy,
    (reference) =>
      reference === null ? Effect.fail(new BadInput({ message })) : Effect.succeed(reference),
  );
}
