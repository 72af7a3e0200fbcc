import { Effect, Queue, type Scope, Stream } from "effect";
import type { Done } from "effect/Cause";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import type { RewardReads, RewardRequest } from "../domain/reward_check.ts";
import { fileReason } from "../files/disk.ts";
import { startProgram } from "../search/program.ts";
import {
  oneByOne,
  quoted,
  type Reply,
  replyOf,
  type Reward,
  type RewardOptions,
} from "./reward.ts";

/** How a command is opened. */
export interface CommandOptions extends RewardOptions {
  /** Whether its requests hold the transcript. */
  readonly reads: RewardReads;
}

/**
 * A reward that is a program: words between white space, no shell, the rights of this user. It reads one request a line,
 * `{"question", "golds", "answer"}` with `"transcript"` if asked for, and writes one line for each: a number, or
 * `{"reward"}`. It ends with the scope. Fails if it cannot be started.
 */
export const openCommand = Effect.fn("openCommand")(function* (
  line: string,
  { reads, deadline }: CommandOptions,
): Effect.fn.Return<Reward, BadInput, Scope.Scope> {
  const [program = "", ...args] = line.split(/\s+/).filter((word) => word !== "");
  const started = yield* Effect.mapError(
    startProgram(program, args),
    (error) =>
      new BadInput({
        message: `Cannot start the reward "${line}": ${fileReason(error)}`,
      }),
  );
  const requests = yield* Queue.unbounded<string>();
  const replies = yield* Queue.unbounded<string, Done>();
  yield* Stream.fromQueue(requests).pipe(
    Stream.encodeText,
    Stream.run(started.handle.stdin),
    Effect.ignore,
    Effect.forkScoped,
  );
  yield* started.handle.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((text) => Queue.offer(replies, text)),
    Effect.ignore,
    Effect.ensuring(Queue.end(replies)),
    Effect.forkScoped,
  );
  const ended = Effect.map(
    started.stderrTail,
    (said): Reply => ({ over: said === "" ? "it ended" : `it ended, after it said ${said}` }),
  );
  const asked = (request: RewardRequest) =>
    Queue.offer(requests, `${JSON.stringify(lineOf(request, reads))}\n`).pipe(
      Effect.andThen(Queue.take(replies)),
      Effect.map(replyIn),
      Effect.catch(() => ended),
    );
  // An answer too many would be taken for that to the next request.
  const send = (request: RewardRequest) =>
    Effect.flatMap(
      Queue.size(replies),
      (unread) =>
        unread > 0
          ? Effect.succeed<Reply>({ over: "it wrote more than one line for a request" })
          : asked(request),
    );
  return { reads, ask: yield* oneByOne(send, { deadline }) };
});

function lineOf(
  { question: { text, golds }, answer, transcript }: RewardRequest,
  reads: RewardReads,
) {
  const asked = { question: text, golds, answer };
  return reads === "transcript" ? { ...asked, transcript } : asked;
}

function replyIn(line: string): Reply {
  try {
    const value: unknown = JSON.parse(line);
    return replyOf(isRecord(value) ? value["reward"] : value);
  } catch {
    return { failed: `it wrote ${quoted(line)}, which is no JSON` };
  }
}
