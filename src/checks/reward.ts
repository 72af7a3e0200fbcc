/** A reward of a user as the checks ask it. */
import { Duration, Effect, Option, Ref, Schema, Semaphore } from "effect";
import type { RewardReads, RewardRequest } from "../domain/reward_check.ts";

/** A reward gave no number; the message is one sentence with the question and the answer. */
export class RewardFailed extends Schema.TaggedError<RewardFailed>()("RewardFailed", {
  message: Schema.String,
  /** Whether it can be asked nothing more, as it hangs or has ended. */
  isOver: Schema.Boolean,
}) {}

/** A reward that can be asked. */
export interface Reward {
  readonly reads: RewardReads;
  readonly ask: (request: RewardRequest) => Effect.Effect<number, RewardFailed>;
}

/** How a reward is opened. */
export interface RewardOptions {
  /** Seconds that one answer may take. */
  readonly deadline: number;
}

/** What came back: a finite number, why there is none, or why there will be none any more. */
export type Reply =
  | { readonly value: number }
  | { readonly failed: string }
  | { readonly over: string };

/** A value that a reward gave, whatever its types promise. */
export function replyOf(value: unknown): Reply {
  if (typeof value === "number" && Number.isFinite(value)) return { value };
  return { failed: `it gave ${typeof value === "number" ? value : nameOf(value)}` };
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "string"
    ? `the text ${quoted(value)}`
    : `a value of type ${typeof value}`;
}

/** Characters of foreign text in a message. */
const MOST_QUOTED = 80;

/** A text between quotes on one line, cut where it is long; characters that cannot be seen are numbers. */
export function quoted(text: string): string {
  const cut = text.length <= MOST_QUOTED ? text : `${text.slice(0, MOST_QUOTED)}…`;
  return JSON.stringify(cut).replaceAll(
    /(?! )[\p{M}\p{C}\p{Z}]/gu,
    (unseen) => `\\u${unseen.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

/** A reward without the digits of rounding. */
export function shown(reward: number): string {
  return String(Number(reward.toPrecision(6)));
}

/** A request in words. */
export function describeRequest({ question, answer }: RewardRequest): string {
  const golds = question.golds.map(quoted).join(", ");
  return `question ${quoted(question.text)}, golds ${golds}, answer ${quoted(answer)}`;
}

/**
 * Asks through `send` one request after the other, each within the deadline. Once a reward hangs or has ended, every
 * further request fails with what it failed with.
 */
export const oneByOne = Effect.fnUntraced(function* (
  send: (request: RewardRequest) => Effect.Effect<Reply>,
  { deadline }: RewardOptions,
) {
  const turn = yield* Semaphore.make(1);
  const end = yield* Ref.make<RewardFailed | null>(null);
  const ask = Effect.fnUntraced(function* (request: RewardRequest) {
    const ended = yield* Ref.get(end);
    if (ended !== null) return yield* ended;
    const replied = yield* Effect.timeoutOption(send(request), Duration.seconds(deadline));
    const reply = Option.getOrElse(
      replied,
      (): Reply => ({ over: `it gave nothing within ${deadline} s` }),
    );
    if ("value" in reply) return reply.value;
    const isOver = "over" in reply;
    const message = `${isOver ? reply.over : reply.failed} (${describeRequest(request)})`;
    const failure = new RewardFailed({ message, isOver });
    if (isOver) yield* Ref.set(end, failure);
    return yield* failure;
  });
  return (request: RewardRequest) => turn.withPermit(ask(request));
});
