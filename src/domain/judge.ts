/** What an LLM judge is asked, and what it says. */
import { type Result, Schema } from "effect";
import type { SearchFailed } from "./search.ts";

/** An answer to be judged; null where there is none. */
export interface JudgeItem {
  readonly question: string;
  /** The accepted answers. */
  readonly golds: ReadonlyArray<string>;
  readonly answer: string | null;
}

/** A judge answered, but its text holds no verdict. */
export class NoVerdict extends Schema.TaggedError<NoVerdict>()("NoVerdict", {
  message: Schema.String,
}) {}

/** Whether an answer is right, or why the judge does not say. */
export type Verdict = Result.Result<boolean, SearchFailed | NoVerdict>;

/** A share of `count` labelled answers, with Wilson's interval. */
export interface LabelledShare {
  readonly share: number;
  readonly interval: readonly [low: number, high: number];
  readonly count: number;
}

/** How a judge does on answers whose labels are known; those without a verdict are left out. */
export interface Certificate {
  /** Share of the right answers that it finds right. */
  readonly sensitivity: LabelledShare;
  /** Share of the wrong answers that it finds wrong. */
  readonly specificity: LabelledShare;
}

/** Who judged an evaluation, and how well. */
export interface JudgeReport extends Certificate {
  readonly host: string;
  readonly model: string;
  readonly promptVersion: number;
  /** Answers of the evaluation without a verdict, by what went wrong. */
  readonly failures: Readonly<Record<string, number>>;
}
