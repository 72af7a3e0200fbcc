/**
 * How the official code of 2025-11 places turn rewards in a transcript (`compute_score`), kept as the oracle of our
 * explicit turn ids.
 */

export const TURN_SEPARATOR = "\n<|im_start|>assistant\n";
/** With more chunks than this, a missing gain counts as 0; else all gains are dropped. */
const TURN_CAP = 10;

export interface PlacedReward {
  readonly token: number;
  readonly reward: number;
}

/**
 * Gains go to the last token of their chunk, the outcome to the last token of all; a chunk is the
 * text up to the next assistant header. If gains and chunks do not fit, only the outcome remains.
 * A chunk whose text occurred before is looked up at its FIRST occurrence, so its gain lands there
 * and clears that chunk's reward. Explicit turn ids rule this fault out.
 *
 * `tokenCount` gives the number of tokens of a text. Later entries overwrite earlier ones.
 */
export function placeTurnRewards(
  transcript: string,
  rewards: { readonly gains: ReadonlyArray<number>; readonly outcome: number },
  tokenCount: (text: string) => number,
): Float64Array {
  const placed = new Float64Array(tokenCount(transcript));
  const chunks = transcript.split(TURN_SEPARATOR);
  const gains = fittingGains(rewards.gains, chunks.length);
  gains.forEach((gain, turn) => {
    const chunk = chunks[turn]!;
    const start = turn === 0 ? 0 : tokenCount(transcript.slice(0, transcript.indexOf(chunk)));
    const end = start + tokenCount(chunk);
    placed.fill(0, start, end);
    if (end > start) placed[end - 1] = gain;
  });
  if (placed.length > 0) placed[placed.length - 1] = rewards.outcome;
  return placed;
}

/** The gains if each chunk but the last has one, else none. */
function fittingGains(gains: ReadonlyArray<number>, chunkCount: number): ReadonlyArray<number> {
  if (gains.length === 0 || chunkCount === 1) return [];
  const padded = gains.length !== chunkCount - 1 && chunkCount > TURN_CAP ? [...gains, 0] : gains;
  if (gains.length !== chunkCount - 1 && chunkCount <= TURN_CAP) return [];
  return padded.slice(0, chunkCount - 1);
}
