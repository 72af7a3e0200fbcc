import { Result } from "effect";
import { EpisodeRecord, type EpisodeSegment } from "../../domain/episode_record.ts";
import { draftOf, importer } from "../importer.ts";
import { Losses, type Message, type Part } from "../message.ts";
import { golds } from "../shapes.ts";
import { readTags } from "../written.ts";

/** Episodes of this project's own runs. */
export const igpo = importer({
  name: "igpo",
  shape: EpisodeRecord,
  lacks: 'no "transcript" with "miniBatch"',
  read: ({ id, question, transcript, outcome, dropped }) => {
    if (transcript === null) return Result.fail("its transcript was not kept");
    const losses = new Losses();
    if (dropped !== null) losses.add(`that the run dropped it: ${dropped}`);
    const messages = readTags(messagesOf(transcript), losses);
    return Result.succeed([draftOf(messages, {
      id,
      question: question.text,
      golds: golds(question.golds),
      reward: outcome,
    }, { losses })]);
  },
});

/** Neighbouring segments of one turn that the agent wrote are one message. */
function messagesOf(transcript: ReadonlyArray<EpisodeSegment>): ReadonlyArray<Message> {
  const messages: Message[] = [];
  let last = "";
  transcript.forEach((segment, i) => {
    const { kind, turn } = segment;
    if (kind === "prompt") return;
    const role = kind === "result" ? "tool" : "assistant";
    const parts = [...last === `${role} ${turn}` ? messages.pop()!.parts : [], partOf(segment)];
    messages.push({ role, parts, source: `transcript[${i}]` });
    last = `${role} ${turn}`;
  });
  return messages;
}

function partOf({ kind, text }: EpisodeSegment): Part {
  if (kind === "result") return { _tag: "Result", id: null, name: null, text, isError: false };
  return { _tag: kind === "think" ? "Think" : "Text", text };
}
