import { Effect, Ref } from "effect";
import type { Action, StepResult } from "../domain/episode.ts";
import { EnvironmentCrashed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import type { TranscriptMessage } from "../domain/reward_check.ts";
import { Environment, type Session } from "../environment/environment.ts";
import { answerMessage, callMessage, questionMessage, resultMessage } from "./attempt.ts";
import type { Reward } from "./reward.ts";

/** An environment whose answers a user's reward grades. An episode for which it gives no number is lost. */
export function withReward(
  environment: Environment["Service"],
  { ask }: Reward,
): Environment["Service"] {
  const open = Effect.fnUntraced(function* ({ id, text, golds, kind }: Question) {
    // The reward sees these fields alone, whatever else an environment keeps of its questions.
    const question: Question = { id, text, golds, kind };
    const session = yield* environment.open(question);
    const transcript = yield* Ref.make<ReadonlyArray<TranscriptMessage>>([
      questionMessage(question),
    ]);
    const step = Effect.fnUntraced(function* (action: Action) {
      const result = yield* session.step(action);
      if (result._tag === "Observation") {
        const read = messagesOf(action, result);
        yield* Ref.update(transcript, (messages) => [...messages, ...read]);
        return result;
      }
      if (action._tag !== "Answer") return result;
      const answer = action.text.trim();
      const messages = [...(yield* Ref.get(transcript)), answerMessage(answer)];
      const outcome = yield* Effect.mapError(
        ask({ question, answer, transcript: messages }),
        ({ message }) => new EnvironmentCrashed({ boundary: "environment.step", message }),
      );
      return { _tag: "End", outcome } satisfies StepResult;
    });
    return { step } satisfies Session;
  });
  return Environment.of({ tools: environment.tools, open });
}

function messagesOf(
  action: Action,
  { results }: Extract<StepResult, { readonly _tag: "Observation" }>,
): ReadonlyArray<TranscriptMessage> {
  const calls = action._tag === "ToolCalls" ? action.calls : [];
  return [callMessage(calls), ...results.map(({ content }) => resultMessage(content))];
}
