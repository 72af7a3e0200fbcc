import fc from "fast-check";
import type { EpisodeRewards } from "../../src/igpo/advantages.ts";
import type { Evaluation, SurrogateTokens } from "../../src/igpo/surrogate.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";

/** Finite numbers of moderate size on a grid, so that equal and zero values occur. */
export function grid(min: number, max: number, steps = 40): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: steps }).map((n) => min + (max - min) * n / steps);
}

/**
 * Numbers of a range as a law meets them: half lie evenly between the ends, the others on a grid of eighths, so that
 * equal values, the ends and zero occur. `fc.double` draws evenly among representable numbers, nearly all of them tiny.
 */
export function real(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(grid(min, max, 2 ** 30), grid(min, max, 8));
}

/** The ranges of a mixture, each as often as the others. */
export function mixture(
  ...ranges: ReadonlyArray<readonly [min: number, max: number]>
): fc.Arbitrary<number> {
  return fc.oneof(...ranges.map(([min, max]) => real(min, max)));
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

/** A mean log-prob: of a likely answer, of an unlikely one, of one that is hardly possible, of a certain one. */
export const logProb = mixture([-1, -0.01], [-4, -1], [-20, -4], [-1e-3, 0]);

/** Beliefs of an episode of T turns: mean log-probs, so never above 0. */
export const beliefs = fc.array(logProb, { minLength: 1, maxLength: 6 })
  .map((list) => Float64Array.from(list));

/** A sequence of trained tokens with its evaluation, log-ratios up to `reach` nats, and many at 0 and at a tenth of it. */
export function sequence(reach: number): fc.Arbitrary<SurrogateTokens & Evaluation> {
  const token = fc.record({
    logProb: mixture([-5, 0], [-0.1, 0]),
    offset: mixture([-reach, reach], [-reach / 10, reach / 10]),
    reference: mixture([-1.5, 1.5], [-0.1, 0.1]),
    advantage: mixture([-3, 3], [-0.1, 0.1]),
    entropy: real(0, 4),
    turn: fc.integer({ min: 0, max: 2 }),
  });
  // All tokens of a sequence weigh the same, in each mode of aggregation.
  const weight = fc.constantFrom(0.25, 0.5, 1);
  return fc.tuple(fc.array(token, { minLength: 1, maxLength: 8 }), weight).map(([tokens, all]) => ({
    turn: Uint32Array.from(tokens, ({ turn }) => turn).sort(),
    advantage: Float64Array.from(tokens, ({ advantage }) => advantage),
    weight: Float64Array.from(tokens, () => all / tokens.length),
    clipScale: Float64Array.from(tokens, () => 1),
    behaviourLogProb: Float64Array.from(tokens, (t) => t.logProb - t.offset),
    referenceLogProb: Float64Array.from(tokens, (t) => t.logProb - t.reference),
    importanceWeight: null,
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
