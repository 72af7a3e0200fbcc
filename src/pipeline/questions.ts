import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { createRandom } from "../math/random.ts";
import { type RandomKey, splitKey } from "../math/threefry.ts";
import { runKey } from "./keys.ts";
import type { StepQuestions } from "./steps.ts";

/** What decides the questions of each step. */
export interface QuestionsOptions {
  readonly seed: number;
  readonly questions: ReadonlyArray<Question>;
  readonly promptsPerStep: number;
  /** First step, counted from 1. */
  readonly from: number;
  /** Last step. */
  readonly to: number;
}

/**
 * The steps `from` to `to` with their questions. A step's questions are a pure function of seed and step, so that a
 * resumed run needs only its step number. All questions of a step differ.
 */
export function questionSteps(
  options: QuestionsOptions,
): Stream.Stream<StepQuestions, BadInput> {
  const { from, to } = options;
  function* steps(): Generator<StepQuestions> {
    for (let step = from; step <= to; step++) yield { step, questions: questionsOf(step, options) };
  }
  // One element at a time: a larger chunk would draw questions of later steps too early.
  const stream = Stream.fromIterable({ [Symbol.iterator]: steps }, { chunkSize: 1 });
  return Stream.unwrap(Effect.as(checkQuestions(options), stream));
}

/** Fails if there are fewer questions than one step asks. */
export function checkQuestions(
  { promptsPerStep, questions }: Pick<QuestionsOptions, "questions" | "promptsPerStep">,
): Effect.Effect<void, BadInput> {
  if (questions.length >= promptsPerStep) return Effect.void;
  return Effect.fail(
    new BadInput({
      message: `Cannot ask ${promptsPerStep} different questions a step as there must be as ` +
        `many: current value is ${questions.length}`,
    }),
  );
}

/** The questions of one step, the next in the epoch's order. Those left over at an epoch's end are not asked in it. */
export function questionsOf(
  step: number,
  options: Pick<QuestionsOptions, "seed" | "questions" | "promptsPerStep">,
): ReadonlyArray<Question> {
  const { promptsPerStep, questions, seed } = options;
  const stepsPerEpoch = Math.floor(questions.length / promptsPerStep);
  const epoch = Math.floor((step - 1) / stepsPerEpoch);
  const start = ((step - 1) % stepsPerEpoch) * promptsPerStep;
  return epochOrder(questions, epoch, runKey(seed, "questions"))
    .slice(start, start + promptsPerStep);
}

function epochOrder(questions: ReadonlyArray<Question>, epoch: number, key: RandomKey) {
  return createRandom(splitKey(key, epoch)).shuffle(questions);
}
