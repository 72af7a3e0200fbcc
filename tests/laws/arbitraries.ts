import fc from "fast-check";
import type { EpisodeRewards } from "../../src/igpo/advantages.ts";
import type { Evaluation, SurrogateTokens } from "../../src/igpo/surrogate.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";

/** Finite numbers of moderate size on a grid, so that equal and zero values occur. */
export function grid(min: number, max: number, steps = 40): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: steps }).map((n) => min + (max - min) * n / steps);
}

export const gamma = fc.constantFrom(0, 0.3, 0.5, 0.95, 1);

/** An episode of 1 to 4 turns with gains of log-prob size. */
export const episode: fc.Arbitrary<EpisodeRewards> = fc.record({
  gain: fc.array(grid(-2, 3), { maxLength: 3 }),
  outcome: fc.oneof(fc.constant(-2), grid(0, 1, 10)),
  turnTokens: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 4, maxLength: 4 }),
}).map(({ gain, outcome, turnTokens }) => rewards(gain, outcome, turnTokens));

export const group = fc.array(episode, { minLength: 1, maxLength: 5 });
export const batch = fc.array(group, { minLength: 1, maxLength: 3 });

export function rewards(
  gain: Iterable<number>,
  outcome: number,
  turnTokens: ReadonlyArray<number> = [],
): EpisodeRewards {
  const gains = Float64Array.from(gain);
  const tokens = Array.from({ length: gains.length + 1 }, (_, t) => turnTokens[t] ?? 2);
  return {
    gain: gains,
    outcome,
    malformed: tokens.map(() => false),
    turnTokens: tokens,
    sampledTokens: tokens,
  };
}

/** Beliefs of an episode of T turns: mean log-probs, so never above 0. */
export const beliefs = fc.array(fc.double({ min: -20, max: 0, noNaN: true }), {
  minLength: 1,
  maxLength: 6,
}).map((list) => Float64Array.from(list));

/** A sequence of trained tokens with its evaluation, log-ratios up to `reach` nats. */
export function sequence(reach: number): fc.Arbitrary<SurrogateTokens & Evaluation> {
  const logProb = fc.double({ min: -5, max: 0, noNaN: true });
  const offset = fc.double({ min: -reach, max: reach, noNaN: true });
  const token = fc.record({
    logProb,
    offset,
    reference: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    advantage: fc.double({ min: -3, max: 3, noNaN: true }),
    entropy: fc.double({ min: 0, max: 4, noNaN: true }),
    turn: fc.integer({ min: 0, max: 2 }),
  });
  return fc.array(token, { minLength: 1, maxLength: 8 }).map((tokens) => ({
    turn: Uint32Array.from(tokens, ({ turn }) => turn).sort(),
    advantage: Float64Array.from(tokens, ({ advantage }) => advantage),
    weight: Float64Array.from(tokens, () => 1 / tokens.length),
    clipScale: Float64Array.from(tokens, () => 1),
    behaviourLogProb: Float64Array.from(tokens, (t) => t.logProb - t.offset),
    referenceLogProb: Float64Array.from(tokens, (t) => t.logProb - t.reference),
    logProb: Float64Array.from(tokens, (t) => t.logProb),
    entropy: Float64Array.from(tokens, ({ entropy }) => entropy),
  }));
}

export const ALL: ReadonlyArray<Preset> = Object.values(PRESETS);

export function presets(...names: ReadonlyArray<string>): ReadonlyArray<Preset> {
  return names.map((name) => PRESETS[name]!);
}

export function discounted(preset: Preset, rate: number): Preset {
  return { ...preset, credit: { ...preset.credit, gamma: rate } };
}
