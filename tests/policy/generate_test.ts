import assert from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { type Sampling, stopDims } from "../../src/model/decode.ts";
import type { Engine } from "../../src/model/engine.ts";
import { createRandom } from "../../src/math/random.ts";
import type { GenerateOptions, GenerateRequest, Policy } from "../../src/policy/policy.ts";
import { eachEngine, type TestEngine } from "../support/engines.ts";
import {
  bitsOf,
  context,
  FILTERED,
  GREEDY,
  openTiny,
  PLAIN,
  request,
} from "../support/tiny_policy.ts";

/** Several stop ids, so that rows end at different lengths. */
const STOPS = [123, 260, 204, 190];
const REQUESTS = Array.from({ length: 18 }, (_, i) => request(i));

const optionsOf = (sampling: Sampling): GenerateOptions => ({ sampling, stopIds: STOPS });
const SAMPLINGS = { greedy: GREEDY, sampled: PLAIN, filtered: FILTERED };

/** All requests in one call of a policy that decodes `rows` of them at a time. */
const together = Effect.fnUntraced(function* (
  engine: TestEngine,
  sampling: Sampling,
  rows = 20,
) {
  const { policy } = yield* openTiny(engine.fresh(), { capacity: { rows } });
  return (yield* policy.generate(REQUESTS, optionsOf(sampling))).map(bitsOf);
});

for (const [name, sampling] of Object.entries(SAMPLINGS)) {
  eachEngine(
    `generate() ${name}: a row alone, first, last and among 17 others has the same bits`,
    (engine) =>
      Effect.gen(function* () {
        const all = yield* together(engine, sampling);
        assert.ok(new Set(all.map(({ tokens }) => tokens.length)).size > 2, "lengths differ");
        const { policy } = yield* openTiny(engine.fresh());
        for (const i of [0, 9, 17]) {
          const [alone] = yield* policy.generate([REQUESTS[i]!], optionsOf(sampling));
          assert.deepEqual(bitsOf(alone!), all[i], `row ${i} alone`);
        }
        policy.release();
        const turned = yield* policy.generate(REQUESTS.toReversed(), optionsOf(sampling));
        assert.deepEqual(turned.map(bitsOf).toReversed(), all, "in reverse order");
      }),
  );
}

/** Counts the tokens that prefill computes. */
function counting(engine: Engine): { readonly engine: Engine; readonly computed: () => number } {
  let computed = 0;
  const load: Engine["load"] = (program, capacity) =>
    Effect.map(engine.load(program, capacity), (executable) => ({
      ...executable,
      run: (phase, dims, repeat) => {
        const fills = phase === "fill" || phase === "fillFew";
        if (program.name.endsWith("cache") && fills) computed += dims["N"]!;
        executable.run(phase, dims, repeat);
      },
    }));
  return { engine: { ...engine, load }, computed: () => computed };
}

/** Asserts that each request alone, with an empty cache, gives the same bits as among the others. */
const assertSameAlone = Effect.fnUntraced(function* (
  policy: Policy["Service"],
  requests: ReadonlyArray<GenerateRequest>,
  found: ReadonlyArray<unknown>,
) {
  for (const [i, asked] of requests.entries()) {
    policy.release();
    const [alone] = yield* policy.generate([asked], optionsOf(PLAIN));
    assert.deepEqual(bitsOf(alone!), found[i], `row ${i} alone`);
  }
});

/** Two groups with one prompt each, and a request whose prompt extends that of the second group. */
const GROUPED = Array.from({ length: 9 }, (_, i) => {
  const prompt = context(40 + Math.floor(i / 4), 17);
  const tokens = i < 8 ? prompt : Uint32Array.from([...context(41, 17), ...context(60, 5)]);
  return { ...request(i), sequence: `g${i}`, tokens };
});

eachEngine(
  "generate() computes the prompt of a group once, and every member has the bits it has alone",
  (engine) =>
    Effect.gen(function* () {
      const { engine: own, computed } = counting(engine.fresh());
      const { policy } = yield* openTiny(own);
      const all = (yield* policy.generate(GROUPED, optionsOf(PLAIN))).map(bitsOf);
      // Prefill computes all tokens but the last, which decoding computes. The ninth prompt shares the first 17 tokens.
      assert.equal(computed(), 16 + 16 + (21 - 16));
      yield* assertSameAlone(policy, GROUPED, all);
    }),
);

/** Three groups of three with one system prompt of 17 tokens; each group has a question of 5 tokens. */
const QUESTIONED = Array.from({ length: 9 }, (_, i) => {
  const question = context(70 + Math.floor(i / 3), 5);
  const tokens = Uint32Array.from([...context(41, 17), ...question]);
  return { ...request(i), sequence: `q${i}`, tokens };
});

