import { scoreAnswer } from "../../src/igpo/answer_score.ts";

/**
 * Scoring of whole transcripts as the official code does it (`compute_f1`): for traces that come as
 * text. Retrieved text can set or break the answer here; our own episodes are scored by their
 * parsed answer instead ({@link outcomeOf}).
 */

/** What the official code reports: F1 or exact match with the penalty, or F1 with 0 for bad format. */
export type TranscriptMode = "f1" | "em" | "noformatf1";

const TAGS = ["code", "tool_call", "think", "answer"] as const;
const ALIAS_SEPARATOR = "<|answer_split|>";
const FACT_CHECK_SOURCES: ReadonlyArray<string> = ["Factbench", "politifact", "liar2"];
const FORMAT_PENALTY = -2;

/** Each of four tags opens as often as it closes, and some closing tag follows each opening one. */
export function isBalanced(text: string): boolean {
  return TAGS.every((tag) => isTagBalanced(text, `<${tag}>`, `</${tag}>`));
}

/**
 * Score of the first `<answer>` of a lower-cased transcript against the golds: -2 (0 for
 * `noformatf1`) when tags are unbalanced or there is no answer.
 */
export function scoreTranscript(
  transcript: string,
  golds: ReadonlyArray<string>,
  mode: TranscriptMode,
): number {
  const text = transcript.toLowerCase();
  const answer = isBalanced(text) ? firstAnswer(text) : null;
  if (answer === null) return mode === "noformatf1" ? 0 : FORMAT_PENALTY;
  const score = scoreAnswer(answer, golds, "set");
  return mode === "em" ? Number(score.em) : score.f1;
}

/**
 * The accepted answers in a `ground_truth` string: alternatives split by `<|answer_split|>` in any
 * case. For fact-checking sources it is JSON [{label}]: "false" if any label is, else "true".
 */
export function goldsOf(groundTruth: string, dataSource: string): ReadonlyArray<string> {
  if (FACT_CHECK_SOURCES.includes(dataSource)) return [factCheckLabel(JSON.parse(groundTruth))];
  return groundTruth.toLowerCase().split(ALIAS_SEPARATOR);
}

/** Text between the first `<answer>` and the next `</answer>`, or null. */
export function firstAnswer(text: string): string | null {
  const start = text.indexOf("<answer>");
  const end = start < 0 ? -1 : text.indexOf("</answer>", start);
  return end < 0 ? null : text.slice(start + "<answer>".length, end);
}

function isTagBalanced(text: string, open: string, close: string): boolean {
  if (text.split(open).length !== text.split(close).length) return false;
  let start = text.indexOf(open);
  while (start >= 0) {
    const end = text.indexOf(close, start);
    if (end < 0) return false;
    start = text.indexOf(open, end + 1);
  }
  return true;
}

function factCheckLabel(items: ReadonlyArray<{ readonly label: string }>): string {
  return items.some((item) => item.label.toLowerCase() === "false") ? "false" : "true";
}
