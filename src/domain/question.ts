/** A question the agent must answer by searching. */
export interface Question {
  /** Unique within its source; part of every random key, so the same id draws the same rollouts. */
  readonly id: string;
  readonly text: string;
  /** Accepted answers, at least one; the first is the one a belief is measured on unless a preset says otherwise. */
  readonly golds: ReadonlyArray<string>;
  /** What results are reported by: `1-hop`, `2-hop`, `choice`, or the data source of a benchmark row. */
  readonly kind: string;
}

/** The kinds of questions of the embedded world: chains of one to three relations, and choices between two things. */
export const QUESTION_KINDS = ["1-hop", "2-hop", "3-hop", "choice"] as const;

/** One of {@link QUESTION_KINDS}. */
export type QuestionKind = typeof QUESTION_KINDS[number];

/** What an agent of the embedded world can be trained on, by name; it is always measured on questions of all kinds. */
export const WORLDS = {
  /** What it is measured on: a quarter of its first rollouts is right. */
  mixed: QUESTION_KINDS,
  /** Two searches or three. */
  chains: ["2-hop", "3-hop"],
  /** Three searches: nearly no rollout is right at first. */
  sparse: ["3-hop"],
} as const satisfies Readonly<Record<string, ReadonlyArray<QuestionKind>>>;

/** Name of one of {@link WORLDS}. */
export type WorldName = keyof typeof WORLDS;
