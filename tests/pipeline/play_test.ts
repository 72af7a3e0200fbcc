/** Episodes of a tiny model in plain loops, with tools that take time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Deferred, Duration, Effect, Exit, Fiber, type Scope } from "effect";
import { TestClock } from "effect/testing";
import type { Episode } from "../../src/domain/episode.ts";
import { EnvironmentCrashed, KernelFailed } from "../../src/domain/errors.ts";
import { Environment } from "../../src/environment/environment.ts";
import { createRandom } from "../../src/math/random.ts";
import { splitKey } from "../../src/math/threefry.ts";
import { reopenEpisode } from "../../src/pipeline/open_episode.ts";
import { playEpisodes, type PlayOptions, type Seat } from "../../src/pipeline/play.ts";
import { Policy } from "../../src/policy/policy.ts";
import { layerPolicy, planPolicy } from "../../src/run/layers.ts";
import { openMachine } from "../../src/run/machine.ts";
import { runTest } from "../support/engines.ts";
import { lenientProtocol, tinyModel, tinyRecipe, tinyTask } from "../support/tiny_run.ts";

const { environment, questions } = tinyTask.train;

/** Two episodes of each question. */
const SEATS = questions.flatMap((question) =>
  [0, 1].map((sample): Seat => ({
    question,
    sample,
    step: 1,
    policyVersion: 0,
    id: `${question.id}/${sample}`,
    key: splitKey([7, sample], Number(question.id.split("-").at(-1)) || question.text.length),
  }))
);

const OPTIONS: PlayOptions = {
  protocol: lenientProtocol,
  sampling: { temperature: 1, topK: 0, topP: 1, minP: 0 },
  maxTurns: 4,
  maxNewTokens: 10,
  contextTokens: 128,
  cutResults: { tokens: 128, cut: "right" },
  concurrency: SEATS.length,
  wave: SEATS.length,
};

/** The usual environment with tools that run after `before`. Episodes are numbered in the order in which they open. */
function after(
  before: (place: number, turn: number) => Effect.Effect<void, EnvironmentCrashed>,
) {
  let opened = 0;
  let open = 0;
  const service: Environment["Service"] = {
    ...environment,
    open: (question) =>
      Effect.gen(function* () {
        const place = opened++;
        yield* Effect.acquireRelease(Effect.sync(() => open++), () => Effect.sync(() => open--));
        const session = yield* environment.open(question);
        let turn = 0;
        return { step: (action) => Effect.andThen(before(place, turn++), session.step(action)) };
      }),
  };
  return { service, open: () => open };
}

const play = (service: Environment["Service"], options: Partial<PlayOptions> = {}) =>
  playEpisodes(SEATS, { ...OPTIONS, ...options }).pipe(
    Effect.provideService(Environment, service),
  );

/** A policy with room for `rows` episodes at a time. */
const withPolicy = <A, E>(
  effect: Effect.Effect<A, E, Policy>,
  rows = SEATS.length,
): Effect.Effect<A, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const machine = yield* openMachine("cpu");
    const recipe = { ...tinyRecipe, promptsPerStep: 1, groupSize: rows };
    const source = { machine, model: tinyModel, config: { recipe } };
    const setup = yield* Effect.fromResult(planPolicy(source, "evaluate"));
    return yield* Effect.provide(effect, layerPolicy(setup));
  });

/** An episode without its times. */
const plain = (episode: Episode | null) =>
  episode && {
    ...episode,
    seconds: null,
    turns: episode.turns.map(({ results, ...turn }) => ({
      ...turn,
      results: results.map((result) => ({ ...result, seconds: 0 })),
    })),
  };

const atOnce = () => Effect.void;
const alone = (await Effect.runPromise(
  Effect.scoped(withPolicy(play(after(atOnce).service, { wave: 1, concurrency: 1 }), 1)),
)).map(plain);

