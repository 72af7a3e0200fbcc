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
    const isSame = last === `${role} ${turn}`;
    const before = isSame ? messages.pop()! : { parts: [], source: `transcript[${i}]` };
    messages.push({ ...before, role, parts: [...before.parts, ...partsOf(segment)] });
    last = `${role} ${turn}`;
  });
  return messages;
}

/** A segment is text as the model wrote it: thoughts have their tags, and a message ends with a control token. */
function partsOf({ kind, text }: EpisodeSegment): ReadonlyArray<Part> {
  if (kind === "result") return [{ _tag: "Result", id: null, name: null, text, isError: false }];
  const said = text.replaceAll(/<\/?think>|<\|[^|]*\|>\s*$/g, "").trim();
  if (said === "") return [];
  return [{ _tag: kind === "think" ? "Think" : "Text", text: said }];
}
