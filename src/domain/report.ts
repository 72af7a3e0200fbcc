/** What an evaluation measured over the questions of one kind. */
export interface KindReport {
  readonly count: number;
  /** Mean over questions. */
  readonly f1: number;
  /** Share of questions with an exact match. */
  readonly em: number;
}

/** What an evaluation measured: one greedy answer to each held-out question. */
export interface EvaluationReport extends KindReport {
  readonly byKind: Readonly<Record<string, KindReport>>;
  /** Assistant messages an episode. */
  readonly meanTurns: number;
  /** Share of episodes that ended without a well-formed answer. */
  readonly invalidRate: number;
  /** F1 of each question, in their order; missing in runs that are older than this field. */
  readonly scores?: ReadonlyArray<number>;
}

/**
 * Every number that is logged each step, with its formula. Sums and means run over the episodes kept in the step
 * unless the formula says otherwise; rows of the table are the fields of {@link StepReport}.
 */
export const STEP_METRICS = {
  step: "number of the step, counted from 1",
  updates: "optimiser updates applied so far; a skipped update does not count",
  skipped:
    "1 where an update was skipped, with what was left of the step, because a number was not finite or no episode was left, else 0",
  episodes: "episodes that were trained on",
  droppedEpisodes: "episodes lost to a crash of the environment, or given up (waitForShare)",
  droppedGroups: "questions left with fewer than two episodes",
  f1: "mean F1 of the sampled answers, 0 without a well-formed one",
  em: "share of episodes whose sampled answer matches a gold one exactly",
  outcome: "mean outcome reward r^O: F1, or the format penalty",
  invalidRate: "share of episodes without a well-formed answer",
  turns: "mean number of assistant messages an episode, T",
  toolCalls: "tool calls of all episodes",
  toolFailures: "tool calls that gave no result, the sum of the next eleven",
  unknownTools: "tool calls that named no tool there is",
  badArguments: "tool calls whose arguments the tool refused",
  missedDeadlines: "tool calls that took longer than the deadline",
  crashedTools: "tool calls in which the tool broke",
  unreachableSearches: "tool calls whose search engine could not be reached",
  busySearches: "tool calls whose search engine had too much to do, after the last try",
  refusedSearches: "tool calls whose search engine refused them",
  malformedSearches: "tool calls whose search engine answered something else",
  largeSearches: "tool calls whose search engine answered too much",
  lateSearches: "tool calls whose search engine answered too late",
  spentSearches: "tool calls that were not made as the budget was spent",
  firstBelief:
    "mean over episodes of ell_0: mean log-prob of a gold token before the first turn, nats; null without gains",
  lastBelief: "the same of ell_{T-1}, before the last turn; null without gains",
  gain:
    "mu_IG: mean of g_t = V_t - V_{t-1} over all turns but each episode's last; null without gains",
  gainStd: "standard deviation of those g_t, with ddof 0; null without gains",
  gainByTurn:
    "mean of g_t over the episodes that have turn t, [0] the first turn; empty without gains",
  turnsGainCorrelation:
    "Pearson correlation, over episodes of two turns or more, of T and the episode's mean g_t; 0 when either is constant; null without gains",
  advantageByTurn: "mean advantage of turn t over the episodes that have it, [0] the first turn",
  searchAdvantage: "mean advantage of the turns that called a tool; 0 where none did",
  answerAdvantage: "mean advantage of the turns that answered; 0 where none did",
  zeroOutcomeGroups: "share of groups whose outcomes are all equal",
  zeroAdvantageGroups: "share of groups whose advantages are all 0",
  learningRate: "learning rate of the step's updates",
  loss: "policyLoss + klLoss + entropyLoss",
  policyLoss:
    "sum of weight times clipped surrogate loss over trained tokens, mean over the step's updates",
  klLoss: "KL coefficient times the weighted sum of the KL estimates, mean over updates",
  entropyLoss:
    "minus the entropy coefficient times the weighted sum of the entropies, mean over updates",
  gradientNorm:
    "L2 norm of the gradient before clipping, mean over updates; 0 where none was applied",
  ppoKl:
    "mean over trained tokens, of all updates, of minus the log-ratio, nats: how far the updates before moved the policy",
  clipFraction: "share of trained tokens, of all updates, whose ratio was clipped at either end",
  clipFractionByTurn: "the same over the tokens of turn t, [0] the first turn",
  dualClipFraction: "share of trained tokens, of all updates, whose loss the dual clip bounded",
  kl:
    "weighted mean of the KL estimate from the reference policy, nats a trained token, over all updates; 0 without one",
  entropy:
    "mean entropy of the sampling distribution a trained token, nats, before the first update",
  logProbGap:
    "largest distance between the trainer's log-prob of a trained token, before the first update, and the sampler's, nats; stale episodes are further off",
  logProbGapMean:
    "mean distance between the two, nats a trained token: what another program (--policy) or adapter (--mixed) that samples computes otherwise",
  replacedLogProbs:
    "sequences whose logProbGap is above 0.01, or above 1 where a server (--policy) or a worker of another adapter (--mixed) samples: the trainer's log-probs stand for the sampler's",
  staleness:
    "updates between the weights that played the step's episodes and those that its updates begin with",
  behaviourKl:
    "mean over trained tokens of exp(d) - 1 - d, d the trainer's log-prob before the first update minus the sampler's: estimates KL(sampler, trainer), nats",
  importanceWeight:
    "mean truncated importance weight of a trained token, min(weightBound, exp(d)); 1 where staleness is 0",
  largestImportanceWeight: "the largest of them",
  truncatedWeights: "share of trained tokens whose weight is weightBound; 0 where staleness is 0",
  trainedTokens: "tokens that were sampled and trained",
  generatedTokens: "tokens that were sampled",
  scoredTokens: "probe tokens computed to score beliefs",
  batchTokens: "tokens of all sequences of the batch",
  rolloutSeconds: "time in rollouts",
  scoreSeconds: "time in scoring beliefs",
  updateSeconds: "time in gradients and updates",
  seconds: "time of the whole step; with staleness the sum of the three above",
  rolloutTokensPerSecond: "generatedTokens / rolloutSeconds",
  scoreTokensPerSecond: "scoredTokens / scoreSeconds",
  updateTokensPerSecond: "batchTokens / updateSeconds, however often the updates go through them",
} as const satisfies Readonly<Record<string, string>>;

