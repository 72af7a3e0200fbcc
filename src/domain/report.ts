/** What an evaluation measured over the questions of one kind. */
export interface KindReport {
  readonly count: number;
  /** Mean over questions. */
  readonly f1: number;
  /** Share of questions. */
  readonly em: number;
}

/** What an evaluation measured: greedy answers to held-out questions, one each. */
export interface EvaluationReport extends KindReport {
  readonly byKind: Readonly<Record<string, KindReport>>;
  /** Assistant messages an episode. */
  readonly meanTurns: number;
  /** Share of episodes that ended without a well-formed answer. */
  readonly invalidRate: number;
}

/**
 * Every number that is logged each step, with its formula. Sums and means run over the episodes kept in the step
 * unless the formula says otherwise; rows of the table are the fields of {@link StepReport}.
 */
export const STEP_METRICS = {
  step: "updates done, this one included",
  episodes: "episodes that were trained on",
  droppedEpisodes: "episodes lost to a crash of the environment",
  droppedGroups: "questions left with fewer than two episodes",
  f1: "mean F1 of the sampled answers, 0 without a well-formed one",
  em: "share of episodes whose sampled answer matches a gold one exactly",
  outcome: "mean outcome reward r^O: F1, or the format penalty",
  invalidRate: "share of episodes without a well-formed answer",
  turns: "mean number of assistant messages an episode, T",
  toolCalls: "tool calls of all episodes",
  toolFailures: "tool calls that gave no result",
  firstBelief: "mean of V_0, nats a gold token, before the first turn",
  lastBelief: "mean of V_{T-1}, nats a gold token, before the last turn",
  gain: "mu_IG: mean of g_t = V_t - V_{t-1} over all turns but each episode's last",
  gainStd: "standard deviation of those g_t",
  zeroOutcomeGroups: "share of groups whose outcomes are all equal",
  zeroAdvantageGroups: "share of groups whose advantages are all 0",
  loss: "sum of weight times token loss over trained tokens",
  gradientNorm: "L2 norm of the gradient before clipping",
  clipFraction: "share of trained tokens whose ratio was clipped",
  kl: "mean estimate of the divergence from the reference policy a trained token; 0 without one",
  entropy: "mean entropy of the sampling distribution a trained token, nats",
  trainedTokens: "tokens that were sampled and trained",
  generatedTokens: "tokens that were sampled",
  rolloutSeconds: "time in rollouts",
  scoreSeconds: "time in scoring beliefs",
  updateSeconds: "time in gradient and update",
  seconds: "time of the whole step",
} as const satisfies Readonly<Record<string, string>>;

/** Name of a logged number. */
export type StepMetric = keyof typeof STEP_METRICS;

/** The numbers of one step, one field a row of {@link STEP_METRICS}. */
export type StepReport = { readonly [name in StepMetric]: number };

/** What a run comes down to, as written to `summary.json`. */
export interface Summary {
  /** Name of the graphics adapter, or `plain loops`. */
  readonly adapter: string;
  readonly preset: string;
  readonly recipe: string;
  readonly seed: number;
  readonly steps: number;
  /** From start-up to the end of the first update. */
  readonly firstStepSeconds: number;
  readonly wallSeconds: number;
  readonly before: EvaluationReport;
  readonly after: EvaluationReport;
}

/** One turn of an episode in words and numbers. */
export interface TurnView {
  readonly thought: string;
  /** Queries of a searching turn, or the answer. */
  readonly said: string;
  readonly isAnswer: boolean;
  /** First line of each tool result. */
  readonly found: ReadonlyArray<string>;
  /** V_t after the turn's observation, nats a gold token; null after the last turn. */
  readonly belief: number | null;
  /** g_t, null for the last turn. */
  readonly gain: number | null;
  readonly advantage: number;
}

/** One episode in words and numbers, for people to read. */
export interface EpisodeView {
  readonly question: string;
  readonly kind: string;
  readonly gold: string;
  /** V_0, nats a gold token. */
  readonly firstBelief: number;
  readonly turns: ReadonlyArray<TurnView>;
  readonly f1: number;
  readonly outcome: number;
}
