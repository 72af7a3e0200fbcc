import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import type { Episode } from "../../src/domain/episode.ts";
import { trainedPositions } from "../../src/pipeline/advantage.ts";
import {
  appendMessage,
  appendObservation,
  closeEpisode,
  openEpisode,
} from "../../src/pipeline/open_episode.ts";
import type { BeliefRequest } from "../../src/policy/policy.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { TINY } from "../support/tiny_models.ts";
import { openTiny } from "../support/tiny_policy.ts";
import { law, sum } from "./support.ts";

/** Lengths of the parts of one turn: the header of the message, the message, the results after it. */
interface Part {
  readonly header: number;
  readonly message: number;
  readonly observation: number;
}

const part = fc.record<Part>({
  header: fc.nat(3),
  message: fc.integer({ min: 1, max: 5 }),
  observation: fc.nat(5),
});
const drawnParts = fc.record({
  prompt: fc.integer({ min: 1, max: 6 }),
  parts: fc.array(part, { minLength: 1, maxLength: 5 }),
});

type Drawn = typeof drawnParts extends fc.Arbitrary<infer A> ? A : never;

/** Ids of sampled tokens begin here, those of turn t at `SAMPLED * (t + 1)`, so that an id says where it came from. */
const SAMPLED = 1000;
/** Log-prob of every sampled token. */
const LOG_PROB = -0.5;

/** An episode that is put together as rollouts put theirs, of `parts`. */
function played({ prompt, parts }: Drawn) {
  const ids = (length: number, first: number) => Uint32Array.from({ length }, (_, i) => first + i);
  const opening = (length: number, turn: number) => {
    const { header } = parts[turn]!;
    return { ids: ids(length + header, 1), header };
  };
  const action = { _tag: "Malformed", reason: "none" } as const;
  let open = openEpisode({
    id: "0/q/0",
    question: { id: "q", text: "?", golds: ["a"], kind: "test" },
    step: 0,
    sample: 0,
    policyVersion: 0,
  }, opening(prompt, 0));
  for (const [turn, { message, observation }] of parts.entries()) {
    open = appendMessage(open, {
      tokens: ids(message, SAMPLED * (turn + 1)),
      logProbs: new Float64Array(message).fill(LOG_PROB),
    });
    if (turn < parts.length - 1) {
      open = appendObservation(open, { action, results: [] }, opening(observation, turn + 1));
    }
  }
  return closeEpisode(open, { action, results: [] }, { ending: "turn_limit", outcome: null });
}

const hasAllKinds = ({ spans }: Episode) => new Set(spans.map(({ kind }) => kind)).size === 4;

Deno.test("law 31: prompt, headers and observations are never trained, and every sampled token is, in its turn", () =>
  law(0.3, drawnParts, (drawn) => {
    const episode = played(drawn);
    const { position, turn } = trainedPositions(episode);
    deepStrictEqual(
      [...position],
      [...episode.tokens.keys()].filter((p) => episode.tokens[p]! >= SAMPLED),
    );
    deepStrictEqual(
      [...turn],
      [...position].map((p) => Math.floor(episode.tokens[p]! / SAMPLED) - 1),
    );
    strictEqual(sum(episode.behaviourLogProb), LOG_PROB * position.length);
    return hasAllKinds(episode);
  }));

Deno.test("law 43: the trained ids are the sampled ids, and the spans cover the episode once", () =>
  law(0.3, drawnParts, (drawn) => {
    const episode = played(drawn);
    deepStrictEqual(
      [...trainedPositions(episode).position].map((p) => episode.tokens[p]!),
      drawn.parts.flatMap(({ message }, t) =>
        Array.from({ length: message }, (_, i) => SAMPLED * (t + 1) + i)
      ),
    );
    let end = 0;
    for (const span of episode.spans) {
      strictEqual(span.start, end);
      end = span.end;
    }
    strictEqual(end, episode.tokens.length);
    return hasAllKinds(episode);
  }));

const id = fc.nat(TINY.qwen3.vocabulary - 1);
const probed = fc.record({
  context: fc.array(id, { minLength: 2, maxLength: 20 }),
  cut: fc.double({ min: 0, max: 1, noNaN: true }),
  prefix: fc.array(id, { minLength: 1, maxLength: 4 }),
  gold: fc.array(id, { minLength: 1, maxLength: 4 }),
  suffix: fc.array(id, { maxLength: 3 }),
  /** What stands after the boundary and after the gold answer instead. */
  other: fc.array(id, { maxLength: 3 }),
});

type Probed = typeof probed extends fc.Arbitrary<infer A> ? A : never;

Deno.test("law 6: a belief of a model is the log-probs of the gold tokens after the context and the prefix; law 7: nothing later counts", () =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { policy } = yield* openTiny(createInterpreter());
    let sequences = 0;
    const beliefOf = async (request: Omit<BeliefRequest, "sequence">) => {
      const asked = { ...request, sequence: `s${sequences++}` };
      return (await Effect.runPromise(policy.beliefs([asked])))[0]![0]!;
    };
    const check = async (
      { context, cut, prefix, gold, suffix, other }: Probed,
    ) => {
      const boundary = 1 + Math.floor(cut * (context.length - 1));
      const before = context.slice(0, boundary);
      const span = { start: prefix.length, end: prefix.length + gold.length };
      const belief = await beliefOf({
        tokens: Uint32Array.from(context),
        boundaries: [boundary],
        probe: { ids: Uint32Array.of(...prefix, ...gold, ...suffix), ...span },
      });
      const [whole] = await Effect.runPromise(policy.logProbs([{
        tokens: Uint32Array.of(...before, ...prefix, ...gold),
        position: Uint32Array.from(gold, (_, i) => boundary + prefix.length + i),
      }], 1));
      assertClose(belief, whole!.logProb, { atol: 1e-9 });
      const edited = await beliefOf({
        tokens: Uint32Array.of(...before, ...other),
        boundaries: [boundary],
        probe: { ids: Uint32Array.of(...prefix, ...gold, ...other), ...span },
      });
      deepStrictEqual(edited, belief);
    };
    yield* Effect.promise(() => fc.assert(fc.asyncProperty(probed, check), { numRuns: 30 }));
  }))));
