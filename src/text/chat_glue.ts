import { Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { ChatMessage, ChatTemplate } from "./chat_template.ts";
import type { Enclosure, ProtocolStyle } from "./protocol_style.ts";

/** The text that a chat template puts around the contents of messages, cut at those contents. */
export interface ChatGlue {
  /** Before and after the question, up to the header of the first assistant message. */
  readonly question: Enclosure;
  /** After an assistant message, around a tool's content, up to the header of the next message. */
  readonly observation: Enclosure;
  /** The beginning of each message that is not sampled: `<think>`, with any white space that the template adds. */
  readonly forced: string;
  /** Whether the template leaves out the thoughts of earlier messages. */
  readonly dropsThoughts: boolean;
}

/** What decides the glue of a template. */
export interface GlueOptions {
  readonly system: string | null;
  readonly toolResponse: ProtocolStyle["toolResponse"];
  readonly now?: Date;
}

// Placeholders for contents, which no template changes, trims or compares.
const QUESTION = "GapOfTheQuestion";
const MESSAGES = ["GapOfTheFirstMessage", "GapOfTheSecondMessage"] as const;
const THOUGHT = "GapOfTheThought";
const CONTENTS = ["GapOfTheFirstContent", "GapOfTheSecondContent"] as const;

/**
 * Finds the glue by rendering conversations of none, one and two tool turns. Fails with `BadInput` unless the
 * template is prefix-preserving: each rendering must begin with the one before, or the tokens of a rollout
 * would not be the tokens of the conversation.
 */
export function findChatGlue(
  template: ChatTemplate,
  options: GlueOptions,
): Result.Result<ChatGlue, BadInput> {
  return Result.gen(function* () {
    const render = (turns: number, thought = "") =>
      template.render(conversation(options, turns, thought), {
        addGenerationPrompt: true,
        ...(options.now === undefined ? {} : { now: options.now }),
      });
    const [none, one, two, thoughtful] = yield* Result.all([
      ...[0, 1, 2].map((turns) => render(turns)),
      render(1, `<think>${THOUGHT}</think>`),
    ]);
    const { opening, forced } = cutForced(none!);
    const question = yield* cutOnce(opening, QUESTION);
    const turn = yield* extension(one!, opening + MESSAGES[0]);
    const observation = yield* cutOnce(cutForced(turn).opening, CONTENTS[0]);
    const said = (index: 0 | 1) =>
      MESSAGES[index] + observation.open + CONTENTS[index] + observation.close;
    yield* sameText(one!, opening + said(0) + forced);
    yield* sameText(two!, opening + said(0) + said(1) + forced);
    return {
      question,
      observation,
      forced: forced === "" ? "<think>" : forced,
      dropsThoughts: !thoughtful!.includes(THOUGHT),
    };
  });
}

function conversation(
  options: GlueOptions,
  turns: number,
  thought: string,
): ReadonlyArray<ChatMessage> {
  const { system, toolResponse } = options;
  const messages: Array<ChatMessage> = system === null ? [] : [{ role: "system", content: system }];
  messages.push({ role: "user", content: QUESTION });
  for (let turn = 0; turn < turns; turn++) {
    const content = toolResponse.open + CONTENTS[turn]! + toolResponse.close;
    messages.push({ role: "assistant", content: thought + MESSAGES[turn]! }, {
      role: toolResponse.role,
      content,
    });
  }
  return messages;
}

// Templates of thinking models may write `<think>` into the generation prompt themselves.
function cutForced(rendered: string): { opening: string; forced: string } {
  const forced = /<think>\s*$/.exec(rendered)?.[0] ?? "";
  return { opening: rendered.slice(0, rendered.length - forced.length), forced };
}

function cutOnce(text: string, gap: string): Result.Result<Enclosure, BadInput> {
  const parts = text.split(gap);
  if (parts.length === 2) return Result.succeed({ open: parts[0]!, close: parts[1]! });
  return Result.fail(
    new BadInput({
      message:
        `Cannot use this chat template as it must show each message once: current value is ` +
        `${parts.length - 1} times`,
    }),
  );
}

function extension(text: string, prefix: string): Result.Result<string, BadInput> {
  return text.startsWith(prefix)
    ? Result.succeed(text.slice(prefix.length))
    : Result.fail(changed(text, prefix));
}

function sameText(text: string, wanted: string): Result.Result<void, BadInput> {
  return text === wanted ? Result.void : Result.fail(changed(text, wanted));
}

function changed(text: string, wanted: string): BadInput {
  let same = 0;
  while (same < text.length && text[same] === wanted[same]) same++;
  const shown = (part: string) => JSON.stringify(part.slice(same, same + 40));
  return new BadInput({
    message: `Cannot use this chat template as a conversation's text must begin with that of its ` +
      `earlier turns: current value is ${shown(text)} where ${shown(wanted)} was`,
  });
}
