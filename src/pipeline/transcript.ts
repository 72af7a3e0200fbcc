import type { Action, Episode, Span } from "../domain/episode.ts";
import type { EpisodeSegment } from "../domain/episode_record.ts";
import { oldLogProb, type Sampler } from "../igpo/old_log_prob.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** What an update knows about the sampled tokens of an episode, each (P) or null where no update was applied. */
export interface UpdatedTokens {
  readonly miniBatch: number;
  /** Log-probs as sampled, and as the trainer measured them before the first update. */
  readonly sampled: Float64Array;
  readonly measured: Float64Array | null;
  readonly sampler: Sampler;
  readonly ratio: Float64Array | null;
  /** Null where it is 1, too. */
  readonly importanceWeight: Float64Array | null;
}

/** The text of an episode in the order in which it was written and read, with the numbers of its sampled tokens. */
export function transcriptOf(
  episode: Episode,
  update: UpdatedTokens,
  tokenizer: Tokenizer,
): ReadonlyArray<EpisodeSegment> {
  const { sampled, measured, sampler, ratio, importanceWeight } = update;
  // A stale token has its importance weight beside it, so it keeps its log-prob as it was sampled.
  const logProb = measured === null || importanceWeight !== null
    ? sampled
    : oldLogProb(sampled, measured, sampler);
  const digitsOf = (values: Float64Array | null, from: number, to: number) =>
    values === null ? [] : Array.from(values.subarray(from, to), sevenDigits);
  let trained = 0;
  return episode.spans.flatMap((span): ReadonlyArray<EpisodeSegment> => {
    const ids = episode.tokens.subarray(span.start, span.end);
    switch (span.kind) {
      case "prompt":
        return [readSegment({ kind: "prompt", turn: span.turn, text: tokenizer.decode(ids) })];
      case "forced":
        return [readSegment({ kind: "think", turn: span.turn, text: tokenizer.decode(ids) })];
      case "observation":
        return resultsOf(episode, span);
      case "action": {
        const [from, to] = [trained, trained += ids.length];
        return messageOf(episode, span, {
          texts: tokenTexts(ids, tokenizer),
          logProb: digitsOf(logProb, from, to),
          ratio: digitsOf(ratio, from, to),
          importanceWeight: digitsOf(importanceWeight, from, to),
        });
      }
    }
  });
}

function readSegment(
  segment: Pick<EpisodeSegment, "kind" | "turn" | "text">,
): EpisodeSegment {
  return { ...segment, trained: null, seconds: null, failure: null };
}

function resultsOf({ turns }: Episode, { turn }: Span): ReadonlyArray<EpisodeSegment> {
  return turns[turn]!.results.map(({ content, seconds, failure }) => ({
    ...readSegment({ kind: "result", turn, text: content }),
    seconds,
    failure,
  }));
}

/** Sampled tokens of a message, all lists (P); the last two may be empty. */
interface Message {
  readonly texts: ReadonlyArray<string>;
  readonly logProb: ReadonlyArray<number | null>;
  readonly ratio: ReadonlyArray<number | null>;
  readonly importanceWeight: ReadonlyArray<number | null>;
}

/** A message as its thought and its action. */
function messageOf(
  { turns }: Episode,
  { turn }: Span,
  message: Message,
): ReadonlyArray<EpisodeSegment> {
  const cut = endOfThought(message.texts);
  const parts = [
    { kind: "think", from: 0, to: cut },
    { kind: KINDS[turns[turn]!.action._tag], from: cut, to: message.texts.length },
  ] as const;
  return parts.filter(({ from, to }) => to > from).map(({ kind, from, to }) => ({
    ...readSegment({ kind, turn, text: message.texts.slice(from, to).join("") }),
    trained: {
      units: message.texts.slice(from, to).map((text) => text.length),
      logProb: message.logProb.slice(from, to),
      ratio: message.ratio.slice(from, to),
      ...(message.importanceWeight.length === 0
        ? {}
        : { importanceWeight: message.importanceWeight.slice(from, to) }),
    },
  }));
}

const KINDS = {
  ToolCalls: "call",
  Answer: "answer",
  Malformed: "other",
} as const satisfies Readonly<
  Record<Action["_tag"], EpisodeSegment["kind"]>
>;

/** Number of tokens up to the one that ends with or after `</think>`; 0 without it. */
function endOfThought(texts: ReadonlyArray<string>): number {
  const tag = "</think>";
  const at = texts.join("").indexOf(tag);
  if (at < 0) return 0;
  let end = 0;
  return texts.findIndex((text) => (end += text.length) >= at + tag.length) + 1;
}

/** Tokens that a character of UTF-8 may take. */
const LONGEST_CHARACTER = 4;

/** The text of each token; a character of several tokens is the text of its last one. */
function tokenTexts(ids: Uint32Array, tokenizer: Tokenizer): ReadonlyArray<string> {
  let begun = 0;
  return Array.from(ids, (_, i) => {
    const text = tokenizer.decode(ids.subarray(begun, i + 1));
    const isCut = text.endsWith("\uFFFD") && i + 1 < ids.length &&
      i + 1 - begun < LONGEST_CHARACTER;
    if (isCut) return "";
    begun = i + 1;
    return text;
  });
}

/** A number to the digits of float32; null for one that JSON lacks. */
function sevenDigits(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}
