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

/** How often each question is asked in some steps. */
function askedOften(weights: ReadonlyArray<number>, steps: number) {
  const weighed = weights.map((weight, i): Question => ({ ...questions[0]!, id: `q${i}`, weight }));
  const counts = new Map(weighed.map(({ id }) => [id, 0]));
  for (let step = 1; step <= steps; step++) {
    const asked = questionsOf(step, { ...options, questions: weighed, promptsPerStep: 3 });
    strictEqual(new Set(asked).size, 3);
    for (const { id } of asked) counts.set(id, counts.get(id)! + 1);
  }
  return weighed.map(({ id }) => counts.get(id)! / steps);
}

Deno.test("questionsOf() asks questions as often as their weights say", () => {
  const weights = [
    ...Array.from({ length: 12 }, () => 2),
    ...Array.from({ length: 24 }, () => 0.5),
  ];
  // An epoch asks the first 12, and 6 of the others: 6 steps.
  askedOften(weights, 240).forEach((often, i) => strictEqual(often, i < 12 ? 1 / 6 : 1 / 24));
});

Deno.test("questionsOf() draws as without weights where all are equal", () => {
  const heavy = questions.map((question) => ({ ...question, weight: 7 }));
  for (const step of [1, 2, 3, 4, 5]) {
    const ids = questionsOf(step, { ...options, questions: heavy }).map(({ id }) => id);
    deepStrictEqual(ids, idsOf(step));
  }
});

Deno.test("questionSteps() refuses more questions a step than each epoch has", async () => {
  const light = questions.map((question, i) => ({ ...question, weight: i < 3 ? 4 : 1 }));
  const steps = (promptsPerStep: number) =>
    Stream.runCount(
      questionSteps({ ...options, questions: light, promptsPerStep, from: 1, to: 9 }),
    );
  strictEqual(await Effect.runPromise(steps(4)), 9);
  const { message } = await Effect.runPromise(Effect.flip(steps(5)));
  strictEqual(
    message,
    "Cannot ask 5 different questions a step as there must be as many in each epoch: current value is 4",
  );
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
