import type { EpisodeAdvantages } from "./advantages.ts";

/** The places of tokens in an episode, one entry per token. */
export interface TokenPlaces {
  /** Turn of each token, counted from 0. */
  readonly turn: ArrayLike<number>;
  /** Index of each token among all tokens after the prompt; read only for a baseline by index. */
  readonly responseIndex: ArrayLike<number>;
}

/** Advantage of each token, looked up by its turn id, or by its response index for a baseline by index. */
export function broadcastAdvantages(
  { turn, position }: EpisodeAdvantages,
  places: TokenPlaces,
): Float64Array {
  return position === null
    ? Float64Array.from(places.turn, (t) => turn[t]!)
    : Float64Array.from(places.responseIndex, (p) => position[p]!);
}

/** Clip-range factor of each token: that of its turn. */
export function broadcastClipScale(
  { clipScale }: EpisodeAdvantages,
  places: Pick<TokenPlaces, "turn">,
): Float64Array {
  return Float64Array.from(places.turn, (t) => clipScale[t]!);
}
