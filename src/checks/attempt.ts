/** Episodes that are written by hand, with the beliefs that are assumed of them. */
import type { ToolCall } from "../domain/episode.ts";
import type { Question } from "../domain/question.ts";
import type { RewardRequest, TranscriptMessage } from "../domain/reward_check.ts";
import { answerBody, paperStyle, toolCallsBody } from "../text/protocol_style.ts";

/** Mean log-prob (nats) of a gold token that is assumed where nothing tells the answer, where a guess does, and where a result does. */
export const ASSUMED_BELIEF = { unknown: -4, guessed: -1, told: -0.1 } as const;

/** A search with what came back, and the belief that is assumed after it. */
export interface ScriptedSearch {
  readonly query: string;
  readonly result: string;
  readonly belief: number;
}

/** An episode of T turns: its searches, then its answer. */
export interface Attempt extends RewardRequest {
  /** (T) before the first turn and after each search. */
  readonly belief: ReadonlyArray<number>;
}

/** Writes an episode out as the messages of the paper's protocol. */
export function attempt(
  question: Question,
  searches: ReadonlyArray<ScriptedSearch>,
  answer: string,
): Attempt {
  const turns = searches.flatMap(({ query, result }) => [
    callMessage([{ name: "web_search", arguments: { query: [query] } }]),
    resultMessage(result),
  ]);
  return {
    question,
    answer,
    transcript: [questionMessage(question), ...turns, answerMessage(answer)],
    belief: [ASSUMED_BELIEF.unknown, ...searches.map(({ belief }) => belief)],
  };
}

/** The message that asks. */
export function questionMessage({ text }: Question): TranscriptMessage {
  return { role: "user", content: text };
}

/** A message of the agent that calls tools. */
export function callMessage(calls: ReadonlyArray<ToolCall>): TranscriptMessage {
  return assistant("I should look this up.", toolCallsBody(paperStyle, calls));
}

/** What a tool answered. */
export function resultMessage(content: string): TranscriptMessage {
  return { role: "tool", content };
}

/** The last message of the agent. */
export function answerMessage(answer: string): TranscriptMessage {
  return assistant(paperStyle.probeThink.trim(), answerBody(paperStyle, answer));
}

function assistant(thought: string, body: string): TranscriptMessage {
  return { role: "assistant", content: `<think>\n${thought}\n</think>\n${body}` };
}
