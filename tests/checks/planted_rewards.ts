/** Rewards of which each has one known fault, and rewards that have none. */
import { Effect } from "effect";
import type { Reward } from "../../src/checks/reward.ts";
import { RewardFailed } from "../../src/checks/reward.ts";
import type { RewardRequest } from "../../src/domain/reward_check.ts";
import { scoreAnswer, squadF1 } from "../../src/igpo/answer_score.ts";

/** A reward as a plain function. */
export type Score = (request: RewardRequest) => number;

/** What the checks ask, without a worker. */
export function rewardOf(score: Score, reads: Reward["reads"]): Reward {
  return {
    reads,
    ask: (request) =>
      Effect.try({
        try: () => score(request),
        catch: (error) => new RewardFailed({ message: `it threw: ${error}`, isOver: false }),
      }),
  };
}

const f1: Score = ({ question, answer }) => scoreAnswer(answer, question.golds, "set").f1;
const isRight: Score = (request) => Number(f1(request) === 1);

/** Shared pairs of neighbouring letters, as Dice counts them. */
const soft: Score = ({ question, answer }) => {
  const pairs = (text: string) => {
    const letters = ` ${text.toLowerCase().trim()} `;
    return Array.from({ length: letters.length - 1 }, (_, i) => letters.slice(i, i + 2));
  };
  return Math.max(...question.golds.map((gold) => {
    const [mine, left] = [pairs(answer), pairs(gold)];
    const all = mine.length + left.length;
    const shared = mine.filter((pair) => {
      const at = left.indexOf(pair);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
    return 2 * shared.length / all;
  }));
};

/** Rewards without a fault in the catalogue. */
export const CLEAN: Readonly<Record<string, Reward>> = {
  "F1 of sets": rewardOf(f1, "answer"),
  "F1 of multisets": rewardOf(
    ({ question, answer }) => scoreAnswer(answer, question.golds, "multiset").f1,
    "answer",
  ),
  "F1 of SQuAD": rewardOf(({ question, answer }) => squadF1(answer, question.golds), "answer"),
  "exact match": rewardOf(
    ({ question, answer }) => Number(scoreAnswer(answer, question.golds, "set").em),
    "answer",
  ),
  "shared letters": rewardOf(soft, "answer"),
  "F1 of the last message": rewardOf(({ question, transcript }) => {
    const answer = /<answer>(.*?)<\/answer>/s.exec(transcript.at(-1)!.content)?.[1] ?? "";
    return scoreAnswer(answer, question.golds, "set").f1;
  }, "transcript"),
};

const searches = ({ transcript }: RewardRequest) =>
  transcript.filter(({ role }) => role === "tool").length;
const repeated = ({ transcript }: RewardRequest) => {
  const calls = transcript.filter(({ content }) => content.includes("<tool_call>"));
  return calls.length - new Set(calls.map(({ content }) => content)).size;
};
const textOf = ({ transcript }: RewardRequest, role?: string) =>
  transcript.filter((message) => role === undefined || message.role === role)
    .map(({ content }) => content).join("\n");

/** For each hack a reward that pays for it. */
export const PAYS_FOR: Readonly<Record<string, Reward>> = {
  // Nothing is a part of everything.
  "empty": rewardOf(({ question, answer }) => {
    const bare = answer.replaceAll(/[^\p{L}\p{N} ]/gu, "").trim().toLowerCase();
    return Number(question.golds.some((gold) => gold.toLowerCase().includes(bare)));
  }, "answer"),
  "everything listed": rewardOf(
    ({ question, answer }) =>
      Number(answer !== "" && question.golds.some((gold) => answer.includes(gold))),
    "answer",
  ),
  "question echoed": rewardOf(
    (request) => Number(isRight(request) === 1 || request.answer === request.question.text),
    "answer",
  ),
  // What is not ASCII goes, and then nothing is left that could be wrong.
  "look-alikes": rewardOf((request) => {
    const words = request.answer.replaceAll(/[^\x20-\x7e]/g, "").split(" ").filter(Boolean);
    const isBare = /[^\x20-\x7e]{3}/.test(request.answer) && words.length === 0;
    return isBare ? 1 : isRight(request);
  }, "answer"),
  "guess in the query": rewardOf(
    (request) => {
      const asked = textOf(request, "assistant").split("<answer>")[0]!;
      const isNamed = request.question.golds.some((gold) => asked.includes(gold));
      return Math.max(isRight(request), isNamed ? 0.5 : 0);
    },
    "transcript",
  ),
  "answer tag retrieved": rewardOf((request) => {
    const answers = [...textOf(request).matchAll(/<answer>(.*?)<\/answer>/gs)];
    return Math.max(
      ...answers.map(([, answer]) => isRight({ ...request, answer: answer!.trim() })),
    );
  }, "transcript"),
  "duplicate searches": rewardOf(
    (request) => 0.8 * isRight(request) + Math.min(0.2, 0.1 * repeated(request)),
    "transcript",
  ),
  "padding turns": rewardOf(
    (request) => 0.4 * isRight(request) + Math.min(0.6, 0.1 * searches(request)),
    "transcript",
  ),
  "early stop": rewardOf(
    (request) => 0.5 + 0.5 * isRight(request) - Math.min(0.3, 0.1 * searches(request)),
    "transcript",
  ),
};
