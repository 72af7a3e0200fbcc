import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Exit, Fiber, Scope } from "effect";
import { KernelFailed } from "../../src/domain/errors.ts";
import type { Engine } from "../../src/model/engine.ts";
import type { GenerateRequest, Policy } from "../../src/policy/policy.ts";
import type { Capacity } from "../../src/policy/runtime.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { runTest } from "../support/engines.ts";
import { slowEngine, type SlowEngineOptions } from "../support/slow_engine.ts";
import { bitsOf, context, GREEDY, openTiny, PLAIN, request } from "../support/tiny_policy.ts";

const CAPACITY = { contextTokens: 120, messageTokens: 100 };
const OPTIONS = { sampling: PLAIN, stopIds: [] };
type PolicyService = Policy["Service"];

const asking = (i: number, maxTokens: number): GenerateRequest => ({ ...request(i), maxTokens });

const one = (policy: PolicyService, asked: GenerateRequest, options = OPTIONS) =>
  Effect.map(policy.generate([asked], options), ([message]) => bitsOf(message!));

/** The bits of a request that is the only one. */
const alone = (asked: GenerateRequest, options = OPTIONS) =>
  Effect.flatMap(
    openTiny(createInterpreter(), { capacity: CAPACITY }),
    ({ policy }) => one(policy, asked, options),
  );

const until = (events: ReadonlyArray<string>, count: number) =>
  Effect.gen(function* () {
    while (events.length < count) yield* Effect.yieldNow;
  });

const slow = (
  body: (policy: PolicyService, events: string[]) => Effect.Effect<void, unknown, Scope.Scope>,
  options: { readonly capacity?: Partial<Capacity> } & Omit<SlowEngineOptions, "events"> = {},
) => {
  const events: string[] = [];
  const { capacity, ...engine } = options;
  return runTest(Effect.gen(function* () {
    const { policy } = yield* openTiny(slowEngine({ events, ...engine }), {
      capacity: { ...CAPACITY, ...capacity },
    });
    yield* body(policy, events);
  }));
};

const generateOn = (engine: Engine, maxTokens: number) =>
  Effect.gen(function* () {
    const { policy } = yield* openTiny(engine, { capacity: CAPACITY });
    const asked = { ...request(0), tokens: context(1, 5), maxTokens };
    return yield* policy.generate([asked], OPTIONS);
  }).pipe(Effect.scoped, Effect.runPromise);

Deno.test("generate() submits a burst before it waits for the one before, and waits once for each", async () => {
  const events: string[] = [];
  const [ahead] = await generateOn(slowEngine({ events }), 100);
  deepStrictEqual(events, [
    ...["run 32x1", "run 32x1", "read 0", "run 32x1", "read 1", "run 4x1", "read 2", "read 3"],
  ]);
  const [stepwise] = await generateOn(createInterpreter(), 100);
  deepStrictEqual(bitsOf(ahead!), bitsOf(stepwise!), "bursts change no token");
});

Deno.test("generate() runs no burst that no row has room for", async () => {
  const events: string[] = [];
  await generateOn(slowEngine({ events }), 7);
  deepStrictEqual(events, ["run 7x1", "read 0"]);
});

Deno.test("generate() decodes few rows once half of them have ended", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const found = yield* policy.generate([9, 9, 9, 90].map((n, i) => asking(i, n)), OPTIONS);
      deepStrictEqual(found.map(({ tokens }) => tokens.length), [9, 9, 9, 90]);
      // The second burst was submitted before the result of the first showed that three rows had ended.
      deepStrictEqual(events, ["run 32x4", "run 32x4", "read 0", "read 1", "run 26x1", "read 2"]);
    })
  ));

Deno.test("generate() takes what is asked for at the same time into one burst", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const asked = [5, 6, 7].map((n, i) => asking(i, n));
      yield* Effect.forEach(asked, (each) => one(policy, each), { concurrency: "unbounded" });
      deepStrictEqual(events, ["run 7x3", "read 0"]);
    })
  ));