/** Name of a logged number. */
export type StepMetric = keyof typeof STEP_METRICS;

/** The metrics that hold one number per turn index. */
export type TurnMetric = "gainByTurn" | "advantageByTurn" | "clipFractionByTurn";

/** The metrics that a preset without gains leaves null. */
export type GainMetric =
  | "firstBelief"
  | "lastBelief"
  | "gain"
  | "gainStd"
  | "turnsGainCorrelation";

/** The metrics that measure the machine: all others repeat bit by bit for equal seeds and adapters. */
export const TIMINGS = [
  "rolloutSeconds",
  "scoreSeconds",
  "updateSeconds",
  "seconds",
  "rolloutTokensPerSecond",
  "scoreTokensPerSecond",
  "updateTokensPerSecond",
] as const satisfies ReadonlyArray<StepMetric>;

/** The numbers of one step, one field per row of {@link STEP_METRICS}. */
export type StepReport = {
  readonly [name in StepMetric]: name extends TurnMetric ? ReadonlyArray<number>
    : name extends GainMetric ? number | null
    : number;
};

/** The summary of a run, as written to `summary.json`. */
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

/** Device time of all dispatches of one op in one program. */
export interface OpTime {
  readonly program: string;
  readonly op: string;
  readonly dispatches: number;
  readonly seconds: number;
}

/** Device time of ops, longest first, and the number of dispatches for whose times there was no room. */
export interface Profile {
  readonly times: ReadonlyArray<OpTime>;
  readonly untimed: number;
}
