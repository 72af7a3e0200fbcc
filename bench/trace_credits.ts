/** The credits of `./igpo credit` for episodes of a built-in world, and of assigners that know next to nothing. */
import { Effect } from "effect";
import type { Episode } from "../src/domain/episode.ts";
import type { Trace } from "../src/domain/trace.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { createRandom } from "../src/math/random.ts";
import { keyFromSeed } from "../src/math/threefry.ts";
import type { RenderedTrace } from "../src/pipeline/render_trace.ts";
import { makeSwapPool } from "../src/pipeline/swap_pool.ts";
import { creditTrace, OTHER_CREDITS } from "../src/pipeline/trace_credit.ts";
import type { Protocol } from "../src/text/protocol.ts";

/** The credits of a turn, by the name of each. */
export type TurnCredits = Readonly<Record<string, number>>;

/** Units in which a credit is measured: the probability of a gold token, and its log. */
const MEASURES = { prob: "probability", logprob: "nats" } as const;

/**
 * The credits of all turns of each episode but the last, after which nothing is read: gain, leave-one-out and swapped,
 * and three baselines. A turn that read no result has nothing to swap and gets 0.
 */
export const creditEpisodes = Effect.fn("creditEpisodes")(function* (
  episodes: ReadonlyArray<Episode>,
  { protocol, seed }: { readonly protocol: Protocol; readonly seed: number },
) {
  const traces = episodes.map(traceOf);
  const pool = makeSwapPool();
  for (const trace of traces) pool.add(trace);
  const random = createRandom(keyFromSeed(seed));
  const measured = Object.entries(MEASURES) as ReadonlyArray<["prob" | "logprob", string]>;
  return yield* Effect.forEach(episodes, (episode, e) =>
    Effect.gen(function* () {
      const rendered = renderedOf(episode);
      const count = rendered.turns.length;
      if (count === 0) return [];
      const byMeasure = yield* Effect.forEach(measured, ([measure, unit]) =>
        Effect.map(
          creditTrace(traces[e]!, rendered, {
            protocol,
            gain: { ...PRESETS["paper-v2"]!.gain, measure },
            others: OTHER_CREDITS,
            swap: pool.textsFor,
          }),
          (credit) => [unit, credit] as const,
        ));
      return rendered.turns.map((_, turn): TurnCredits => ({
        ...Object.fromEntries(byMeasure.flatMap(([unit, { gain, leaveOneOut, swapped }]) => [
          [`gain, ${unit}`, gain[turn]!],
          [`leave-one-out, ${unit}`, leaveOneOut![turn]!],
          [`swapped, ${unit}`, Number.isNaN(swapped![turn]!) ? 0 : swapped![turn]!],
        ])),
        random: 2 * random.next() - 1,
        "last search only": turn === count - 1 ? 1 : 0,
        length: episode.turns.length,
      }));
    }));
});

/** An episode as a log without its last turn; what was thought and called is in the tokens. */
function traceOf({ id, question, turns }: Episode): Trace {
  return {
    ...{ id, source: id, format: "igpo", question: question.text, golds: question.golds },
    ...{ system: null, answer: null, reward: null, lost: [] },
    turns: turns.slice(0, -1).map(({ results }) => ({
      ...{ think: null, text: null, replies: [], seconds: null, source: id },
      calls: results.map(({ call, content, failure, seconds }) => ({
        ...{ name: call.name, arguments: call.arguments },
        ...{ result: content, isError: failure !== null, seconds },
      })),
    })),
  };
}

/** The very tokens of an episode without its last turn. */
function renderedOf({ tokens, spans, promptBoundary, turns }: Episode): RenderedTrace {
  return {
    prompt: tokens.subarray(0, promptBoundary),
    turns: turns.slice(0, -1).map(({ boundary }, turn) => {
      const { end } = spans.find(({ kind, turn: of }) => kind === "action" && of === turn)!;
      return {
        message: tokens.subarray(turns[turn - 1]?.boundary ?? promptBoundary, end),
        observation: tokens.subarray(end, boundary),
      };
    }),
    notes: [],
  };
}