Deno.test("generate() on plain loops decodes side by side who asks again when their messages end", async () => {
  const engine = createInterpreter();
  const rows: number[] = [];
  const load: Engine["load"] = (program, capacity) =>
    Effect.map(engine.load(program, capacity), (executable) => ({
      ...executable,
      run: (phase, dims, repeat) => {
        if (program.name === "decode") rows.push(dims["N"]!);
        executable.run(phase, dims, repeat);
      },
    }));
  await runTest(Effect.gen(function* () {
    const { policy } = yield* openTiny({ ...engine, load }, { capacity: CAPACITY });
    const turns = (i: number) =>
      Effect.forEach([0, 1, 2], (turn) => one(policy, asking(i + 4 * turn, 5 + turn)));
    yield* Effect.forEach([0, 1, 2, 3], turns, { concurrency: "unbounded" });
  }));
  deepStrictEqual(rows, Array(5 + 6 + 7).fill(4));
});

Deno.test("generate() takes what is asked for later into the next burst, and lets go what has ended", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const [long, short, late] = [asking(0, 100), asking(1, 5), asking(2, 40)];
      const wanted = yield* alone(short);
      const first = yield* Effect.forkChild(one(policy, long));
      const second = yield* Effect.forkChild(one(policy, short));
      yield* until(events, 2);
      const third = yield* Effect.forkChild(one(policy, late));
      deepStrictEqual(yield* Fiber.join(second), wanted);
      // Burst 1 was submitted with burst 0. From burst 2 on, `late` has the row of `short`.
      deepStrictEqual(events, ["run 32x2", "run 32x2", "read 0"]);
      deepStrictEqual(yield* Fiber.join(third), yield* alone(late));
      deepStrictEqual(yield* Fiber.join(first), yield* alone(long));
      deepStrictEqual(events.slice(3), ["run 32x2", "read 1", "run 8x2", "read 2", "read 3"]);
    })
  ));

Deno.test("generate() keeps two bursts on their way while those whose messages end ask for more", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const turns = (i: number) =>
        Effect.forEach(
          Array.from({ length: 4 }, (_, turn) => asking(i + 4 * turn, 40 + 17 * i + 3 * turn)),
          (each) => one(policy, each),
        );
      yield* Effect.forEach([0, 1, 2, 3], turns, { concurrency: "unbounded" });
      let underway = 0;
      const counts = events.map((event) => underway += event.startsWith("run") ? 1 : -1);
      // At the end only the longest of the last messages is decoded.
      ok(counts.slice(0, -4).every((count) => count > 0), events.join());
    })
  ));

Deno.test("generate() has at most as many rows as there is room for; others wait for theirs", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const asked = Array.from({ length: 7 }, (_, i) => asking(i, 20 + 9 * i));
      const found = yield* Effect.forEach(asked, (each) => one(policy, each), {
        concurrency: "unbounded",
      });
      for (const [i, each] of asked.entries()) deepStrictEqual(found[i], yield* alone(each));
      const rows = events.filter((event) => event.startsWith("run")).map((run) =>
        run.split("x")[1]
      );
      deepStrictEqual(new Set(rows), new Set(["3", "1"]));
    }), { capacity: { rows: 3 } }));

Deno.test("generate() decodes requests of other options after those before them", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const greedy = { sampling: GREEDY, stopIds: [] };
      const first = yield* Effect.forkChild(one(policy, asking(0, 40)));
      const other = yield* Effect.forkChild(one(policy, asking(1, 9), greedy));
      const last = yield* Effect.forkChild(one(policy, asking(2, 9)));
      deepStrictEqual(yield* Fiber.join(other), yield* alone(asking(1, 9), greedy));
      deepStrictEqual(yield* Fiber.join(first), yield* alone(asking(0, 40)));
      deepStrictEqual(yield* Fiber.join(last), yield* alone(asking(2, 9)));
      deepStrictEqual(events.filter((event) => event.startsWith("run")), [
        ...["run 32x1", "run 8x1", "run 9x1", "run 9x1"],
      ]);
    })
  ));