eachEngine(
  "generate() computes what all prompts begin with once, and then each question once",
  (engine) =>
    Effect.gen(function* () {
      const { engine: own, computed } = counting(engine.fresh());
      const { policy } = yield* openTiny(own, { capacity: { rows: 5 } });
      const found = (yield* policy.generate(QUESTIONED, optionsOf(PLAIN))).map(bitsOf);
      // Requests that waited for a row copy their beginning from a row that still holds it.
      assert.equal(computed(), 21 + 2 * 4);
      yield* assertSameAlone(policy, QUESTIONED, found);
    }),
);

eachEngine(
  "generate() gives up the rows of retired sequences before those that others go on with",
  (engine) =>
    Effect.gen(function* () {
      const { engine: own, computed } = counting(engine.fresh());
      const { policy } = yield* openTiny(own, { capacity: { rows: 2 } });
      const [waiting, over, next] = [0, 1, 2].map((i) => ({
        ...request(i),
        tokens: context(80 + i, 9),
      }));
      const ask = (asked: GenerateRequest) => policy.generate([asked], optionsOf(PLAIN));
      yield* ask(waiting!);
      yield* ask(over!);
      policy.retire(over!.sequence);
      yield* ask(next!);
      const before = computed();
      yield* ask(waiting!);
      assert.equal(computed(), before, "it still has its row");
    }),
);

/** Three turns of a sequence, each after a delay, as in an episode with tools. */
const episode = (policy: Policy["Service"], i: number, delay: (turn: number) => number) =>
  Effect.gen(function* () {
    let tokens = context(30 + Math.floor(i / 3), 6);
    const found: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      yield* Effect.sleep(delay(turn));
      const asked = { sequence: `s${i}`, tokens, key: [turn, i] as const, maxTokens: 12 };
      const [message] = yield* policy.generate([asked], optionsOf(PLAIN));
      found.push(bitsOf(message!));
      tokens = Uint32Array.from([...tokens, ...message!.tokens, ...context(50 + turn, 2)]);
    }
    return found;
  });

eachEngine(
  "generate() gives the same bits whenever it is asked, and whoever is asked for beside it",
  (engine) =>
    Effect.gen(function* () {
      const together = Effect.fnUntraced(function* (
        rows: number,
        concurrency: number,
        seed: number | null,
      ) {
        const { policy } = yield* openTiny(engine.fresh(), { capacity: { rows } });
        const draws = createRandom([seed ?? 0, 1]);
        const delay = () => seed === null ? 0 : draws.int(30);
        return yield* Effect.forEach(
          Array.from({ length: 9 }, (_, i) => i),
          (i) => episode(policy, i, delay),
          { concurrency },
        );
      });
      const alone = yield* together(1, 1, null);
      assert.deepEqual(yield* together(20, 9, null), alone, "together");
      for (const seed of [1, 2, 3]) {
        assert.deepEqual(yield* together(20, 9, seed), alone, `delays ${seed}`);
        assert.deepEqual(yield* together(3, 9, seed), alone, `delays ${seed}, three rows`);
      }
    }),
);

eachEngine(
  "beliefs() asked while messages are sampled disturb nothing and are not disturbed",
  (engine) =>
    Effect.gen(function* () {
      const asked = [12, 2, 12].map((maxTokens, i) => ({ ...request(i), maxTokens }));
      const options = { sampling: PLAIN, stopIds: [] };
      const probe = { ids: context(9, 6), start: 2, end: 6 };
      const believed = {
        sequence: "believed",
        tokens: context(8, 40),
        boundaries: [20, 40],
        probe,
      };
      const fresh = yield* openTiny(engine.fresh());
      const want = (yield* fresh.policy.generate(asked, options)).map(bitsOf);
      const wanted = yield* fresh.policy.beliefs([believed]);
      const { policy } = yield* openTiny(engine.fresh(), { capacity: { rows: 3 } });
      const others = yield* Effect.forkChild(policy.generate([asked[0]!, asked[2]!], options));
      // Beliefs reuse the cache row of the short message while the others are decoded.
      const short = yield* policy.generate([asked[1]!], options);
      assert.deepEqual(yield* policy.beliefs([believed]), wanted);
      const found = yield* Fiber.join(others);
      assert.deepEqual([found[0]!, short[0]!, found[1]!].map(bitsOf), want);
      assert.deepEqual(yield* policy.beliefs([believed]), wanted, "what was cached is unchanged");
    }),
);

eachEngine(
  "generate() does not depend on how many rows are decoded at a time",
  (engine) =>
    Effect.gen(function* () {
      assert.deepEqual(yield* together(engine, PLAIN, 3), yield* together(engine, PLAIN, 20));
    }),
);

