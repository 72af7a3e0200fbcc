import { Effect } from "effect";
import type { Trace } from "../domain/trace.ts";
import { beliefOf, combineBeliefs, gainsAgainstWithout, gainsOf, valueOf } from "../igpo/belief.ts";
import type { GainConfig } from "../igpo/preset.ts";
import { type BeliefRequest, Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import { concatIds } from "../text/slot.ts";
import { observe, type RenderedTrace } from "./render_trace.ts";

/** The credits that a turn can have beside its gain. */
export const OTHER_CREDITS = ["leave-one-out", "swapped"] as const;

/** One of {@link OTHER_CREDITS}. */
export type OtherCredit = typeof OTHER_CREDITS[number];

/** How traces are scored. */
export interface CreditOptions {
  readonly protocol: Protocol;
  readonly gain: GainConfig & { readonly measure: "logprob" | "prob" };
  readonly others: ReadonlyArray<OtherCredit>;
  /** What a turn of a trace could have read instead; null where there is nothing. */
  readonly swap: (trace: Trace, turn: number) => ReadonlyArray<string> | null;
}

/** What each of the T scored turns of a trace was worth, in the unit of the measure. */
export interface Credit {
  /** (T+1) before the first turn and after each, nats a gold token. */
  readonly belief: Float64Array;
  /** Log-probs of the first gold answer's tokens, a row for each belief. */
  readonly goldLogProb: ReadonlyArray<Float64Array>;
  /** (T) belief after a turn minus that before it. */
  readonly gain: Float64Array;
  /** (T) the last belief with the turn cut out of the context, nats; null where it was not asked for. */
  readonly without: Float64Array | null;
  /** (T) the last value minus that without the turn. */
  readonly leaveOneOut: Float64Array | null;
  /** (T) the value after the turn minus that with other texts in place of what it read; NaN where it read nothing. */
  readonly swapped: Float64Array | null;
}

/** Measures all credits of a rendered trace by the scorer of training: beliefs at all boundaries from one pass. */
export const creditTrace = Effect.fn("creditTrace")(function* (
  trace: Trace,
  rendered: RenderedTrace,
  options: CreditOptions,
) {
  const { gain, others } = options;
  const scorer = yield* makeScorer(trace, options);
  const contexts = contextsOf(rendered);
  const [belief, goldLogProb] = yield* scorer.score("", contexts.whole, contexts.boundaries);
  const without = others.includes("leave-one-out")
    ? yield* lastBeliefs(contexts.count, (turn) => scorer.score(" without", contexts.without(turn)))
    : null;
  const swapped = others.includes("swapped")
    ? yield* lastBeliefs(contexts.count, (turn) => {
      const texts = options.swap(trace, turn);
      if (texts === null) return null;
      const { observation } = rendered.turns[turn]!;
      const other = observationLike(observation, texts, options.protocol);
      return scorer.score(" swapped", contexts.swapped(turn, other));
    })
    : null;
  for (const name of ["", " without", " swapped"]) scorer.retire(name);
  return {
    belief,
    goldLogProb,
    gain: gainsOf(belief, gain.measure),
    without,
    leaveOneOut: without === null ? null : gainsAgainstWithout(belief, without, gain.measure),
    swapped: swapped === null
      ? null
      : swapped.map((ell, turn) =>
        valueOf(belief[turn + 1]!, gain.measure) - valueOf(ell, gain.measure)
      ),
  } satisfies Credit;
});

/** Answers with beliefs at boundaries of a context, its end unless others are given, and the rows of the first gold. */
const makeScorer = Effect.fnUntraced(function* (
  { id, golds }: Trace,
  { protocol, gain }: CreditOptions,
) {
  const policy = yield* Policy;
  const accepted = gain.golds === "first" ? golds!.slice(0, 1) : golds!;
  const probes = accepted.map(protocol.probe);
  const score = Effect.fnUntraced(function* (
    name: string,
    tokens: Uint32Array,
    boundaries: ReadonlyArray<number> = [tokens.length],
  ) {
    const sequence = `${id}${name}`;
    const rows = yield* policy.beliefs(
      probes.map((probe): BeliefRequest => ({ sequence, tokens, boundaries, probe })),
    );
    const belief = Float64Array.from(
      boundaries,
      (_, i) => combineBeliefs(rows.map((row) => beliefOf(row[i]!, gain.logProbFloor)), gain.golds),
    );
    return [belief, rows[0]!] as const;
  });
  return { score, retire: (name: string) => policy.retire(`${id}${name}`) };
});

/** An observation of other texts that is no longer than a real one. */
function observationLike(
  real: Uint32Array,
  texts: ReadonlyArray<string>,
  protocol: Protocol,
): Uint32Array {
  const glue = observe([], protocol).length;
  const tokens = Math.max(0, Math.floor((real.length - glue) / texts.length) - 1);
  return observe(texts.map((text) => protocol.cut(text, { tokens, cut: "right" })), protocol);
}

/**
 * The last belief of a context for each turn; NaN for none. From the last turn to the first, so that each context
 * shares its longest beginning with the one before it, whose keys and values are in the cache.
 */
const lastBeliefs = Effect.fnUntraced(function* <E, R>(
  count: number,
  score: (
    turn: number,
  ) => Effect.Effect<readonly [Float64Array, ReadonlyArray<Float64Array>], E, R> | null,
) {
  const found = new Float64Array(count).fill(NaN);
  for (let turn = count - 1; turn >= 0; turn--) {
    const scored = score(turn);
    if (scored !== null) found[turn] = (yield* scored)[0].at(-1)!;
  }
  return found;
});

/** The contexts in which beliefs are measured. */
function contextsOf({ prompt, turns }: RenderedTrace) {
  const parts = turns.map(({ message, observation }) => concatIds(message, observation));
  let end = prompt.length;
  const boundaries = [end, ...parts.map((part) => end += part.length)];
  return {
    count: parts.length,
    whole: concatIds(prompt, ...parts),
    boundaries,
    without: (turn: number) => concatIds(prompt, ...parts.toSpliced(turn, 1)),
    swapped: (turn: number, observation: Uint32Array) =>
      concatIds(prompt, ...parts.slice(0, turn), turns[turn]!.message, observation),
  };
}
