import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Effect, Stream } from "effect";
import type { Question } from "../../src/domain/question.ts";
import { questionsOf, questionSteps } from "../../src/pipeline/questions.ts";

const questions = Array.from({ length: 7 }, (_, i): Question => ({
  id: `q${i}`,
  text: `Question ${i}?`,
  golds: ["yes"],
  kind: "plain",
}));
const options = { seed: 3, questions, promptsPerStep: 2 };
const idsOf = (step: number, seed = 3) =>
  questionsOf(step, { ...options, seed }).map(({ id }) => id);

Deno.test("questionsOf() asks no question twice in an epoch, and all steps are full", () => {
  for (const epoch of [0, 1, 2]) {
    const ids = [1, 2, 3].flatMap((step) => idsOf(3 * epoch + step));
    strictEqual(new Set(ids).size, 6);
  }
});

Deno.test("questionsOf() depends on seed and epoch", () => {
  const epoch = (first: number, seed?: number) =>
    [0, 1, 2].flatMap((i) => idsOf(first + i, seed)).join();
  strictEqual(new Set([epoch(1), epoch(4), epoch(1, 4)]).size, 3);
});

Deno.test("questionSteps() from a later step goes on as if it had begun at the first", async () => {
  const collect = (from: number) =>
    Effect.runPromise(Stream.runCollect(questionSteps({ ...options, from, to: 8 })));
  deepStrictEqual((await collect(1)).slice(4), await collect(5));
});

Deno.test("questionSteps() refuses more questions a step than there are", async () => {
  const error = await Effect.runPromise(
    Effect.flip(
      Stream.runDrain(questionSteps({ ...options, promptsPerStep: 8, from: 1, to: 1 })),
    ),
  );
  strictEqual(
    error.message,
    "Cannot ask 8 different questions a step as there must be as many: current value is 7",
  );
});
