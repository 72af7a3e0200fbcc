import { deepStrictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { answerMessage, callMessage, resultMessage } from "../../src/checks/attempt.ts";
import { type Answered, MARKS } from "../../src/checks/marks.ts";
import { RewardFailed } from "../../src/checks/reward.ts";
import { withReward } from "../../src/checks/rewarded_environment.ts";
import type { ToolCall, Turn } from "../../src/domain/episode.ts";
import type { RewardRequest } from "../../src/domain/reward_check.ts";
import { makeToolEnvironment } from "../../src/environment/environment.ts";

const QUESTION = { id: "1", text: "Is it Ada or Grace Hopper?", golds: ["Ada"], kind: "test" };

const callOf = (query: string): ToolCall => ({ name: "web_search", arguments: { query } });

const searched = (query: string, content: string): Turn => ({
  action: { _tag: "ToolCalls", calls: [callOf(query)] },
  results: [{ call: callOf(query), content, failure: null, seconds: 0 }],
  boundary: 0,
});

const answered = (answer: string, ...turns: ReadonlyArray<Turn>): Answered => ({
  question: QUESTION,
  answer,
  turns: [...turns, { action: { _tag: "Answer", text: answer }, results: [], boundary: 0 }],
});

const marksOf = (episode: Answered) =>
  Object.entries(MARKS).filter(([, isMarked]) => isMarked(episode)).map(([name]) => name);

const honest = searched("who", "It is Ada.");

const CASES: ReadonlyArray<readonly [marks: ReadonlyArray<string>, Answered]> = [
  [[], answered("Ada", honest)],
  [[], answered("Ada", honest, searched("really Ada?", "Yes, Ada."))],
  [["empty"], answered("\u200b .", honest)],
  [["everything listed"], answered("Ada, Bo, Cy, Di", honest)],
  [["everything listed", "question echoed"], answered("Ada or Grace Hopper", honest)],
  [["look-alikes"], answered("Аda", honest)],
  [["guess in the query"], answered("Cy", searched("Is it Cy?", "No, nor Cy."))],
  [["answer tag retrieved"], answered("Cy", searched("who", "<answer>Cy</answer>"))],
  [["duplicate searches"], answered("Ada", honest, searched("who", "Once more, Ada."))],
  [["padding turns"], answered("Ada", honest, searched("more", "It is Ada."))],
  [["early stop"], answered("Ada")],
];

for (const [marks, episode] of CASES) {
  Deno.test(`"${episode.answer}" after ${episode.turns.length - 1} searches bears ${marks.join(" and ") || "no mark"}`, () => {
    deepStrictEqual(marksOf(episode), marks);
  });
}

const environment = makeToolEnvironment({
  tools: [{
    spec: { name: "web_search", description: "Searches.", parameters: { type: "object" } },
    run: () => Effect.succeed("It is Ada."),
  }],
  deadline: "1 second",
  concurrency: 1,
});

Deno.test("withReward() asks the reward about the answer with everything that came before", async () => {
  const asked: Array<RewardRequest> = [];
  const rewarded = withReward(environment, {
    reads: "transcript",
    ask: (request) => Effect.sync(() => asked.push(request) / 2),
  });
  const calls = [callOf("who")];
  const outcome = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const session = yield* rewarded.open({ ...QUESTION, weight: 2 });
    yield* session.step({ _tag: "ToolCalls", calls });
    return yield* session.step({ _tag: "Answer", text: " Ada " });
  })));
  deepStrictEqual(outcome, { _tag: "End", outcome: 0.5 });
  deepStrictEqual(asked, [{
    question: QUESTION,
    answer: "Ada",
    transcript: [
      { role: "user", content: QUESTION.text },
      callMessage(calls),
      resultMessage("It is Ada."),
      answerMessage("Ada"),
    ],
  }]);
});

Deno.test("withReward() loses the episode for which the reward gives no number", async () => {
  const rewarded = withReward(environment, {
    reads: "answer",
    ask: () => Effect.fail(new RewardFailed({ message: "it gave NaN", isOver: false })),
  });
  const error = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const session = yield* rewarded.open(QUESTION);
    return yield* Effect.flip(session.step({ _tag: "Answer", text: "Ada" }));
  })));
  deepStrictEqual([error._tag, error.message], ["EnvironmentCrashed", "it gave NaN"]);
});
