import { Schema } from "effect";
import { DateText } from "./date.ts";

const Score = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

/** One answer of an evaluation, as a line of `answers.jsonl`. */
export const AnswerRow = Schema.Struct({
  id: Schema.String,
  /** Kind of the question, or the data set that it is from. */
  kind: Schema.String,
  question: Schema.String,
  golds: Schema.Array(Schema.String),
  /** Which of the answers to the question, from 0 on. */
  sample: Count,
  answer: Schema.NullOr(Schema.String),
  /** F1 as the preset counts words, over the accepted answers. */
  f1: Score,
  /** F1 that counts a repeated word as often as it occurs (DR-Venus), and as SQuAD's script computes it. */
  f1Multiset: Score,
  f1Squad: Score,
  em: Schema.Boolean,
  /** `crashed` where the environment failed; such an answer is asked for again. */
  ending: Schema.String,
  turns: Count,
  calls: Count,
  failedCalls: Count,
  /**
   * Beliefs before the first turn and after each turn but the last, and what each of those turns gained, as the preset
   * measures them: log-probs (nats) or probabilities. Absent where they were not asked for, or there is no episode.
   */
  beliefs: Schema.optionalKey(Schema.Array(Schema.Finite)),
  gains: Schema.optionalKey(Schema.Array(Schema.Finite)),
  /** The date in the system prompt. */
  date: DateText,
});

/** One answer of an evaluation. */
export type AnswerRow = typeof AnswerRow.Type;
