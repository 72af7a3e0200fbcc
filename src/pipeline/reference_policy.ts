import { Context, Effect } from "effect";
import type { TrainingSequence } from "../domain/batch.ts";
import { BadInput } from "../domain/errors.ts";
import type { Preset } from "../igpo/preset.ts";
import type { Policy } from "../policy/policy.ts";

/** What is asked of weights that are not trained. */
export type FrozenPolicy = Pick<Policy["Service"], "logProbs" | "beliefs" | "beliefsSequential">;

/**
 * The weights a run starts from: the policy whose distance a KL term penalises, and whose beliefs a frozen scorer
 * measures. Null where no preset asks for it.
 */
export class ReferencePolicy extends Context.Service<ReferencePolicy, FrozenPolicy | null>()(
  "igpo/pipeline/ReferencePolicy",
) {}

/** The part of a preset that decides what is asked of a reference policy. */
export type RefersTo = Pick<Preset, "gain" | "kl">;

/** Whether beliefs are those of the starting weights. */
export function scoresByReference({ gain }: Pick<Preset, "gain">): boolean {
  return gain.measure !== "none" && gain.scorer === "start";
}

/** Whether a KL term asks for the log-probs of the starting weights. */
export function penalisesDistance({ kl }: Pick<Preset, "kl">): boolean {
  return kl.coefficient > 0;
}

/** The policy a run starts from, for beliefs that do not change with training. */
export const startingPolicy: Effect.Effect<FrozenPolicy, BadInput, ReferencePolicy> = referenceFor(
  'Cannot measure beliefs under the starting weights as there must be a reference policy: gain.scorer is "start"',
);

/** The policy that a KL term refers to. */
export const penalisedPolicy: Effect.Effect<FrozenPolicy, BadInput, ReferencePolicy> = referenceFor(
  "Cannot penalise the distance from a reference policy as there must be one: " +
    "kl.coefficient is not 0",
);

/** Adds a policy's log-probs to sequences, as those of the reference. */
export const withReference = Effect.fnUntraced(function* (
  reference: FrozenPolicy,
  sequences: ReadonlyArray<TrainingSequence>,
  temperature: number,
) {
  const found = yield* reference.logProbs(sequences, temperature);
  return sequences.map((sequence, i): TrainingSequence => ({
    ...sequence,
    referenceLogProb: found[i]!.logProb,
  }));
});

/** The reference policy, or a refusal where there is none. */
function referenceFor(message: string): Effect.Effect<FrozenPolicy, BadInput, ReferencePolicy> {
  return Effect.flatMap(
    ReferencePolicy,
    (reference) =>
      reference === null ? Effect.fail(new BadInput({ message })) : Effect.succeed(reference),
  );
}
