import { Result } from "effect";
import type { Trace, TraceTurn } from "../domain/trace.ts";
import type { Protocol } from "../text/protocol.ts";
import { breakControlTokens, type Tokenizer } from "../text/tokenizer.ts";

/** How a trace becomes tokens. */
export interface RenderOptions {
  readonly protocol: Protocol;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a context, the probe not included. */
  readonly room: number;
}

/** A turn as tokens. */
export interface RenderedTurn {
  /** The agent's message, its end of turn included. */
  readonly message: Uint32Array;
  /** What it read, up to where its next message would be sampled. */
  readonly observation: Uint32Array;
}

/** A trace as the conversation that the scoring model could have had: the prompt, then each turn that read something. */
export interface RenderedTrace {
  readonly prompt: Uint32Array;
  readonly turns: ReadonlyArray<RenderedTurn>;
  /** What was cut or put otherwise, a sentence each. */
  readonly notes: ReadonlyArray<string>;
}

/** Tokens to which a result or a thought is cut where the transcript is too long. */
export const CUT_TOKENS = 64;

/** The turns that are scored: all but a last one that answers, since nothing follows it. */
export function scoredTurns({ turns, answer }: Trace): ReadonlyArray<TraceTurn> {
  return answer === null ? turns : turns.slice(0, -1);
}

/**
 * Renders a trace with the model's chat template, as an episode of the model itself would be: our system prompt, the
 * question, thoughts and calls in the protocol's form, what was read as results. A transcript that is too long loses
 * the middle of its results, the oldest first, then of its thoughts. Fails with the reason where that does not suffice.
 */
export function renderTrace(
  trace: Trace,
  options: RenderOptions,
): Result.Result<RenderedTrace, string> {
  const { protocol, room } = options;
  const prompt = protocol.prompt(trace.question ?? "").ids;
  const turns = scoredTurns(trace);
  const cut = turns.map((): Cut => ({ results: false, think: false }));
  const rendered = turns.map((turn, t) => renderTurn(turn, cut[t]!, options));
  let length = prompt.length + rendered.reduce((sum, turn) => sum + lengthOf(turn), 0);
  const shorten = (part: keyof Cut) => {
    let count = 0;
    for (let t = 0; t < turns.length && length > room; t++) {
      cut[t] = { ...cut[t]!, [part]: true };
      const shorter = renderTurn(turns[t]!, cut[t]!, options);
      if (lengthOf(shorter) >= lengthOf(rendered[t]!)) continue;
      length += lengthOf(shorter) - lengthOf(rendered[t]!);
      rendered[t] = shorter;
      count += 1;
    }
    return count;
  };
  const before = length;
  const [results, thoughts] = [shorten("results"), shorten("think")];
  if (length > room) {
    return Result.fail(
      `its transcript must have at most ${room} tokens: it has ${before}, and ${length} once ` +
        `results and thoughts are cut to ${CUT_TOKENS} each`,
    );
  }
  const notes = [
    ...(results === 0 ? [] : [cutNote("results", results, before)]),
    ...(thoughts === 0 ? [] : [cutNote("thoughts", thoughts, before)]),
    ...otherNotes(trace),
  ];
  return Result.succeed({ prompt, turns: rendered, notes });
}

/** What of a turn is cut. */
interface Cut {
  readonly results: boolean;
  readonly think: boolean;
}

const lengthOf = ({ message, observation }: RenderedTurn) => message.length + observation.length;

function cutNote(what: string, turns: number, tokens: number): string {
  return `the transcript has ${tokens} tokens: ${what} of ${turns} turns, the oldest, are cut in ` +
    `the middle to ${CUT_TOKENS} tokens each`;
}

function otherNotes(trace: Trace): ReadonlyArray<string> {
  const replies = scoredTurns(trace).flatMap(({ replies }) => replies);
  const others = replies.filter(({ role }) => role !== "tool").length;
  return [
    ...(trace.system === null
      ? []
      : ["the scoring model's own system prompt stands for the log's"]),
    ...(others === 0 ? [] : [`${others} later messages of user and system are read as results`]),
  ];
}

/** The texts that the agent read after a turn. */
export function textsRead({ calls, replies }: TraceTurn): ReadonlyArray<string> {
  return [...calls.map(({ result }) => result ?? ""), ...replies.map(({ text }) => text)];
}

function renderTurn(turn: TraceTurn, cut: Cut, options: RenderOptions): RenderedTurn {
  const { protocol } = options;
  const texts = textsRead(turn);
  const observed = cut.results ? texts.map((text) => shortened(text, protocol)) : texts;
  return { message: messageOf(turn, cut, options), observation: observe(observed, protocol) };
}

/** The tokens of an observation with these texts. */
export function observe(texts: ReadonlyArray<string>, protocol: Protocol): Uint32Array {
  return protocol.observation(texts.map((content) => ({ content }))).ids;
}

function shortened(text: string, protocol: Protocol): string {
  return protocol.cut(text, { tokens: CUT_TOKENS, cut: "middle" });
}

function messageOf(
  { think, text, calls }: TraceTurn,
  cut: Cut,
  { protocol, tokenizer }: RenderOptions,
): Uint32Array {
  const { style: { toolCall, betweenToolCalls, probeThink } } = protocol;
  const plain = (others: string) => breakControlTokens(others, tokenizer);
  const thought = cut.think ? shortened(think ?? "", protocol) : think ?? "";
  // A thought begins and ends as the probe's does.
  const lead = /^\s*/.exec(probeThink)![0];
  const tail = /\s*$/.exec(probeThink)![0];
  const written = calls.map(({ name, arguments: given }) =>
    toolCall.open + plain(JSON.stringify({ name, arguments: given })) + toolCall.close
  );
  const body = [...(text === null ? [] : [plain(text)]), ...written].join(betweenToolCalls);
  return protocol.assistantMessage(lead + plain(thought.trim()) + tail, body);
}
