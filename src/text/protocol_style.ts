import type { ToolCall } from "../domain/episode.ts";

/** The layout of messages around the tags: the tags themselves never change. */
export interface ProtocolStyle {
  /** Between `</think>` and the call or answer. */
  readonly afterThink: string;
  readonly toolCall: Enclosure;
  /** Between parallel calls of one message. */
  readonly betweenToolCalls: string;
  /**
   * Role and tags of a tool's content: the `user` role with our own tags (specification section 2), or the
   * template's own `tool` role; then the template must write the tags.
   */
  readonly toolResponse: Enclosure & { readonly role: "user" | "tool" };
  readonly answer: Enclosure;
  /** Text before a gold answer in the probe and before an answer in a demonstration. */
  readonly answerLead: string;
  /** The probe's text between `<think>` and `</think>`. */
  readonly probeThink: string;
}

/** Text before and after something. */
export interface Enclosure {
  readonly open: string;
  readonly close: string;
}

/** Layout of the paper's prompt and of the official code's probe (specification sections 2 and 4.1). */
export const paperStyle: ProtocolStyle = {
  afterThink: "\n",
  toolCall: { open: "<tool_call>\n", close: "\n</tool_call>" },
  betweenToolCalls: "\n",
  toolResponse: { role: "user", open: "<tool_response>\n", close: "\n</tool_response>" },
  answer: { open: "<answer>\n", close: "\n</answer>" },
  answerLead: "",
  probeThink: "\nNow there's enough information to answer\n",
};

/**
 * Layout for small tokenizers that have the tags as tokens: nothing between tags, and a space before each
 * name, so that a name has the same tokens in query, result and answer. Its template has a `tool` role.
 */
export const compactStyle: ProtocolStyle = {
  afterThink: "",
  toolCall: { open: "<tool_call>", close: "</tool_call>" },
  betweenToolCalls: "",
  toolResponse: { role: "tool", open: "", close: "" },
  answer: { open: "<answer>", close: "</answer>" },
  answerLead: " ",
  probeThink: " now I can answer",
};

/** The part of a message that answers, for demonstrations. */
export function answerBody(style: ProtocolStyle, answer: string): string {
  return style.answer.open + style.answerLead + answer + style.answer.close;
}

/** The part of a message that calls tools, for demonstrations; JSON without spaces. */
export function toolCallsBody(style: ProtocolStyle, calls: ReadonlyArray<ToolCall>): string {
  const { open, close } = style.toolCall;
  return calls
    .map((call) => open + JSON.stringify({ name: call.name, arguments: call.arguments }) + close)
    .join(style.betweenToolCalls);
}
