/** The contract of a reward, as laws that fast-check tries to break. */
import { Effect } from "effect";
import type { Question } from "../domain/question.ts";
import type { RewardRequest } from "../domain/reward_check.ts";
import { attempt } from "./attempt.ts";
import { describeRequest, type Reward, type RewardFailed, shown } from "./reward.ts";

/** A drawn question with an answer to it. */
export interface LawCase {
  readonly golds: ReadonlyArray<string>;
  readonly answer: string;
}

/** What a law needs to know. */
export interface LawContext {
  readonly ask: Reward["ask"];
  readonly bounds: readonly [low: number, high: number];
}

/** A law; `check` answers with what breaks it, or null. */
export interface Law {
  readonly name: string;
  readonly says: string;
  /** Whether breaking it may be wanted. */
  readonly isEdit: boolean;
  readonly check: (
    one: LawCase,
    context: LawContext,
  ) => Effect.Effect<string | null, RewardFailed>;
}

/** Differences of rewards that are no differences. */
const ROUNDING = 1e-9;

const QUESTION = { id: "law", text: "Who wrote it?", kind: "law" } as const;

function requestOf({ golds, answer }: LawCase): RewardRequest {
  const question: Question = { ...QUESTION, golds };
  const result = "Nothing found";
  return attempt(question, [{ query: question.text, result, belief: 0 }], answer);
}

/** Breaks where another request gets another reward. */
function sameReward(one: LawCase, other: LawCase, { ask }: LawContext) {
  return Effect.gen(function* () {
    const [first, second] = [requestOf(one), requestOf(other)];
    const reward = yield* ask(first);
    const changed = yield* ask(second);
    if (Math.abs(reward - changed) <= ROUNDING) return null;
    return `${shown(reward)} for ${describeRequest(first)}, and ${shown(changed)} for ${
      describeRequest(second)
    }`;
  });
}

const rule = (name: string, says: string, check: Law["check"]): Law => ({
  name,
  says,
  isEdit: false,
  check,
});

/** An answer that most would call the same. */
const edit = (
  name: string,
  says: string,
  changes: ReadonlyArray<(answer: string) => string>,
): Law => ({
  name,
  says,
  isEdit: true,
  check: (one, context) =>
    Effect.gen(function* () {
      for (const change of changes) {
        const broken = yield* sameReward(one, { ...one, answer: change(one.answer) }, context);
        if (broken !== null) return broken;
      }
      return null;
    }),
});

/** The first law: no other can be tried where it is broken. */
export const NUMBER_LAW: Law = rule(
  "number",
  "every answer gets a finite number",
  // What is no number fails, and a failure breaks a law.
  (one, { ask }) => Effect.as(ask(requestOf(one)), null),
);

/** All other laws. */
export const LAWS: ReadonlyArray<Law> = [
  rule(
    "bounds",
    "it lies within the bounds",
    (one, { ask, bounds: [low, high] }) =>
      Effect.map(
        ask(requestOf(one)),
        (reward) =>
          low <= reward && reward <= high
            ? null
            : `${shown(reward)} for ${describeRequest(requestOf(one))}, bounds ${low} and ${high}`,
      ),
  ),
  rule(
    "repetition",
    "asked twice it says the same",
    (one, context) => sameReward(one, one, context),
  ),
  rule(
    "order of golds",
    "the order of the gold answers does not matter",
    (one, context) => sameReward(one, { ...one, golds: one.golds.toReversed() }, context),
  ),
  rule(
    "gold",
    "each gold answer gets the upper bound",
    ({ golds }, { ask, bounds: [, high] }) =>
      Effect.gen(function* () {
        for (const answer of golds) {
          const reward = yield* ask(requestOf({ golds, answer }));
          if (reward < high - ROUNDING) {
            return `${shown(reward)} for ${
              describeRequest(requestOf({ golds, answer }))
            }, upper bound ${high}`;
          }
        }
        return null;
      }),
  ),
  rule(
    "nothing",
    "no answer does not get the upper bound",
    ({ golds }, { ask, bounds: [, high] }) =>
      Effect.map(
        ask(requestOf({ golds, answer: "" })),
        (reward) =>
          reward < high - ROUNDING
            ? null
            : `${shown(reward)} for ${describeRequest(requestOf({ golds, answer: "" }))}`,
      ),
  ),
  edit("case", "upper and lower case do not matter", [
    (answer) => answer.toUpperCase(),
    (answer) => answer.toLowerCase(),
  ]),
  edit("space", "white space around it does not matter", [(answer) => ` ${answer}\n`]),
  edit("punctuation", "a full stop after it does not matter", [(answer) => `${answer}.`]),
  edit("unicode", "normal forms of Unicode do not matter", [
    (answer) => answer.normalize("NFD"),
    (answer) => answer.normalize("NFKC"),
  ]),
];
