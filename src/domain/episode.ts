import type { Question } from "./question.ts";
import type { SearchFailureKind } from "./search.ts";

/** One tool call as the model wrote it; `arguments` is parsed JSON, not yet checked against the tool. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: unknown;
}

/** What an assistant message asks for. A message holds one answer, or one or more parallel tool calls, or neither. */
export type Action =
  | { readonly _tag: "Answer"; readonly text: string }
  | { readonly _tag: "ToolCalls"; readonly calls: ReadonlyArray<ToolCall> }
  | { readonly _tag: "Malformed"; readonly reason: string };

/** Why a tool call gave no result. The agent sees each failure as an observation; failures are counted by kind. */
export type ToolFailureKind =
  | "unknown_tool"
  | "bad_arguments"
  | "deadline"
  | "crash"
  | SearchFailureKind;

/** One tool call with its result. `content` is what the agent reads, also when the call failed. */
export interface ToolResult {
  readonly call: ToolCall;
  readonly content: string;
  readonly failure: ToolFailureKind | null;
  readonly seconds: number;
}

/** What an environment answers to an action: something to read, or the end of the episode. */
export type StepResult =
  | { readonly _tag: "Observation"; readonly results: ReadonlyArray<ToolResult> }
  /** `outcome` replaces the preset's F1 if the environment itself grades answers, else it is null. */
  | { readonly _tag: "End"; readonly outcome: number | null };

/**
 * The kind of a span of token ids, in this order: the rendered question; the header of the agent's message and what
 * else begins it without being sampled; text that the policy sampled; text from the environment (with its chat glue).
 */
export type SpanKind = "prompt" | "forced" | "action" | "observation";

/** Tokens `[start, end)` of an episode. `turn` counts from 0; the prompt has turn -1. */
export interface Span {
  readonly kind: SpanKind;
  readonly turn: number;
  readonly start: number;
  readonly end: number;
}

/** One assistant message with the results of its tool calls. */
export interface Turn {
  readonly action: Action;
  /** Results of its tool calls, empty for the answer turn. */
  readonly results: ReadonlyArray<ToolResult>;
  /**
   * Number of tokens up to where the model would write its next message; the belief after this turn is
   * measured there. After the last turn it equals the episode's length.
   */
  readonly boundary: number;
}

/** How an episode ended. `turn_limit`: all turns were tool calls. `length`: a message or the context grew too long. */
export type Ending = "answered" | "malformed" | "turn_limit" | "length";

/** One rollout: token ids exactly as sampled, never rendered and tokenised again. */
export interface Episode {
  /** `step/question/sample`. */
  readonly id: string;
  readonly question: Question;
  readonly step: number;
  /** Index in the group of G episodes of the same question. */
  readonly sample: number;
  /** Number of optimiser updates the sampling policy had seen. */
  readonly policyVersion: number;
  readonly tokens: Uint32Array;
  /** In order; together they cover `tokens` without gap or overlap. */
  readonly spans: ReadonlyArray<Span>;
  /** Per token, natural log of softmax(logits / temperature) over the whole vocabulary; 0 outside action spans. */
  readonly behaviourLogProb: Float64Array;
  /** Number of tokens up to the first message, where the belief before the first turn is measured. */
  readonly promptBoundary: number;
  readonly turns: ReadonlyArray<Turn>;
  readonly ending: Ending;
  /** Text of a well-formed answer, else null. */
  readonly answer: string | null;
  /** The outcome that the environment gave; null if the preset's F1 counts instead. */
  readonly environmentOutcome: number | null;
  /** Time spent waiting for its messages, which are decoded beside other episodes' messages, and for its tools. */
  readonly seconds: { readonly generate: number; readonly tools: number };
}
