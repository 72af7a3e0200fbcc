import type { RewardedEpisode } from "../domain/batch.ts";
import type { RunConfig } from "../domain/config.ts";
import type { TrainingStep } from "./steps.ts";

/**
 * A sequence of a step's batch with its numbers at each of its S tokens, as trainers elsewhere read them: 0 at tokens
 * that were not sampled. Entry p belongs to token p, which is predicted from the tokens before it.
 */
export interface BatchRow {
  /** (S) token ids. */
  readonly tokens: Uint32Array;
  /** Tokens before the first message; the others are the response. */
  readonly promptLength: number;
  /** (S) 1 at sampled tokens; 0 at the prompt, at what tools gave, and at headers of messages. */
  readonly mask: Uint8Array;
  /** (S) log-prob under the policy that sampled, at the temperature that it was sampled at, nats. */
  readonly logProb: Float32Array;
  /** (S) the advantage of the token's turn. */
  readonly advantage: Float32Array;
  /** (S) weight in the loss of the whole batch, whose mean is a sum over all sampled tokens with these weights. */
  readonly weight: Float64Array;
  /** (S) reward of a turn at its last sampled token: its gain, and the outcome at the last turn. */
  readonly reward: Float32Array;
}

/** The sequences of a step's batch, in its order. */
export function batchRows({ groups, batch }: TrainingStep): ReadonlyArray<BatchRow> {
  const episodes = groups.flatMap((group) => group.episodes);
  return batch.sequences.map((sequence, i): BatchRow => {
    const { tokens, position, turn } = sequence;
    const dense = <Values extends Float32Array | Float64Array>(
      into: Values,
      from: Float64Array,
    ) => {
      position.forEach((p, k) => into[p] = from[k]!);
      return into;
    };
    const mask = new Uint8Array(tokens.length);
    for (const p of position) mask[p] = 1;
    return {
      tokens,
      promptLength: episodes[i]!.promptBoundary,
      mask,
      logProb: dense(new Float32Array(tokens.length), sequence.behaviourLogProb),
      advantage: dense(new Float32Array(tokens.length), sequence.advantage),
      weight: dense(new Float64Array(tokens.length), sequence.weight),
      reward: dense(new Float32Array(tokens.length), turnRewards(episodes[i]!, turn)),
    };
  });
}

/** What a batch's files do not say: where its sequences come from, in their order, and what else decided them. */
export function aboutBatch(
  { step, groups, lost }: TrainingStep,
  config: RunConfig,
): Readonly<Record<string, unknown>> {
  const { temperature } = config.recipe;
  const episodes = groups.flatMap((group) => group.episodes).map((episode) => ({
    id: episode.id,
    question: episode.question.id,
    turns: episode.turns.length,
    gains: Array.from(episode.gain),
    outcome: episode.outcome,
  }));
  return {
    step,
    temperature,
    episodes,
    lost: lost.map(({ id, reason }) => ({ id, reason })),
    config,
  };
}

/** (P) the reward of a turn at the last of its sampled tokens, 0 at the others. */
function turnRewards({ gain, outcome }: RewardedEpisode, turn: Uint32Array): Float64Array {
  return Float64Array.from(
    turn,
    (t, k) => turn[k + 1] === t ? 0 : t < gain.length ? gain[t]! : outcome,
  );
}
