import { hashString, keyFromSeed, type RandomKey, splitKey } from "../math/threefry.ts";

/** The purposes for which a run draws random numbers; no two share a key. */
const PURPOSE = { questions: 0, rollout: 1, evaluation: 2, resample: 3 } as const;

/** The key of one purpose of a run. */
export function runKey(seed: number, purpose: keyof typeof PURPOSE): RandomKey {
  return splitKey(keyFromSeed(seed), PURPOSE[purpose]);
}

/** The key of one episode; a turn's key is split from it by the turn. */
export function episodeKey(
  key: RandomKey,
  place: { readonly step: number; readonly questionId: string; readonly sample: number },
): RandomKey {
  return splitKey(key, place.step, hashString(place.questionId), place.sample);
}
