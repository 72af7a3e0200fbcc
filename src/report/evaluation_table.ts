/** What answers amount to, by source of the questions, with intervals. */
import type { AnswerRow } from "../domain/answer_row.ts";
import { normaliseAnswer } from "../igpo/answer_text.ts";
import {
  type Interval,
  mcnemar,
  meanInterval,
  pairedDifference,
  passAt,
  studentInterval,
  wilson,
} from "../math/intervals.ts";
import { mean } from "../math/statistics.ts";

/** Names of sources as the paper's tables have them, in their order. */
const PAPER: ReadonlyArray<readonly [name: string, ...also: ReadonlyArray<string>]> = [
  ["NQ", "nq", "naturalquestions"],
  ["TQ", "tq", "triviaqa"],
  ["HotpotQA", "hotpotqa", "hotpot"],
  ["2Wiki", "2wiki", "2wikimultihopqa"],
  ["MuSiQue", "musique"],
  ["Bamboogle", "bamboogle"],
  ["PopQA", "popqa"],
];

/** What the answers to the questions of one source amount to. */
export interface SourceReport {
  readonly source: string;
  readonly questions: number;
  readonly answers: number;
  /** Means over questions of the mean over their answers. */
  readonly f1: number;
  readonly f1Interval: Interval;
  readonly f1Multiset: number;
  readonly f1Squad: number;
  readonly em: number;
  /** Wilson's interval for one answer a question, else a bootstrap over questions. */
  readonly emInterval: Interval;
  /** Share of answers that ended in a well-formed one. */
  readonly valid: number;
  readonly turns: number;
  readonly calls: number;
  readonly failedCalls: number;
  /** Chance that one of k answers matches exactly, and share of questions whose commonest answer does; k by index + 1. */
  readonly passAtK: ReadonlyArray<number>;
  readonly majority: number;
  /** What answers with beliefs amount to; null where there is none. */
  readonly beliefs: BeliefReport | null;
  /** What a judge says of the answers; null where it gave no verdict. */
  readonly judged: JudgedShare | null;
}

/** The share of answers that a judge finds right, as mean over questions, and how many have no verdict. */
export interface JudgedShare {
  readonly share: number;
  readonly interval: Interval;
  readonly unjudged: number;
}

/** The answers that a judge finds right or wrong. */
export type Verdicts = ReadonlyMap<AnswerRow, boolean>;

/** Means over questions of the mean over their answers, with Student's intervals; null for one question. */
export interface BeliefReport {
  /** The last belief that was measured, and the sum of all gains. */
  readonly belief: number;
  readonly beliefInterval: Interval | null;
  readonly gain: number;
  readonly gainInterval: Interval | null;
}

/** All answers, and those of each source in the paper's order; others follow by name. */
export interface EvaluationTable {
  readonly sources: ReadonlyArray<SourceReport>;
  /** Over all questions. */
  readonly all: SourceReport;
  /** Mean over sources, as the paper averages. */
  readonly average: Readonly<Record<"f1" | "em", number>>;
}

/** The table of some answers; `verdicts` are those of a judge, where there was one. */
export function evaluationTable(
  rows: ReadonlyArray<AnswerRow>,
  verdicts: Verdicts = new Map(),
): EvaluationTable {
  const bySource = Map.groupBy(rows, ({ kind }) => nameOf(kind));
  const names = [...bySource.keys()].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
  const sources = names.map((name) => sourceReport(name, bySource.get(name)!, verdicts));
  const over = (field: "f1" | "em") => mean(Float64Array.from(sources, (source) => source[field]));
  return {
    sources,
    all: sourceReport("all", rows, verdicts),
    average: { f1: over("f1"), em: over("em") },
  };
}

function placeOf(kind: string): number {
  const place = PAPER.findIndex((names) => names.includes(kind.toLowerCase()));
  return place < 0 ? PAPER.length : place;
}

function nameOf(kind: string): string {
  // deno-lint-ignore no-control-regex -- they would break tables and terminals
  return PAPER[placeOf(kind)]?.[0] ?? kind.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}

/** The answers to each question. */
function byQuestion(rows: ReadonlyArray<AnswerRow>) {
  return Map.groupBy(rows, ({ kind, id, question }) => JSON.stringify([kind, id, question]));
}

/** The mean over the answers to a question. */
function meanOf(answers: ReadonlyArray<AnswerRow>, value: (row: AnswerRow) => number): number {
  return mean(Float64Array.from(answers, value));
}

