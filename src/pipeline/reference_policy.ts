import { Context, Effect } from "effect";
import type { TrainingSequence } from "../domain/batch.ts";
import { BadInput } from "../domain/errors.ts";
import type { Preset } from "../igpo/preset.ts";
import type { Policy } from "../policy/policy.ts";

/** The part of a policy that is used with weights that are not trained. */
export type FrozenPolicy = Pick<Policy["Service"], "logProbs" | "beliefs" | "beliefsSequential">;

/**
 * The policy with the weights a run starts from. A KL term penalises the distance to it, and presets with a frozen
 * scorer measure its beliefs. Null if no preset needs it.
 */
export class ReferencePolicy extends Context.Service<ReferencePolicy, FrozenPolicy | null>()(
  "igpo/pipeline/ReferencePolicy",
) {}

/** The part of a preset that decides whether a reference policy is needed. */
export type RefersTo = Pick<Preset, "gain" | "kl">;

/** Whether beliefs are measured under the starting weights. */
export function scoresByReference({ gain }: Pick<Preset, "gain">): boolean {
  return gain.measure !== "none" && gain.scorer === "start";
}

/** Whether a KL term needs the log-probs of the starting weights. */
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

/** Adds the log-probs of the reference policy to sequences; null adds none. */
export const withReference = Effect.fnUntraced(function* (
  reference: FrozenPolicy | null,
  sequences: ReadonlyArray<TrainingSequence>,
  temperature: number,
) {
  if (reference === null) return sequences;
  const found = yield* reference.logProbs(sequences, temperature);
  return sequences.map((sequence, i): TrainingSequence => ({
    ...sequence,
    referenceLogProb: found[i]!.logProb,
  }));
});

/** The reference policy, or a failure with `message` if there is none. */
function referenceFor(message: string): Effect.Effect<FrozenPolicy, BadInput, ReferencePolicy> {
  return Effect.flatMap(
    ReferencePolicy,
    (reference) =>
      reference === null ? Effect.fail(new BadInput({ message })) : Effect.succeed(reference),
  );
}
