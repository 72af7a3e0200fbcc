import { Result } from "effect";
import type { Action, ToolResult } from "../domain/episode.ts";
import { BadInput } from "../domain/errors.ts";
import { findChatGlue } from "./chat_glue.ts";
import type { ChatTemplate } from "./chat_template.ts";
import { type CutOptions, cutText } from "./cut.ts";
import { parseTurn } from "./parse_turn.ts";
import { assembleProbe, type Probe } from "./probe.ts";
import type { ProtocolStyle } from "./protocol_style.ts";
import { concatIds, fillSlot, leadingControlToken, makeSlot, type Slot } from "./slot.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Ids up to the first token the agent samples. */
export interface Opening {
  readonly ids: Uint32Array;
  /** How many of them, the last ones, belong to its message already: the chat's header and the forced `<think>`. */
  readonly header: number;
}

/** Builds the conversation of a search agent in token ids. Sampled tokens are never rendered or encoded again. */
export interface Protocol {
  readonly style: ProtocolStyle;
  /** Whether the template renders earlier messages without their thoughts, which episodes keep. */
  readonly dropsThoughts: boolean;
  /** The token that ends an assistant message; it is sampled, so it is trained. */
  readonly endOfTurnId: number;
  /** Tokens after which sampling stops: the end of turn and the model's own end of text. */
  readonly stopIds: ReadonlyArray<number>;
  /** System text, question and the header of the first message, then the forced `<think>`. */
  readonly prompt: (question: string) => Opening;
  /** What follows an end of turn: the results, one a line, and the header of the next message. */
  readonly observation: (results: ReadonlyArray<Pick<ToolResult, "content">>) => Opening;
  /** A result's text, cut to so many tokens. */
  readonly cut: (text: string, options: CutOptions) => string;
  /** What is appended after the forced `<think>` to measure the belief in `gold` (specification 4.1). */
  readonly probe: (gold: string) => Probe;
  /** The action that a sampled message asks for; `ids` may or may not include the stop token. */
  readonly parseTurn: (ids: Uint32Array) => Action;
  /** The ids of a message after the forced `<think>`: those of `think`, those of `body`, and the end of turn. */
  readonly assistantMessage: (think: string, body: string) => Uint32Array;
}

/** What a protocol is made from. */
export interface ProtocolOptions {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly style: ProtocolStyle;
  /** The system message, or null for none. It is our own text, so control tokens in it are recognised. */
  readonly system: string | null;
  /** For templates that print the date. */
  readonly now?: Date;
}

/**
 * The protocol of a tokenizer and a chat template. Fails with `BadInput` when the template is not
 * prefix-preserving or does not end messages with a control token.
 */
export function makeProtocol(options: ProtocolOptions): Result.Result<Protocol, BadInput> {
  const { tokenizer, template, style } = options;
  return Result.gen(function* () {
    const glue = yield* findChatGlue(template, { ...options, toolResponse: style.toolResponse });
    const endOfTurn = yield* endOfTurnToken(tokenizer, glue.observation.open);
    const endOfTurnId = tokenizer.controlTokens.get(endOfTurn)!;
    const stopIds = [...new Set([endOfTurnId, ...tokenizer.eosIds])];
    const afterEnd = glue.observation.open.slice(endOfTurn.length);
    const questionSlot = makeSlot(tokenizer, glue.question.open, glue.question.close);
    const observationSlot = makeSlot(tokenizer, afterEnd, glue.observation.close);
    const forced = tokenizer.encode(glue.forced);
    const opening = (slot: Slot, content: string): Opening => ({
      ids: concatIds(fillSlot(tokenizer, slot, content), forced),
      header: slot.tail.length - 1 - slot.tail.lastIndexOf(endOfTurnId) + forced.length,
    });
    return {
      style,
      dropsThoughts: glue.dropsThoughts,
      endOfTurnId,
      stopIds,
      prompt: (question) => opening(questionSlot, question),
      observation: (results) => {
        const content = results.map((result) => result.content).join("\n");
        return opening(observationSlot, content);
      },
      cut: (text, options) => cutText(tokenizer, text, options),
      probe: makeProbe(tokenizer, style, endOfTurnId),
      parseTurn: (ids) => parseTurn("<think>" + tokenizer.decode(withoutStop(ids, stopIds))),
      assistantMessage: (think, body) =>
        concatIds(
          tokenizer.encode(`${think}</think>${style.afterThink}${body}`),
          Uint32Array.of(endOfTurnId),
        ),
    };
  });
}

function endOfTurnToken(tokenizer: Tokenizer, glue: string): Result.Result<string, BadInput> {
  const token = leadingControlToken(tokenizer, glue);
  if (token !== null) return Result.succeed(token);
  return Result.fail(
    new BadInput({
      message:
        `Cannot use this chat template as a control token must end each assistant message: ` +
        `current value is ${JSON.stringify(glue.slice(0, 40))}`,
    }),
  );
}

// Prefix, gold and suffix are tokenised separately, so that no token of the gold answer crosses an edge.
function makeProbe(tokenizer: Tokenizer, style: ProtocolStyle, endOfTurnId: number) {
  const { probeThink, afterThink, answer, answerLead } = style;
  const prefix = tokenizer.encode(`${probeThink}</think>${afterThink}${answer.open}`);
  const suffix = concatIds(tokenizer.encode(answer.close), Uint32Array.of(endOfTurnId));
  return (gold: string): Probe =>
    assembleProbe(prefix, tokenizer.encodePlain(answerLead + gold), suffix);
}

function withoutStop(ids: Uint32Array, stopIds: ReadonlyArray<number>): Uint32Array {
  const last = ids.at(-1);
  return last !== undefined && stopIds.includes(last) ? ids.subarray(0, -1) : ids;
}