Deno.test("episodes do not depend on how long tools take, on wave or on toolConcurrency", () =>
  runTest(Effect.gen(function* () {
    ok(new Set(alone.map((episode) => episode!.turns.length)).size > 2, "lengths differ");
    for (const [seed, wave, concurrency] of [[1, 12, 12], [2, 12, 2], [3, 5, 12], [4, 3, 1]]) {
      const draws = createRandom([seed!, 1]);
      const { service } = after(() => Effect.sleep(draws.int(20)));
      const episodes = yield* withPolicy(
        play(service, { wave: wave!, concurrency: concurrency! }),
        wave,
      );
      deepStrictEqual(episodes.map(plain), alone, `seed ${seed}`);
    }
  })));

Deno.test("an episode that is played on from any of its turns with its own key is the same again", () =>
  runTest(Effect.gen(function* () {
    const seats = alone.flatMap((episode, i) =>
      [...episode!.turns.keys()].map((turn): Seat => ({
        ...SEATS[i]!,
        id: `${SEATS[i]!.id} from ${turn}`,
        from: reopenEpisode({ ...episode!, seconds: { generate: 0, tools: 0 } }, turn),
      }))
    );
    ok(seats.length > alone.length);
    const again = yield* withPolicy(
      playEpisodes(seats, OPTIONS).pipe(Effect.provideService(Environment, environment)),
    );
    deepStrictEqual(
      again.map(plain),
      alone.flatMap((episode, i) =>
        [...episode!.turns.keys()].map((turn) => ({
          ...episode!,
          id: `${SEATS[i]!.id} from ${turn}`,
        }))
      ),
    );
  })));

Deno.test("an episode whose tools are slow holds up no other", () =>
  runTest(Effect.gen(function* () {
    const others = yield* Deferred.make<void>();
    const slow = alone.findIndex((episode) => episode!.turns.length === OPTIONS.maxTurns);
    const { service } = after((place, turn) =>
      place === slow && turn === 0 ? Deferred.await(others) : Effect.void
    );
    const counts: number[] = [];
    const onEnded = (ended: number) =>
      Effect.suspend(() => {
        counts.push(ended);
        return ended === SEATS.length - 1 ? Deferred.succeed(others, undefined) : Effect.void;
      });
    const episodes = yield* withPolicy(play(service, { onEnded, wave: 3 }), 3);
    deepStrictEqual(episodes.map(plain), alone);
    deepStrictEqual(counts, SEATS.map((_, i) => i + 1));
  })));

Deno.test("episodes that wait for a tool when enough others are over are given up, and they alone", () =>
  runTest(Effect.gen(function* () {
    const stuck = [2, 4];
    const { service, open } = after((place) => stuck.includes(place) ? Effect.never : Effect.void);
    const waitFor = SEATS.length - stuck.length;
    const episodes = yield* withPolicy(play(service, { waitFor }));
    deepStrictEqual(
      episodes.map(plain),
      alone.map((episode, i) => stuck.includes(i) ? null : episode),
    );
    strictEqual(open(), 0);
  })));

Deno.test("a crash of the environment ends its own episode, whenever it comes", () =>
  runTest(Effect.gen(function* () {
    const crash = new EnvironmentCrashed({ boundary: "test", message: "broken" });
    const { service, open } = after((place, turn) =>
      place === 4 || place === 2 && turn === 1 ? Effect.delay(Effect.fail(crash), 3) : Effect.void
    );
    const episodes = yield* withPolicy(play(service));
    deepStrictEqual(
      episodes.map(plain),
      alone.map((episode, i) => i === 4 || i === 2 && episode!.turns.length > 1 ? null : episode),
    );
    strictEqual(open(), 0);
  })));

Deno.test("interrupted play closes its sessions and leaves the policy as it was", () =>
  runTest(withPolicy(
    Effect.gen(function* () {
      const policy = yield* Policy;
      const reached = yield* Deferred.make<void>();
      const { service, open } = after((place, turn) =>
        turn === 1 && place > 2
          ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
          : Effect.sleep(1)
      );
      const fiber = yield* Effect.forkChild(play(service, { wave: 6 }));
      yield* Deferred.await(reached);
      ok(open() > 0);
      yield* Fiber.interrupt(fiber);
      strictEqual(open(), 0);
      policy.release();
      deepStrictEqual((yield* play(after(atOnce).service, { wave: 6 })).map(plain), alone);
    }),
    6,
  )));

