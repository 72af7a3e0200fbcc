import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Deferred, Effect, Fiber, Queue } from "effect";
import { serveAgent } from "../../src/tab/serve.ts";
import type { Ask, Tell } from "../../src/tab/messages.ts";
import { withAgent } from "./fixtures.ts";

/** What an agent tells until `isLast`; `asksAt` says what the page asks when it hears something. */
const conversation = (
  asksAt: (told: Tell) => ReadonlyArray<Ask>,
  isLast: (told: Tell) => boolean,
): Promise<ReadonlyArray<Tell>> =>
  withAgent((agent) =>
    Effect.gen(function* () {
      const asks = yield* Queue.unbounded<Ask>();
      const over = yield* Deferred.make<void>();
      const heard: Array<Tell> = [];
      const tell = (told: Tell) => {
        heard.push(told);
        for (const ask of asksAt(told)) Queue.offerUnsafe(asks, ask);
        if (isLast(told)) Deferred.doneUnsafe(over, Effect.void);
      };
      const served = yield* Effect.forkChild(serveAgent(agent, { asks, tell }));
      yield* Deferred.await(over);
      yield* Fiber.interrupt(served);
      return heard;
    })
  );

const kindsOf = (heard: ReadonlyArray<Tell>) =>
  heard.map(({ kind }) => kind).filter((kind) => kind !== "progress");

Deno.test("serveAgent() trains to the end and says what it does", async () => {
  const heard = await conversation(
    ({ kind }) => kind === "ready" ? [{ kind: "train" }] : [],
    ({ kind }) => kind === "paused",
  );
  deepStrictEqual(kindsOf(heard), ["ready", "step", "step", "step", "paused"]);
  const words = heard.flatMap((told) => told.kind === "progress" ? [told.words] : []);
  match(words.join("\n"), /step 1: rollout, 0 of 2 episodes\n(.*\n)*step 3: update/);
});

Deno.test("serveAgent() answers between two steps, and pauses after one", async () => {
  const heard = await conversation(
    (told) =>
      told.kind === "ready"
        ? [{ kind: "train" }]
        : told.kind === "step" && told.report.step === 1
        ? [{ kind: "answer", question: 0 }]
        : told.kind === "step" && told.report.step === 2
        ? [{ kind: "pause" }]
        : [],
    ({ kind }) => kind === "paused",
  );
  const kinds = kindsOf(heard);
  const steps = kinds.flatMap((kind, i) => kind === "step" ? [i] : []);
  deepStrictEqual(steps.length, 2);
  const between = kinds.slice(steps[0]! + 1, steps[1]);
  ok(between.length > 1 && between.every((kind) => kind === "episode"), between.join());
});