Deno.test("generate() decodes two messages of one sequence one after the other", () =>
  slow((policy) =>
    Effect.gen(function* () {
      const again = { ...asking(0, 30), key: [5, 5] as const };
      const both = yield* policy.generate([asking(0, 40), again], OPTIONS);
      deepStrictEqual(both.map(bitsOf), [yield* alone(asking(0, 40)), yield* alone(again)]);
    })
  ));

Deno.test("an interrupted generate() frees its rows and changes nothing for others", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const kept = yield* Effect.forkChild(one(policy, asking(0, 90)));
      const dropped = yield* Effect.forkChild(
        policy.generate([asking(1, 90), asking(2, 90), asking(3, 90)], OPTIONS),
      );
      yield* until(events, 3);
      yield* Fiber.interrupt(dropped);
      // There were three rows for four requests: the third of the dropped ones still waited.
      const late = yield* policy.generate([asking(4, 20), asking(5, 20)], OPTIONS);
      deepStrictEqual(late.map(bitsOf), [yield* alone(asking(4, 20)), yield* alone(asking(5, 20))]);
      deepStrictEqual(yield* Fiber.join(kept), yield* alone(asking(0, 90)));
      ok(!events.some((event) => event.endsWith("x4")));
    }), { capacity: { rows: 3 } }));

Deno.test("generate() stops when nobody waits any more", () =>
  slow((policy, events) =>
    Effect.gen(function* () {
      const asked = yield* Effect.forkChild(one(policy, asking(0, 100)));
      yield* until(events, 2);
      yield* Fiber.interrupt(asked);
      yield* Effect.sleep("20 millis");
      deepStrictEqual(events, ["run 32x1", "run 32x1", "read 0", "read 1"]);
    })
  ));

Deno.test("a burst that fails fails for all who wait, and the next one is another try", () => {
  const failure = new KernelFailed({ kernel: "sample", message: "broken" });
  const failing = (number: number) => number === 1 ? failure : null;
  return slow((policy) =>
    Effect.gen(function* () {
      const asked = [90, 10, 80, 70].map((n, i) => asking(i, n));
      const found = yield* Effect.forEach(
        asked,
        (each) => one(policy, each).pipe(Effect.catchTag("KernelFailed", Effect.succeed)),
        { concurrency: "unbounded" },
      );
      // The second request had ended when the burst of the others failed; the last still waited for a row.
      deepStrictEqual(found[1], yield* alone(asked[1]!));
      for (const i of [0, 2, 3]) strictEqual(found[i], failure);
      deepStrictEqual(yield* one(policy, asked[0]!), yield* alone(asked[0]!));
    }), { failing, capacity: { rows: 2 } });
});

for (const broken of ["cache", "decode"]) {
  Deno.test(`an engine that breaks while ${broken} is submitted breaks all who wait`, () => {
    const engine = createInterpreter();
    const load: Engine["load"] = (program, capacity) =>
      Effect.map(engine.load(program, capacity), (executable) => ({
        ...executable,
        run: (phase, dims, repeat) => {
          if (program.name === broken) throw new Error("broken");
          executable.run(phase, dims, repeat);
        },
      }));
    return runTest(Effect.gen(function* () {
      const { policy } = yield* openTiny({ ...engine, load }, { capacity: CAPACITY });
      const exits = yield* Effect.forEach(
        [0, 1],
        (i) => Effect.exit(one(policy, asking(i, 9))),
        { concurrency: "unbounded" },
      );
      for (const exit of exits) ok(String(exit).includes("broken"), String(exit));
    }));
  });
}

Deno.test("a policy that is closed lets nobody wait", () =>
  runTest(Effect.gen(function* () {
    const scope = yield* Scope.make();
    const { policy } = yield* openTiny(slowEngine({ events: [] }), { capacity: CAPACITY }).pipe(
      Effect.provideService(Scope.Scope, scope),
    );
    const before = yield* Effect.forkChild(Effect.exit(one(policy, asking(0, 100))));
    yield* Effect.sleep("1 millis");
    yield* Scope.close(scope, Exit.void);
    const exits = [yield* Fiber.join(before), yield* Effect.exit(one(policy, asking(1, 100)))];
    ok(exits.every(Exit.isFailure));
  })));
