import { Context, Effect } from "effect";
import type { TrainingSequence } from "../domain/batch.ts";
import { BadInput } from "../domain/errors.ts";
import type { Policy } from "../policy/policy.ts";

/** The policy whose distance a KL term penalises: the weights a run starts from. Null where no preset asks for one. */
export const ReferencePolicy: Context.Reference<Pick<Policy["Service"], "evaluate"> | null> =
  Context.Reference<Pick<Policy["Service"], "evaluate"> | null>("igpo/pipeline/ReferencePolicy", {
    defaultValue: () => null,
  });

/** Adds the reference policy's log-probs to sequences. */
export const withReference = Effect.fnUntraced(function* (
  sequences: ReadonlyArray<TrainingSequence>,
  temperature: number,
) {
  const reference = yield* ReferencePolicy;
  if (reference === null) {
    return yield* new BadInput({
      message: "Cannot penalise the distance from a reference policy as there must be one: " +
        "kl.coefficient is not 0",
    });
  }
  const evaluated = yield* reference.evaluate(sequences, temperature);
  return sequences.map((sequence, i): TrainingSequence => ({
    ...sequence,
    referenceLogProb: evaluated[i]!.logProb,
  }));
});