eachEngine(
  "generate() does not depend on how many tokens a pass holds",
  (engine) =>
    Effect.gen(function* () {
      const all = yield* together(engine, PLAIN);
      const { policy } = yield* openTiny(engine.fresh(), { capacity: { passTokens: 37 } });
      const pieces = yield* policy.generate(REQUESTS, optionsOf(PLAIN));
      assert.deepEqual(pieces.map(bitsOf), all);
    }),
);

eachEngine(
  "generate() gives the same bits from a kept, an evicted and a released cache",
  (engine) =>
    Effect.gen(function* () {
      /** Three turns of five sequences; each turn continues the sequence of the last one. */
      const play = (rows: number, release: "never" | "each turn") =>
        Effect.gen(function* () {
          const { policy } = yield* openTiny(engine.fresh(), { capacity: { rows } });
          const contexts = Array.from({ length: 5 }, (_, i) => context(i, 4 + i));
          const results: unknown[] = [];
          for (let turn = 0; turn < 3; turn++) {
            const requests = contexts.map((tokens, i) => ({
              sequence: `s${i}`,
              tokens,
              key: [turn, i] as const,
              maxTokens: 5,
            }));
            const generations = yield* policy.generate(requests, { sampling: PLAIN, stopIds: [] });
            generations.forEach(({ tokens }, i) => {
              const observation = context(50 + turn, 3 + i % 2);
              contexts[i] = Uint32Array.from([...contexts[i]!, ...tokens, ...observation]);
            });
            results.push(generations.map(bitsOf));
            if (release === "each turn") policy.release();
          }
          return results;
        });
      const kept = yield* play(20, "never");
      assert.deepEqual(yield* play(20, "each turn"), kept, "released");
      assert.deepEqual(yield* play(2, "never"), kept, "two rows for five sequences");
    }),
);

eachEngine(
  "generate() recomputes what a changed context no longer shares with the cache",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const options = optionsOf(PLAIN);
      const ask = (tokens: Uint32Array) => ({ ...request(1), tokens });
      const changed = context(1, 12).with(5, 7);
      const [fresh] = yield* policy.generate([ask(changed)], options);
      policy.release();
      yield* policy.generate([ask(context(1, 12))], options);
      const [after] = yield* policy.generate([ask(changed)], options);
      assert.deepEqual(bitsOf(after!), bitsOf(fresh!));
      const shorter = changed.slice(0, 6);
      const [cut] = yield* policy.generate([ask(shorter)], options);
      policy.release();
      const [cutFresh] = yield* policy.generate([ask(shorter)], options);
      assert.deepEqual(bitsOf(cut!), bitsOf(cutFresh!), "a context that became shorter");
    }),
);

for (const temperature of [1, 0.7]) {
  eachEngine(
    `generate() and evaluate() give one log-prob at temperature ${temperature}`,
    (engine) =>
      Effect.gen(function* () {
        const { policy } = yield* openTiny(engine.fresh());
        const options = optionsOf({ ...PLAIN, temperature });
        const generations = yield* policy.generate(REQUESTS, options);
        const sequences = generations.map(({ tokens }, i) => {
          const { tokens: before } = REQUESTS[i]!;
          return {
            tokens: Uint32Array.from([...before, ...tokens]),
            position: Uint32Array.from(tokens, (_, p) => before.length + p),
          };
        });
        const evaluated = yield* policy.logProbs(sequences, temperature);
        generations.forEach(({ logProbs }, i) => {
          // The sampler returns f32, as the trainer on WGSL does.
          const trainer = evaluated[i]!.logProb.map(Math.fround);
          assert.deepEqual([...logProbs], [...trainer], `row ${i}`);
        });
      }),
  );
}

eachEngine(
  "generate() ends at stop ids and limits and keeps the stop token",
  (engine) =>
    Effect.gen(function* () {
      for (const row of yield* together(engine, PLAIN)) {
        const stop = row.tokens.findIndex((token) => STOPS.includes(token));
        assert.equal(row.stopped, stop >= 0);
        assert.equal(row.tokens.length, stop >= 0 ? stop + 1 : 9);
        assert.equal(row.logProbs.length, row.tokens.length);
      }
    }),
);

eachEngine(
  "generate() never goes beyond the context it may have",
  (engine) =>
    Effect.gen(function* () {
      const { policy } = yield* openTiny(engine.fresh());
      const full = { ...request(0), tokens: context(3, 48) };
      const nearly = { ...request(1), tokens: context(4, 46) };
      const options = { sampling: PLAIN, stopIds: [] };
      const [none, two] = yield* policy.generate([full, nearly], options);
      assert.deepEqual([none!.tokens.length, two!.tokens.length], [0, 2]);
    }),
);

Deno.test("stopDims() refuses more stop ids than the kernel tests", () => {
  assert.deepEqual(Object.values(stopDims([7, 8])), [7, 8, 0xffffffff, 0xffffffff]);
  assert.throws(() => stopDims([1, 2, 3, 4, 5]), /at most 4 .* current value is 5/);
});
