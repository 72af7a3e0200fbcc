/** A question the agent must answer by searching. */
export interface Question {
  /** Unique within its source; part of every random key, so the same id draws the same rollouts. */
  readonly id: string;
  readonly text: string;
  /** Accepted answers, at least one; beliefs are measured on the first unless a preset says otherwise. */
  readonly golds: ReadonlyArray<string>;
  /** Results are reported per kind: `1-hop`, `2-hop`, `choice`, or the data source of a benchmark row. */
  readonly kind: string;
  /** How often it is trained on, relative to other questions. @default {1} */
  readonly weight?: number;
}

/** What questions are for; no question is in two splits. */
export const SPLITS = ["train", "validation", "test"] as const;

/** One of {@link SPLITS}. */
export type SplitName = typeof SPLITS[number];

/** The kinds of questions of the embedded world: chains of one to three relations, and choices between two things. */
export const QUESTION_KINDS = ["1-hop", "2-hop", "3-hop", "choice"] as const;

/** One of {@link QUESTION_KINDS}. */
export type QuestionKind = typeof QUESTION_KINDS[number];

/** The named sets of training questions of the embedded world; evaluation always uses questions of all kinds. */
export const WORLDS = {
  /** All kinds, as in evaluation: a quarter of the first rollouts is right. */
  mixed: QUESTION_KINDS,
  /** Questions that need two or three searches. */
  chains: ["2-hop", "3-hop"],
  /** Questions that need three searches: nearly no rollout is right at first. */
  sparse: ["3-hop"],
} as const satisfies Readonly<Record<string, ReadonlyArray<QuestionKind>>>;

/** Name of one of {@link WORLDS}. */
export type WorldName = keyof typeof WORLDS;
