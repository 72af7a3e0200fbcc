import { CLIP_STATE, type SurrogateResult } from "./surrogate.ts";

/** Shares of trained tokens whose ratio was clipped. */
export interface ClipFractions {
  /** Clipped at the lower or the upper end of the clip range. */
  readonly clipped: number;
  readonly low: number;
  readonly high: number;
  /** Bounded by the dual clip. */
  readonly dual: number;
}

const NONE: ClipFractions = { clipped: 0, low: 0, high: 0, dual: 0 };

/** Clip fractions over the tokens of a batch, and of each turn index: [0] is the first turn's. */
export function clipFractions(
  sequences: ReadonlyArray<{
    readonly turn: ArrayLike<number>;
    readonly result: Pick<SurrogateResult, "clipState">;
  }>,
): { readonly all: ClipFractions; readonly byTurn: ReadonlyArray<ClipFractions> } {
  const states: Array<number> = [];
  const statesByTurn: Array<Array<number>> = [];
  for (const { turn, result } of sequences) {
    result.clipState.forEach((state, p) => {
      states.push(state);
      (statesByTurn[turn[p]!] ??= []).push(state);
    });
  }
  return {
    all: fractionsOf(states),
    byTurn: Array.from(statesByTurn, (turnStates) => fractionsOf(turnStates ?? [])),
  };
}

function fractionsOf(states: ReadonlyArray<number>): ClipFractions {
  if (states.length === 0) return NONE;
  const share = (wanted: number) =>
    states.filter((state) => state === wanted).length / states.length;
  const low = share(CLIP_STATE.low);
  const high = share(CLIP_STATE.high);
  return { clipped: low + high, low, high, dual: share(CLIP_STATE.dual) };
}
