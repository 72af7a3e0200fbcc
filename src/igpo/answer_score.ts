import { answerWords, normaliseAnswer, PUNCTUATION } from "./answer_text.ts";
import type { OutcomeConfig } from "./preset.ts";

/** Score of an answer against the accepted answers; 0 and false for no answer. */
export interface AnswerScore {
  /** In [0, 1], best over the accepted answers. */
  readonly f1: number;
  /** Whether the normalised answer equals one of them. */
  readonly em: boolean;
}

/**
 * Word-level F1 [eq. 2] and exact match of an answer, both lower-cased, best over `golds`:
 *
 *   precision = |words of both| / |answer words|, recall = |words of both| / |gold words|,
 *   F1 = 2 precision recall / (precision + recall), 0 when there is no common word
 *
 * `set` counts a repeated word once (official code), `multiset` as often as it occurs (DR-Venus).
 */
export function scoreAnswer(
  answer: string,
  golds: ReadonlyArray<string>,
  tokens: OutcomeConfig["tokens"],
): AnswerScore {
  const words = countedWords(answer.toLowerCase(), tokens);
  const normalised = normaliseAnswer(answer.toLowerCase());
  const scores = golds.map((gold) => overlapF1(words, countedWords(gold.toLowerCase(), tokens)));
  return {
    f1: Math.max(0, ...scores),
    em: golds.some((gold) => normaliseAnswer(gold.toLowerCase()) === normalised),
  };
}

/**
 * F1 as SQuAD's evaluation script has it, best over `golds`: lower case, punctuation dropped without a space in its place,
 * the articles a, an and the dropped, words counted as often as they occur.
 */
export function squadF1(answer: string, golds: ReadonlyArray<string>): number {
  const counted = (text: string) =>
    countedWords(text.toLowerCase().replace(PUNCTUATION, "").replace(ARTICLES, " "), "multiset");
  const words = counted(answer);
  return Math.max(0, ...golds.map((gold) => overlapF1(words, counted(gold))));
}

const ARTICLES = /\b(a|an|the)\b/g;

/**
 * Outcome reward r^O of an episode: F1 or exact match of its answer, `formatPenalty` without a
 * well-formed answer (null).
 */
export function outcomeOf(
  answer: string | null,
  golds: ReadonlyArray<string>,
  config: OutcomeConfig,
): number {
  if (answer === null) return config.formatPenalty;
  const score = scoreAnswer(
    answer,
    config.golds === "first" ? golds.slice(0, 1) : golds,
    config.tokens,
  );
  return config.metric === "f1" ? score.f1 : Number(score.em);
}

/** How often each word occurs, at most once for `set`. */
function countedWords(text: string, tokens: OutcomeConfig["tokens"]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of answerWords(text)) {
    counts.set(word, tokens === "set" ? 1 : (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function overlapF1(answer: ReadonlyMap<string, number>, gold: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [word, count] of answer) common += Math.min(count, gold.get(word) ?? 0);
  if (common === 0) return 0;
  const precision = common / total(answer);
  const recall = common / total(gold);
  return 2 * (precision * recall) / (precision + recall);
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
