import { deepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "effect";
import type { Engine } from "../../src/model/engine.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { bitsOf, context, openTiny, PLAIN, request } from "../support/tiny_policy.ts";

/** Plain loops that say they are a GPU, whose results take a while, and that write down what they are told. */
function slowEngine(events: string[]): Engine {
  const engine = createInterpreter();
  const load: Engine["load"] = (program, capacity) =>
    Effect.map(engine.load(program, capacity), (executable) => {
      if (program.name !== "decode") return executable;
      let asked = 0;
      return {
        ...executable,
        run: (phase, dims, repeat) => {
          events.push(`run ${repeat}`);
          executable.run(phase, dims, repeat);
        },
        read: (names) =>
          Effect.gen(function* () {
            const number = asked++;
            const values = yield* executable.read(names);
            yield* Effect.sleep("1 millis");
            events.push(`read ${number}`);
            return values;
          }),
      };
    });
  return { ...engine, adapter: { name: "slow", kind: "gpu" }, load };
}

const CAPACITY = { contextTokens: 120, messageTokens: 100 };
const generateOn = (engine: Engine, maxTokens: number) =>
  Effect.gen(function* () {
    const { policy } = yield* openTiny(engine, { capacity: CAPACITY });
    const asked = { ...request(0), tokens: context(1, 5), maxTokens };
    return yield* policy.generate([asked], { sampling: PLAIN, stopIds: [] });
  }).pipe(Effect.scoped, Effect.runPromise);

Deno.test("generate() submits a window before it waits for the one before, and waits once for each", async () => {
  const events: string[] = [];
  const [ahead] = await generateOn(slowEngine(events), 100);
  deepStrictEqual(events, [
    ...["run 32", "run 32", "read 0", "run 32", "read 1", "run 4", "read 2", "read 3"],
  ]);
  const [stepwise] = await generateOn(createInterpreter(), 100);
  deepStrictEqual(bitsOf(ahead!), bitsOf(stepwise!), "windows change no token");
});

Deno.test("generate() runs no window that no row has room for", async () => {
  const events: string[] = [];
  await generateOn(slowEngine(events), 7);
  deepStrictEqual(events, ["run 7", "read 0"]);
});

Deno.test("generate() decodes rows anew once half of them have ended", async () => {
  const events: string[] = [];
  const program = Effect.gen(function* () {
    const { policy } = yield* openTiny(slowEngine(events), { capacity: CAPACITY });
    const asked = [9, 9, 9, 90].map((maxTokens, i) => ({ ...request(i), maxTokens }));
    return yield* policy.generate(asked, { sampling: PLAIN, stopIds: [] });
  });
  const found = await Effect.runPromise(Effect.scoped(program));
  deepStrictEqual(found.map(({ tokens }) => tokens.length), [9, 9, 9, 90]);
  // The second window was on its way when the first told that three rows had ended.
  deepStrictEqual(events.slice(0, 4), ["run 32", "run 32", "read 0", "read 1"]);
  ok(events.includes("run 26"), "the last row goes on alone");
});
