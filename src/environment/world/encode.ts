import { Result } from "effect";
import type { BadInput } from "../../domain/errors.ts";
import { makeChatTemplate } from "../../text/chat_template.ts";
import { makeProtocol, type Protocol } from "../../text/protocol.ts";
import { compactStyle } from "../../text/protocol_style.ts";
import { concatIds } from "../../text/slot.ts";
import { makeTokenizer, type Tokenizer } from "../../text/tokenizer.ts";
import type { CopySample } from "./cold_start.ts";
import type { Demonstration } from "./demonstrations.ts";
import { WORLD_RECIPE } from "./recipe.ts";
import { bodyText } from "./tokenizer_sample.ts";

/** Token ids to imitate: the loss is on the tokens in `trained`, predicted from those before them. */
export interface EncodedText {
  readonly tokens: Uint32Array;
  /** Half-open ranges of `tokens`, in order; they hold only tokens that the agent itself writes. */
  readonly trained: ReadonlyArray<{ readonly start: number; readonly end: number }>;
}

/** The tokenizer and the conversation layout of the embedded world. */
export interface WorldText {
  readonly tokenizer: Tokenizer;
  readonly protocol: Protocol;
}

/** Reads the two tokenizer files of a world checkpoint, or those that were just trained. */
export function makeWorldText(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
): Result.Result<WorldText, BadInput> {
  return Result.gen(function* () {
    const tokenizer = yield* makeTokenizer(tokenizerJson, tokenizerConfig);
    const template = yield* makeChatTemplate(tokenizerConfig);
    const system = WORLD_RECIPE.systemText;
    const protocol = yield* makeProtocol({ tokenizer, template, style: compactStyle, system });
    return { tokenizer, protocol };
  });
}

/** A demonstration exactly as a rollout would have recorded it; forced and observed tokens are not trained. */
export function encodeDemonstration(protocol: Protocol, demonstration: Demonstration): EncodedText {
  const parts: Array<Uint32Array> = [protocol.prompt(demonstration.question.text).ids];
  const trained: Array<{ start: number; end: number }> = [];
  let length = parts[0]!.length;
  for (const { think, action, observation } of demonstration.turns) {
    const message = protocol.assistantMessage(think, bodyText(action));
    trained.push({ start: length, end: length + message.length });
    const read = observation === null
      ? new Uint32Array(0)
      : protocol.observation([{ content: observation }]).ids;
    parts.push(message, read);
    length += message.length + read.length;
  }
  return { tokens: concatIds(...parts), trained };
}

/** A copy warm-up: the list twice; only the second copy is trained. */
export function encodeCopySample(tokenizer: Tokenizer, sample: CopySample): EncodedText {
  const list = tokenizer.encodePlain(sample.list);
  return {
    tokens: concatIds(list, list),
    trained: [{ start: list.length, end: 2 * list.length }],
  };
}
