import assert from "node:assert/strict";
import { Effect } from "effect";
import type { BeliefRequest } from "../../src/policy/policy.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine } from "../support/engines.ts";
import { bitsOf, context, openTiny, PLAIN } from "../support/tiny_policy.ts";

/** Five trajectories of different lengths with several boundaries, and probes of different answers. */
const REQUESTS = Array.from({ length: 5 }, (_, i): BeliefRequest => {
  const tokens = context(20 + i, 18 + 3 * i);
  return {
    sequence: `s${i}`,
    tokens,
    boundaries: [4, 5, 9 + i, tokens.length],
    probe: { ids: context(40 + i, 5 + i), start: 2, end: 4 + i },
  };
});

const flat = (beliefs: ReadonlyArray<ReadonlyArray<Float64Array>>) =>
  beliefs.flatMap((request) => request.flatMap((row) => [...row]));

eachEngine(
  "beliefs() in one pass are those of separate passes",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const onePass = yield* policy.beliefs(REQUESTS);
      const sequential = yield* policy.beliefsSequential(REQUESTS);
      onePass.forEach((request, i) => {
        const { boundaries, probe } = REQUESTS[i]!;
        assert.equal(request.length, boundaries.length);
        for (const row of request) assert.equal(row.length, probe.end - probe.start);
      });
      const atol = engine.name === "plain" ? 1e-9 : 1e-4;
      assertClose(flat(onePass), flat(sequential), { atol });
    }),
);

eachEngine(
  "beliefs() do not depend on rows and tokens a pass may hold",
  (engine) =>
    Effect.gen(function* () {
      const roomy = yield* openTiny(engine.fresh());
      const narrow = yield* openTiny(engine.fresh(), { capacity: { rows: 2, passTokens: 13 } });
      const want = flat(yield* roomy.policy.beliefs(REQUESTS));
      assert.deepEqual(flat(yield* narrow.policy.beliefs(REQUESTS)), want);
    }),
);

eachEngine(
  "beliefs() do not depend on which contexts are cached",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const fresh = flat(yield* policy.beliefs(REQUESTS));
      assert.deepEqual(flat(yield* policy.beliefs(REQUESTS)), fresh, "all cached");
      policy.release();
      const requests = REQUESTS.map(({ sequence, tokens }) => ({
        sequence,
        tokens: tokens.slice(0, 7),
        key: [1, 2] as const,
        maxTokens: 3,
      }));
      yield* policy.generate(requests, { sampling: PLAIN, stopIds: [] });
      assert.deepEqual(flat(yield* policy.beliefs(REQUESTS)), fresh, "cached in part");
    }),
);

eachEngine(
  "beliefs() leave nothing behind: generate() goes on with the same bits",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const requests = REQUESTS.map(({ sequence, tokens }, i) => ({
        sequence,
        tokens,
        key: [i, 2] as const,
        maxTokens: 6,
      }));
      const options = { sampling: PLAIN, stopIds: [] };
      const without = (yield* policy.generate(requests, options)).map(bitsOf);
      // The same requests again, with beliefs in the middle of a sequence that stays in the cache.
      const first = requests.map((request) => ({
        ...request,
        tokens: request.tokens.slice(0, 12),
      }));
      policy.release();
      yield* policy.generate(first, options);
      const asked = REQUESTS.map((request) => ({
        ...request,
        tokens: request.tokens.slice(0, 12),
        boundaries: [3, 12],
      }));
      yield* policy.beliefs(asked);
      yield* policy.beliefs(REQUESTS);
      assert.deepEqual((yield* policy.generate(requests, options)).map(bitsOf), without);
    }),
);

eachEngine(
  "beliefs() are measured at temperature 1 whatever was sampled at",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const [{ tokens, probe }] = REQUESTS as [BeliefRequest];
      const [[belief]] = (yield* policy.beliefs([REQUESTS[0]!])) as [[Float64Array]];
      const joined = Uint32Array.from([...tokens.slice(0, 4), ...probe.ids]);
      const position = Uint32Array.from(
        { length: probe.end - probe.start },
        (_, i) => 4 + probe.start + i,
      );
      const [evaluated] = yield* policy.logProbs([{ tokens: joined, position }], 1);
      assertClose(belief, evaluated!.logProb, { atol: engine.name === "plain" ? 1e-9 : 1e-4 });
    }),
);

eachEngine(
  "beliefs() of two answers at boundaries of one sequence are those of each asked alone",
  (engine) =>
    Effect.gen(function* () {
      const twice = REQUESTS.flatMap((request, i) => [
        { ...request, boundaries: request.boundaries.slice(0, 2) },
        { ...request, probe: { ids: context(70 + i, 6), start: 1, end: 4 } },
      ]);
      const { policy } = yield* openTiny(engine.fresh());
      const together = yield* policy.beliefs(twice);
      for (const [i, request] of twice.entries()) {
        policy.release();
        assert.deepEqual(yield* policy.beliefs([request]), [together[i]!], `request ${i}`);
      }
    }),
);
