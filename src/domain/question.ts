/** A question the agent must answer by searching. */
export interface Question {
  /** Unique within its source; part of every random key, so the same id draws the same rollouts. */
  readonly id: string;
  readonly text: string;
  /** Accepted answers, at least one; the first is the one a belief is measured on unless a preset says otherwise. */
  readonly golds: ReadonlyArray<string>;
  /** What results are reported by: `1-hop`, `2-hop`, `comparison`, or the data source of a benchmark row. */
  readonly kind: string;
}
