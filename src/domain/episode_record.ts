import { type Effect, Schema } from "effect";
import { decodeRecord } from "./decode.ts";
import type { BadInput } from "./errors.ts";

const isMeasured = (value: unknown): value is number | null =>
  value === null || Number.isFinite(value);

/** What was not measured, or was not finite, is null. */
const Measured = Schema.declare(isMeasured, { expected: "a number or null" });
/** Lists as long as a text are looked at in one loop: a check of every number by a schema of its own takes seconds. */
const MeasuredList = Schema.declare(
  (value): value is ReadonlyArray<number | null> => Array.isArray(value) && value.every(isMeasured),
  { expected: "a list of numbers and nulls" },
);
const CountList = Schema.declare(
  (value): value is ReadonlyArray<number> =>
    Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 0),
  { expected: "a list of whole numbers" },
);
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Flagged = Schema.NullOr(Schema.Boolean);

/**
 * What a text of a transcript is: the question as it was asked; the agent's message before its action, and its action;
 * or what the agent read. `other` is a message, or a part of one, that is nothing of these, such as a malformed one.
 */
export const SEGMENT_KINDS = ["prompt", "think", "call", "result", "answer", "other"] as const;

/** The P sampled tokens of a segment, which were trained on, in order; together they are its text. */
const TrainedTokens = Schema.Struct({
  /** (P) UTF-16 units of each token in the segment's text; 0 within a character that ends with a later token. */
  units: CountList,
  /** (P) log-prob under the policy that sampled it, nats, to the seven digits of float32. */
  logProb: MeasuredList,
  /** (P) its importance ratio in the last update that saw it, to seven digits; empty where no update was applied. */
  ratio: MeasuredList,
  /** (P) its truncated importance weight, to seven digits, where older weights sampled it. */
  importanceWeight: Schema.optionalKey(MeasuredList),
});

/** A part of a transcript. */
export const EpisodeSegment = Schema.Struct({
  kind: Schema.Literals(SEGMENT_KINDS),
  /** Turn, from 0; -1 for the prompt. */
  turn: Schema.Int.check(Schema.isGreaterThanOrEqualTo(-1)),
  text: Schema.String,
  /** Null for text that was read, or written for the agent, and where nothing is known of tokens. */
  trained: Schema.NullOr(TrainedTokens),
  /** Time that the tool took, for a result. */
  seconds: Measured,
  /** Why the tool gave no result; null for one that did, and for what is no result. */
  failure: Schema.NullOr(Schema.String),
});

/** What a turn was worth. */
export const EpisodeTurn = Schema.Struct({
  action: Schema.Literals(["call", "answer", "malformed", "none"]),
  /** Mean log-prob of a gold token before the turn, nats; the first is measured on the prompt alone. */
  belief: Measured,
  /** The last belief with this turn cut out of the context, for presets that measure gains so. */
  without: Measured,
  /** Belief after the turn minus that before it, in the unit of the preset's measure; null for the last turn. */
  gain: Measured,
  /** The turn's reward, a gain or the outcome, normalised in its pool. */
  normalised: Measured,
  /** The advantage of its tokens; the mean over them for a baseline by token index. */
  advantage: Measured,
  /** Tokens of the turn, what was read included, and those of them that were sampled. */
  tokens: Schema.NullOr(Count),
  sampled: Schema.NullOr(Count),
  /** Mean truncated importance weight of its sampled tokens, where older weights sampled them. */
  importanceWeight: Schema.optionalKey(Measured),
  /** Further credits of the turn by name, such as `leave-one-out`, to be shown beside the gain. */
  credits: Schema.optionalKey(Schema.Record(Schema.String, Measured)),
  /** Whether gain and credits differ in sign. */
  uncertain: Schema.optionalKey(Schema.Boolean),
});

/**
 * An episode as a run, or a program that scores traces, keeps it: one line of JSON. A file holds all episodes of one
 * step, in the order of their groups, so that advantages can be computed again from it under any preset.
 */
export const EpisodeRecord = Schema.Struct({
  /** Unique within its file. */
  id: Schema.String,
  /** Step of the run, from 1; 0 for a trace. */
  step: Count,
  /** Index of its group, the episodes of one question, among those of the file. */
  group: Count,
  /** Index in its group. */
  sample: Count,
  question: Schema.Struct({
    id: Schema.String,
    text: Schema.String,
    /** Accepted answers; without one nothing is measured. */
    golds: Schema.Array(Schema.String),
    kind: Schema.String,
  }),
  /** Why it was lost, left out or not measured; null if it was trained on, or is a trace that was measured. */
  dropped: Schema.NullOr(Schema.String),
  /** How it ended: `answered`, `malformed`, `turn_limit`, `length`, or a trace's own word. */
  ending: Schema.NullOr(Schema.String),
  answer: Schema.NullOr(Schema.String),
  /** Reward of the answer under the run's preset; the environment's own where it grades; answer against golds. */
  outcome: Measured,
  environmentOutcome: Measured,
  f1: Measured,
  em: Flagged,
  turns: Schema.Array(EpisodeTurn),
  /**
   * Log-probs of the tokens of the first gold answer, from which beliefs are computed, a row for each turn's belief, and
   * none where it was not measured. Nats.
   */
  goldLogProb: Schema.Array(MeasuredList),
  /** Index of the update, within a pass through the step, that it was trained in; null where it was not. */
  miniBatch: Schema.NullOr(Count),
  /** Weight of each of its tokens in the loss of that update. */
  lossWeight: Measured,
  /** Time in waiting for its messages and for its tools. */
  seconds: Schema.NullOr(Schema.Struct({ generate: Schema.Finite, tools: Schema.Finite })),
  /** In the order in which the agent wrote and read; null where there was no room to keep it. */
  transcript: Schema.NullOr(Schema.Array(EpisodeSegment)),
  /** Of a trace: where it comes from, and what was lost or cut on its way here, a sentence each. */
  notes: Schema.optionalKey(Schema.Array(Schema.String)),
});

/** A part of a transcript. */
export type EpisodeSegment = typeof EpisodeSegment.Type;
/** What a turn was worth. */
export type EpisodeTurn = typeof EpisodeTurn.Type;
/** An episode as it is kept. */
export type EpisodeRecord = typeof EpisodeRecord.Type;

/** Reads an episode from parsed JSON; `where` names its row and file in the sentence of a failure. */
export function decodeEpisode(
  input: unknown,
  where: string,
): Effect.Effect<EpisodeRecord, BadInput> {
  return decodeRecord(EpisodeRecord, input, where);
}
