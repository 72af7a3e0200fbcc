import { Effect, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { createRandom } from "../math/random.ts";
import { sum } from "../math/statistics.ts";
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
  const least = sum(
    byShare(questions).map(([share, own]) => Math.floor(share * own.length)),
  );
  if (least >= promptsPerStep) return Effect.void;
  return Effect.fail(
    new BadInput({
      message: `Cannot ask ${promptsPerStep} different questions a step as there must be as ` +
        `many${least < questions.length ? " in each epoch" : ""}: current value is ${least}`,
    }),
  );
}

/**
 * The questions of one step, the next in the epoch's order. Those left over at an epoch's end are not asked in it.
 * Questions of the highest weight are asked in every epoch, others in as many epochs as their weight is a share of it.
 */
export function questionsOf(
  step: number,
  options: Pick<QuestionsOptions, "seed" | "questions" | "promptsPerStep">,
): ReadonlyArray<Question> {
  const { promptsPerStep, questions, seed } = options;
  const key = runKey(seed, "questions");
  const shares = byShare(questions);
  const askedIn = shares.length === 1 ? () => questions : askedByShare(questions, shares, key);
  let first = 1;
  for (let epoch = 0;; epoch++) {
    const asked = askedIn(epoch);
    const steps = Math.floor(asked.length / promptsPerStep);
    if (step < first + steps) {
      const start = (step - first) * promptsPerStep;
      return epochOrder(asked, epoch, key).slice(start, start + promptsPerStep);
    }
    first += steps;
  }
}

type Shares = ReadonlyArray<readonly [share: number, own: ReadonlyArray<Question>]>;

/** Questions by the share of epochs that ask them. */
function byShare(questions: ReadonlyArray<Question>): Shares {
  const weightOf = ({ weight = 1 }: Question) => weight;
  const highest = questions.reduce((most, question) => Math.max(most, weightOf(question)), 0);
  return [...Map.groupBy(questions, (question) => weightOf(question) / highest)];
}

/** Which questions an epoch asks: those of a share at even distances in an order of the seed, epoch after epoch. */
function askedByShare(questions: ReadonlyArray<Question>, shares: Shares, key: RandomKey) {
  const places = new Map(
    shares.flatMap(([share, own]) =>
      epochOrder(own, NO_EPOCH, key).map((question, i) =>
        [question, { share, phase: (i + 0.5) / own.length }] as const
      )
    ),
  );
  return (epoch: number) =>
    questions.filter((question) => {
      const { share, phase } = places.get(question)!;
      return Math.floor(phase + (epoch + 1) * share) > Math.floor(phase + epoch * share);
    });
}

/** A number that no epoch has, for an order that is not an epoch's. */
const NO_EPOCH = 2 ** 32 - 1;

function epochOrder(questions: ReadonlyArray<Question>, epoch: number, key: RandomKey) {
  return createRandom(splitKey(key, epoch)).shuffle(questions);
}
