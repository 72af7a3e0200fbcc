import { Effect, Stream } from "effect";
import type { RewardedEpisode, TrainingSequence } from "../domain/batch.ts";
import { BadInput } from "../domain/errors.ts";
import type { Recipe } from "../domain/recipe.ts";
import {
  batchAdvantages,
  type EpisodeAdvantages,
  type EpisodeRewards,
} from "../igpo/advantages.ts";
import { tokenWeights } from "../igpo/aggregation.ts";
import { broadcastAdvantages, broadcastClipScale } from "../igpo/broadcast.ts";
import type { Preset } from "../igpo/preset.ts";
import { cutMiniBatches } from "./mini_batches.ts";
import type { RewardedStep, TrainingStep } from "./steps.ts";

/** What decides advantages and weights. */
export interface AdvantageOptions {
  readonly preset: Preset;
  readonly recipe: Pick<Recipe, "contextTokens" | "miniBatches">;
}

/** Adds the advantages of all turns, and the batch with those of sampled tokens. Fails on mixed policy versions. */
export const advantage = (options: AdvantageOptions) =>
<E, R>(
  steps: Stream.Stream<RewardedStep, E, R>,
) => Stream.mapEffect(steps, (step) => advantageStep(step, options));

const advantageStep = Effect.fn("advantage")(function* (
  step: RewardedStep,
  { preset, recipe }: AdvantageOptions,
) {
  const episodes = step.groups.flatMap((group) => group.episodes);
  const versions = new Set([step.policyVersion, ...episodes.map((one) => one.policyVersion)]);
  if (versions.size > 1) {
    return yield* new BadInput({
      message: `Cannot train on a batch that mixes policy versions: they are ${
        [...versions].join(" and ")
      }`,
    });
  }
  const rewards = step.groups.map((group) => group.episodes.map(rewardsOf));
  const advantages = batchAdvantages(rewards, preset);
  const positions = episodes.map(trainedPositions);
  const lengths = positions.map(({ position }) => position.length);
  const groupSizes = step.groups.map((group) => group.episodes.length);
  const miniBatches = cutMiniBatches(groupSizes, recipe.miniBatches);
  // Each update minimises the loss of its own mini-batch, as in verl, so weights are computed per mini-batch.
  const weights = miniBatches.flatMap(({ start, end }) => [
    ...tokenWeights(lengths.slice(start, end), preset.aggregation, {
      length: recipe.contextTokens,
    }),
  ]);
  const sequences = advantages.flat().map((found, i) =>
    sequenceOf(episodes[i]!, { ...positions[i]!, found, weight: weights[i]! })
  );
  const batch = { step: step.step, policyVersion: step.policyVersion, sequences, miniBatches };
  return { ...step, rewards, advantages, batch } satisfies TrainingStep;
});

/** What advantages are computed from. A turn's tokens end where the header of the next message begins. */
function rewardsOf(episode: RewardedEpisode): EpisodeRewards {
  const { gain, outcome, turns, promptBoundary, spans } = episode;
  const headers = new Map(
    spans.filter(({ kind }) => kind === "forced").map(({ turn, start }) => [turn, start]),
  );
  const ends = turns.map(({ boundary }, t) => headers.get(t + 1) ?? boundary);
  const sampledTokens = new Array<number>(turns.length).fill(0);
  for (const { kind, turn, start, end } of spans) {
    if (kind === "action") sampledTokens[turn]! += end - start;
  }
  return {
    gain,
    outcome,
    malformed: turns.map(({ action }) => action._tag === "Malformed"),
    turnTokens: ends.map((end, t) => end - (ends[t - 1] ?? promptBoundary)),
    sampledTokens,
  };
}

/** Positions of the sampled tokens, and the turn of each. Prompt, forced and observation tokens are never trained. */
export function trainedPositions(
  { spans }: Pick<RewardedEpisode, "spans">,
): { readonly position: Uint32Array; readonly turn: Uint32Array } {
  const places = spans.filter(({ kind }) => kind === "action").flatMap(({ turn, start, end }) =>
    Array.from({ length: end - start }, (_, i) => ({ turn, position: start + i }))
  );
  return {
    position: Uint32Array.from(places, ({ position }) => position),
    turn: Uint32Array.from(places, ({ turn }) => turn),
  };
}

/** What is known about a sequence's trained tokens. */
interface Trained {
  readonly position: Uint32Array;
  readonly turn: Uint32Array;
  readonly found: EpisodeAdvantages;
  readonly weight: number;
}

function sequenceOf(
  { tokens, promptBoundary, behaviourLogProb }: RewardedEpisode,
  { position, turn, found, weight }: Trained,
): TrainingSequence {
  const places = { turn, responseIndex: position.map((p) => p - promptBoundary) };
  return {
    tokens,
    position,
    turn,
    advantage: broadcastAdvantages(found, places),
    weight: new Float64Array(position.length).fill(weight),
    behaviourLogProb: Float64Array.from(position, (p) => behaviourLogProb[p]!),
    referenceLogProb: null,
    clipScale: broadcastClipScale(found, places),
  };
}
