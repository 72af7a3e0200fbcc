import { ok } from "node:assert/strict";
import fc from "fast-check";
import {
  type EpisodeAdvantages,
  type EpisodeRewards,
  groupAdvantages,
} from "../../src/igpo/advantages.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { discounted } from "./arbitraries.ts";

/** Normalised rewards z of a group: at gamma 0 the return is the reward itself. */
export function normalised(rollouts: ReadonlyArray<EpisodeRewards>, preset: Preset) {
  return groupAdvantages(rollouts, discounted(preset, 0)).map(({ turn }) => turn);
}

/** All numbers of the advantages in one row, token advantages included where there are any. */
export function values(advantages: ReadonlyArray<EpisodeAdvantages>): Float64Array {
  return Float64Array.from(
    advantages.flatMap(({ turn, position }) => [...turn, ...position ?? []]),
  );
}

export function sum(numbers: Iterable<number>): number {
  return Float64Array.from(numbers).reduce((total, x) => total + x, 0);
}

/** Gains mapped by a x + b, outcomes by c x + d. */
export function affine(
  rollouts: ReadonlyArray<EpisodeRewards>,
  a: number,
  b: number,
  c: number,
  d: number,
) {
  return rollouts.map((rollout) => ({
    ...rollout,
    gain: rollout.gain.map((x) => a * x + b),
    outcome: c * rollout.outcome + d,
  }));
}

/** Whether both kinds of reward vary, so that eps and the floor under the root hardly matter. */
export function hasSpread(rollouts: ReadonlyArray<EpisodeRewards>): boolean {
  const distinct = (xs: ReadonlyArray<number>) => new Set(xs).size > 1;
  return distinct(rollouts.flatMap(({ gain }) => [...gain])) &&
    distinct(rollouts.map(({ outcome }) => outcome));
}

/**
 * Checks a law on drawn cases. `check` throws where the law is broken, and tells whether the case was one that the law is
 * about: where fewer than `share` of the cases are, the law proves little, and fails. Each share is at most half of what
 * is met on average. Where the first draws fall short of it, ten times as many decide, so that chance does not.
 */
export function law<A>(
  share: number,
  drawn: fc.Arbitrary<A>,
  check: (value: A) => boolean,
  runs = 100,
): void {
  let met = 0;
  const property = fc.property(drawn, (value) => {
    met += Number(check(value));
  });
  fc.assert(property, { numRuns: runs });
  if (met >= share * runs) return;
  fc.assert(property, { numRuns: 9 * runs });
  const least = share * 10 * runs;
  ok(met >= least, `the law met its case ${met} times of ${10 * runs}, expected ${least}`);
}