function sourceReport(
  source: string,
  rows: ReadonlyArray<AnswerRow>,
  verdicts: Verdicts,
): SourceReport {
  const groups = [...byQuestion(rows).values()];
  const perQuestion = (value: (row: AnswerRow) => number) =>
    Float64Array.from(groups, (answers) => meanOf(answers, value));
  const f1 = perQuestion((row) => row.f1);
  const em = perQuestion((row) => Number(row.em));
  const samples = Math.min(...groups.map(({ length }) => length));
  const passAtK = Array.from(
    { length: samples },
    (_, i) =>
      mean(Float64Array.from(groups, (answers) => {
        const matches = answers.filter((row) => row.em).length;
        return passAt(i + 1, matches, answers.length);
      })),
  );
  return {
    source,
    questions: groups.length,
    answers: rows.length,
    f1: mean(f1),
    f1Interval: meanInterval(f1),
    f1Multiset: mean(perQuestion((row) => row.f1Multiset)),
    f1Squad: mean(perQuestion((row) => row.f1Squad)),
    em: mean(em),
    emInterval: shareInterval(groups, em),
    valid: meanOf(rows, ({ ending }) => Number(ending === "answered")),
    turns: meanOf(rows, ({ turns }) => turns),
    calls: meanOf(rows, ({ calls }) => calls),
    failedCalls: meanOf(rows, ({ failedCalls }) => failedCalls),
    passAtK,
    majority: mean(Float64Array.from(groups, (answers) => Number(commonest(answers)?.em ?? false))),
    beliefs: beliefReport(rows),
    judged: judgedShare(rows, verdicts),
  };
}

/** Wilson's interval where each question has one answer, which is right or wrong. */
function shareInterval(groups: ReadonlyArray<ReadonlyArray<AnswerRow>>, shares: Float64Array) {
  const isSingle = groups.every(({ length }) => length === 1);
  const right = shares.reduce((sum, one) => sum + one, 0);
  return isSingle ? wilson(right, shares.length) : meanInterval(shares);
}

function judgedShare(rows: ReadonlyArray<AnswerRow>, verdicts: Verdicts): JudgedShare | null {
  const judged = rows.filter((row) => verdicts.has(row));
  if (judged.length === 0) return null;
  const groups = [...byQuestion(judged).values()];
  const right = Float64Array.from(
    groups,
    (answers) => meanOf(answers, (row) => Number(verdicts.get(row))),
  );
  return {
    share: mean(right),
    interval: shareInterval(groups, right),
    unjudged: rows.length - judged.length,
  };
}

function beliefReport(rows: ReadonlyArray<AnswerRow>): BeliefReport | null {
  const groups = [...byQuestion(rows.filter((row) => row.beliefs !== undefined)).values()];
  if (groups.length === 0) return null;
  const perQuestion = (value: (row: AnswerRow) => number) =>
    Float64Array.from(groups, (answers) => meanOf(answers, value));
  const belief = perQuestion(({ beliefs }) => beliefs!.at(-1)!);
  const gain = perQuestion(({ gains }) => gains!.reduce((sum, one) => sum + one, 0));
  return {
    belief: mean(belief),
    beliefInterval: studentInterval(belief),
    gain: mean(gain),
    gainInterval: studentInterval(gain),
  };
}

/** An answer that most samples give, the earliest of those that as many give; none where none was well-formed. */
function commonest(answers: ReadonlyArray<AnswerRow>): AnswerRow | undefined {
  const said = answers.filter(({ answer }) => answer !== null);
  const votes = Map.groupBy(said, ({ answer }) => normaliseAnswer(answer!.toLowerCase()));
  return [...votes.values()].sort((a, b) => b.length - a.length)[0]?.[0];
}

/** Whether one evaluation did better than another on the same questions. */
export interface Against {
  /** Questions that both answered. */
  readonly questions: number;
  readonly f1: ReturnType<typeof pairedDifference>;
  /** Questions that one side matched exactly with its first answer and the other did not, and the exact p of McNemar. */
  readonly better: number;
  readonly worse: number;
  readonly p: number;
}

/** Compares answers with others, question by question; null where no question is in both. */
export function compareAnswers(
  rows: ReadonlyArray<AnswerRow>,
  others: ReadonlyArray<AnswerRow>,
): Against | null {
  const theirs = byQuestion(others);
  const pairs = [...byQuestion(rows)].flatMap(([key, mine]) => {
    const other = theirs.get(key);
    return other === undefined ? [] : [{ mine, other }];
  });
  if (pairs.length === 0) return null;
  const f1Of = (answers: ReadonlyArray<AnswerRow>) => meanOf(answers, ({ f1 }) => f1);
  const isRight = (answers: ReadonlyArray<AnswerRow>) =>
    answers.reduce((first, row) => row.sample < first.sample ? row : first).em;
  const count = (left: "mine" | "other", right: "mine" | "other") =>
    pairs.filter((pair) => isRight(pair[left]) && !isRight(pair[right])).length;
  const [better, worse] = [count("mine", "other"), count("other", "mine")];
  return {
    questions: pairs.length,
    f1: pairedDifference(
      Float64Array.from(pairs, ({ mine }) => f1Of(mine)),
      Float64Array.from(pairs, ({ other }) => f1Of(other)),
    ),
    better,
    worse,
    p: mcnemar(better, worse),
  };
}