Deno.test("a failure of the policy ends all episodes and closes their sessions", () =>
  runTest(withPolicy(Effect.gen(function* () {
    const policy = yield* Policy;
    const failure = new KernelFailed({ kernel: "sample", message: "broken" });
    let asked = 0;
    const failing = Policy.of({
      ...policy,
      generate: (requests, options) =>
        ++asked > 14 ? Effect.fail(failure) : policy.generate(requests, options),
    });
    const { service, open } = after(() => Effect.sleep(1));
    const exit = yield* Effect.exit(Effect.provideService(play(service), Policy, failing));
    ok(Exit.isFailure(exit) && String(exit.cause).includes("broken"));
    strictEqual(open(), 0);
  }))));

/** Runs an effect on a test clock, which advances once nothing more can be done without it. Decoding takes no time. */
const onTestClock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect);
    while (fiber.pollUnsafe() === undefined) {
      for (let i = 0; i < 100; i++) yield* Effect.yieldNow;
      yield* TestClock.adjust("10 millis");
    }
    return yield* Fiber.join(fiber);
  }).pipe(Effect.provide(TestClock.layer()));

Deno.test("play takes as long as its longest episode, not as long as the slowest tools of each turn", () =>
  runTest(withPolicy(Effect.gen(function* () {
    const millis = (place: number, turn: number) => 50 + 10 * ((7 * place + 11 * turn) % 26);
    const { service } = after((place, turn) => Effect.sleep(millis(place, turn)));
    const [duration, episodes] = yield* onTestClock(Effect.timed(play(service)));
    const taken = episodes.map((episode, place) => episode!.turns.map((_, t) => millis(place, t)));
    const sums = taken.map((times) => times.reduce((sum, time) => sum + time, 0));
    const slowest = Array.from(
      { length: OPTIONS.maxTurns },
      (_, turn) => Math.max(...taken.map((times) => times[turn] ?? 0)),
    );
    strictEqual(Duration.toMillis(duration), Math.max(...sums));
    ok(slowest.reduce((sum, time) => sum + time, 0) > 1.3 * Math.max(...sums));
  }))));

Deno.test("seconds of tools leave out the wait for a free place", () =>
  runTest(withPolicy(Effect.gen(function* () {
    const { service } = after(() => Effect.sleep("10 millis"));
    for (const episode of yield* onTestClock(play(service, { concurrency: 1 }))) {
      strictEqual(episode!.seconds.tools.toFixed(3), (0.01 * episode!.turns.length).toFixed(3));
    }
  }))));

Deno.test("the policy is told of each episode that is over", () =>
  runTest(withPolicy(Effect.gen(function* () {
    const policy = yield* Policy;
    const retired: string[] = [];
    const told = Policy.of({ ...policy, retire: (sequence) => void retired.push(sequence) });
    const { service } = after((place) =>
      place === 3
        ? Effect.fail(new EnvironmentCrashed({ boundary: "test", message: "broken" }))
        : Effect.void
    );
    yield* Effect.provideService(play(service), Policy, told);
    deepStrictEqual(retired.sort(), SEATS.map(({ id }) => id).sort());
  }))));

Deno.test("playEpisodes() ends an episode whose tool answers 50 MB at once, and keeps little of it", () =>
  runTest(Effect.gen(function* () {
    const huge = "word ".repeat(10 << 20);
    const service: Environment["Service"] = {
      ...environment,
      open: () =>
        Effect.succeed({
          step: (action) =>
            Effect.succeed(
              action._tag === "ToolCalls"
                ? {
                  _tag: "Observation",
                  results: action.calls.map((call) => ({
                    call,
                    content: huge,
                    failure: null,
                    seconds: 0,
                  })),
                }
                : { _tag: "End", outcome: null },
            ),
        }),
    };
    const started = performance.now();
    const episodes = yield* withPolicy(play(service));
    const called = episodes.filter((episode) => episode!.turns[0]!.results.length > 0);
    ok(called.length > 0);
    for (const episode of called) {
      strictEqual(episode!.ending, "length");
      ok(episode!.turns[0]!.results[0]!.content.length <= 64 * 128);
    }
    ok(performance.now() - started < 10_000);
  })));
