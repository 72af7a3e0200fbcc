import { Schema } from "effect";

/** One tool call of a logged run. */
export const TraceCall = Schema.Struct({
  name: Schema.String,
  /** As the log has them: parsed JSON, or the text where it is none. */
  arguments: Schema.Unknown,
  /** What came back; null where the log has no result. */
  result: Schema.NullOr(Schema.String),
  isError: Schema.Boolean,
  /** What the tool took; null where the log does not tell. */
  seconds: Schema.NullOr(Schema.Finite),
});

/** One tool call of a logged run. */
export type TraceCall = typeof TraceCall.Type;

/** What the agent read after a turn besides the results of its calls: a user's message, or a tool's that answers no call. */
export const TraceReply = Schema.Struct({
  role: Schema.Literals(["user", "system", "tool"]),
  text: Schema.String,
});

/** What the agent read after a turn besides the results of its calls. */
export type TraceReply = typeof TraceReply.Type;

/** One action of the agent: what it thought, said and called, and what it read then. */
export const TraceTurn = Schema.Struct({
  think: Schema.NullOr(Schema.String),
  text: Schema.NullOr(Schema.String),
  calls: Schema.Array(TraceCall),
  replies: Schema.Array(TraceReply),
  /** What writing the message took; null where the log does not tell. */
  seconds: Schema.NullOr(Schema.Finite),
  /** Where the message stands in its document, such as `messages[4]`. */
  source: Schema.String,
});

/** One action of the agent. */
export type TraceTurn = typeof TraceTurn.Type;

/** Most turns of a trace. */
export const MOST_TURNS = 10_000;

/** A logged run, whatever wrote the log. */
export const Trace = Schema.Struct({
  /** The log's own id, or the file and the place in it. */
  id: Schema.String,
  /** File and place of the document: `runs.jsonl#3`. */
  source: Schema.String,
  /** Name of the importer. */
  format: Schema.String,
  /** The task, else the first message of the user; null where the log has neither. */
  question: Schema.NullOr(Schema.String),
  /** Accepted answers, without white space around them; null where the log has none. */
  golds: Schema.NullOr(Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1))),
  system: Schema.NullOr(Schema.String),
  turns: Schema.Array(TraceTurn).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(MOST_TURNS),
  ),
  /** What the last turn answers; null where the run ends without an answer. */
  answer: Schema.NullOr(Schema.String),
  /** What a grader gave, as the log has it; null for none. */
  reward: Schema.NullOr(Schema.Finite),
  /** What the log holds and this record does not, a sentence for each sort. */
  lost: Schema.Array(Schema.String),
});

/** A logged run, whatever wrote the log. */
export type Trace = typeof Trace.Type;
