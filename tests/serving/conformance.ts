import { deepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import type { Policy } from "../../src/policy/policy.ts";
import { mean, standardDeviation } from "../../src/math/statistics.ts";
import { assertClose } from "../support/comparison.ts";
import { randomIds } from "../support/random_values.ts";
import { PLAIN } from "../support/tiny_policy.ts";

/** What a policy is held to. */
export interface Conformance {
  /** The policy that samples. */
  readonly policy: Policy["Service"];
  /** The policy that is trained. */
  readonly local: Policy["Service"];
  readonly vocabulary: number;
  readonly stopIds: ReadonlyArray<number>;
  /** Largest difference of log-probs, nats. */
  readonly tolerance: number;
  readonly runs: number;
}

const MOST_TOKENS = 12;

/**
 * The law of a policy: what it says of a message that it sampled is what the trainer says of it, whole or in two parts;
 * the same request gives the same message; a message ends at its first stop token or at the limit.
 */
export async function checkConformance(
  { policy, local, vocabulary, stopIds, tolerance, runs }: Conformance,
): Promise<void> {
  const id = fc.integer({ min: 0, max: vocabulary - 1 });
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  const cases = fc.record({
    context: fc.array(id, { minLength: 2, maxLength: 24 }),
    key: fc.tuple(word, word),
    maxTokens: fc.integer({ min: 1, max: MOST_TOKENS }),
    cut: fc.nat(MOST_TOKENS),
  });
  let number = 0;
  const law = fc.asyncProperty(cases, async ({ context, key, maxTokens, cut }) => {
    const tokens = Uint32Array.from(context);
    const request = () => ({ sequence: `law ${number++}`, tokens, key, maxTokens });
    const options = { sampling: PLAIN, stopIds };
    const logProbsFrom = (whole: Uint32Array, from: number, end: number) =>
      local.logProbs([{
        tokens: whole.subarray(0, end),
        position: Uint32Array.from({ length: end - from }, (_, i) => from + i),
      }], 1).pipe(Effect.map(([found]) => [...found!.logProb]));
    await Effect.runPromise(Effect.gen(function* () {
      const [message] = yield* policy.generate([request()], options);
      const [again] = yield* policy.generate([request()], options);
      deepStrictEqual([...again!.tokens], [...message!.tokens], "the same request");
      assertClose(again!.logProbs, message!.logProbs, { atol: tolerance });
      const length = message!.tokens.length;
      const ends = message!.tokens.findIndex((one) => stopIds.includes(one));
      deepStrictEqual([ends, message!.stopped], ends < 0 ? [-1, false] : [length - 1, true]);
      ok(length === maxTokens || message!.stopped, `${length} of ${maxTokens} tokens`);
      const whole = Uint32Array.of(...tokens, ...message!.tokens);
      const all = yield* logProbsFrom(whole, tokens.length, whole.length);
      assertClose(message!.logProbs, Float64Array.from(all), { atol: tolerance });
      const middle = tokens.length + Math.min(cut, length);
      const parts = [
        ...(middle === tokens.length ? [] : yield* logProbsFrom(whole, tokens.length, middle)),
        ...(middle === whole.length ? [] : yield* logProbsFrom(whole, middle, whole.length)),
      ];
      assertClose(Float64Array.from(parts), Float64Array.from(all), { atol: tolerance });
    }));
  });
  await fc.assert(law, { numRuns: runs });
}

/** Messages of one token of which the draws are judged. */
const DRAWS = 200;

/**
 * Draws are from the whole distribution: minus their mean log-prob is its entropy within four standard errors. Filters and
 * penalties would lower it, which no log-prob tells.
 */
export async function checkDraws(
  { policy, local, vocabulary }: Pick<Conformance, "policy" | "local" | "vocabulary">,
): Promise<void> {
  const tokens = randomIds(7, 6, vocabulary);
  const requests = Array.from({ length: DRAWS }, (_, i) => ({
    sequence: `draw ${i}`,
    tokens,
    key: [i, 9] as const,
    maxTokens: 1,
  }));
  await Effect.runPromise(Effect.gen(function* () {
    const messages = yield* policy.generate(requests, { sampling: PLAIN, stopIds: [] });
    const surprise = Float64Array.from(messages, ({ logProbs }) => -logProbs[0]!);
    const next = Uint32Array.of(...tokens, 0);
    const position = Uint32Array.of(tokens.length);
    const [found] = yield* local.logProbs([{ tokens: next, position }], 1);
    const error = standardDeviation(surprise, 1) / Math.sqrt(DRAWS);
    const entropy = found!.entropy[0]!;
    ok(entropy > 0.1, `entropy ${entropy}`);
    ok(
      Math.abs(mean(surprise) - entropy) < 4 * error,
      `${mean(surprise)} ± ${error}, entropy ${entropy}`,
    );
  }));
}
