import { Effect, Schema } from "effect";
import { decodeRecord, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { ReportName } from "../domain/recipe.ts";

const described = (description: string) => ({ description });
/** No sensible factor reaches this, and products of several stay finite in f32. */
const LARGEST = 1e6;
const Within = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));
const AtLeastZero = Within(0, LARGEST);
const AtMostZero = Within(-LARGEST, 0);
const Share = Within(0, 1);

/** Outcome reward r^O of an episode [eq. 2]. */
export const OutcomeConfig = Schema.Struct({
  metric: Schema.Literals(["f1", "em"]).annotate(
    described("word-level F1, or exact match of the normalised strings"),
  ),
  tokens: Schema.Literals(["set", "multiset"]).annotate(
    described("whether a repeated word counts once or as often as it occurs"),
  ),
  golds: Schema.Literals(["first", "all"]).annotate(
    described("score against the first accepted answer, or the best of all"),
  ),
  formatPenalty: AtMostZero.annotate(
    described("lambda_fmt: the outcome of an episode without a well-formed answer"),
  ),
});

/** Information gain of a turn [eqs. 3, 4]. */
export const GainConfig = Schema.Struct({
  measure: Schema.Literals(["logprob", "prob", "none"]).annotate(
    described("difference of mean log-probs, of exp(mean log-prob), or no gains at all"),
  ),
  golds: Schema.Literals(["first", "max", "logsumexp"]).annotate(
    described("belief in the first accepted answer, in the likeliest, or log of the sum over all"),
  ),
  logProbFloor: Schema.NullOr(AtMostZero).annotate(
    described("nats; each gold token's log-prob is raised to at least this, null for no floor"),
  ),
  scorer: Schema.Literals(["policy", "start"]).annotate(
    described("whose beliefs: the policy's that played, or those of the weights a run starts from"),
  ),
  against: Schema.Literals(["before", "without"]).annotate(
    described(
      "difference from the belief before the turn, or of the last belief from what it is without " +
        "the turn",
    ),
  ),
  keep: Schema.Literals(["all", "positive", "rise"]).annotate(
    described("all gains, no losses, or only the rise of the belief above its best so far"),
  ),
  malformedTurn: Schema.NullOr(Within(-LARGEST, LARGEST)).annotate(
    described("reward that replaces the reward of a malformed turn, null to leave it"),
  ),
});

/** How rewards of a group become comparable: z = (x - centre) / (spread + eps) within each pool. */
export const PoolConfig = Schema.Struct({
  members: Schema.Literals(["separate", "joint", "turn", "none"]).annotate(
    described(
      "gains and outcomes apart; all in one pool; gains by turn index and outcomes; no pools",
    ),
  ),
  centre: Schema.Literals(["mean", "leave-one-out"]).annotate(
    described("subtract the mean of the pool, or of its other members"),
  ),
  gainCentre: Schema.Literals(["centre", "zero"]).annotate(
    described(
      "what gains are centred on: the same, or 0, so that they keep their signs and are divided " +
        "by their root mean square",
    ),
  ),
  divideBy: Schema.Literals(["pool", "batch", "none"]).annotate(
    described("divide by the std of the pool, of all such rewards of the batch, or not"),
  ),
  ddof: Schema.Literals([0, 1]).annotate(described("0: population variance, 1: sample variance")),
  eps: AtLeastZero.annotate(described("added to the standard deviation")),
  varianceFloor: AtLeastZero.annotate(described("added to the variance under the root")),
  singleton: Schema.Literals(["zero", "raw"]).annotate(
    described("z of a pool of one: 0, or the reward itself as verl has it"),
  ),
});

/** Factors on the two kinds of reward. */
export const WeightConfig = Schema.Struct({
  gain: AtLeastZero.annotate(described("factor on every gain")),
  outcome: AtLeastZero.annotate(described("factor on the outcome")),
  apply: Schema.Literals(["before", "after"]).annotate(
    described("multiply raw rewards, or normalised ones"),
  ),
  fade: Schema.Literals(["never", "group", "batch"]).annotate(
    described(
      "gains count in full, only in groups whose outcomes are all equal, or times the share of " +
        "such groups in the batch",
    ),
  ),
});

/** How normalised rewards become the advantage of each turn. */
export const CreditConfig = Schema.Struct({
  rule: Schema.Literals(["return", "rescaled", "own"]).annotate(
    described(
      "discounted sum of this and later rewards [eq. 6], A2TGPO's rescaled sum, or the turn's own " +
        "gain; the last two plus the outcome",
    ),
  ),
  gamma: Share.annotate(described("discount per turn")),
  alpha: AtLeastZero.annotate(
    described("factor on the rescaled sum of gains, or the own one; unused by return"),
  ),
  baseline: Schema.Literals(["none", "position", "start"]).annotate(
    described(
      "subtract the group's mean return at the same token index, or at the first turn, " +
        "where it is also divided by the standard deviation of those returns",
    ),
  ),
  whiten: Schema.Boolean.annotate(
    described("shift and scale to mean 0 and variance 1 over the sampled tokens of the batch"),
  ),
});

/** The clipped surrogate [eq. 7]. */
export const ClipConfig = Schema.Struct({
  ratio: Schema.Literals(["token", "turn", "sequence"]).annotate(
    described("what the log-ratio is averaged over"),
  ),
  low: AtLeastZero.annotate(described("ratio is clipped below at 1 - low")),
  high: AtLeastZero.annotate(described("ratio is clipped above at 1 + high")),
  dual: Schema.NullOr(Within(1, LARGEST).check(Schema.isGreaterThan(1))).annotate(
    described("loss of a negative advantage A is at most -dual * A, null for no bound"),
  ),
  adaptive: Share.annotate(
    described("how far a turn's gain widens or narrows its clip range; 0 leaves it"),
  ),
});

/** How far the weights that play may be behind those that are trained. */
export const StalenessConfig = Schema.Struct({
  steps: Schema.Literals([0, 1]).annotate(
    described(
      "1: a step's episodes are played before the updates of the step before, so that both can go " +
        "on at the same time; 0: after them",
    ),
  ),
  weightBound: Within(1, LARGEST).annotate(
    described("importance weights of tokens of stale episodes are truncated to at most this"),
  ),
});

/** Penalty on the distance to the reference policy, a term of the loss. */
export const KlConfig = Schema.Struct({
  coefficient: AtLeastZero.annotate(described("beta; 0 asks for no reference policy")),
  estimator: Schema.Literals(["k1", "abs", "k2", "k3"]).annotate(
    described("per-token estimator of the divergence"),
  ),
  limit: Schema.NullOr(AtLeastZero.check(Schema.isGreaterThan(0))).annotate(
    described("bound on the value of k3, null for none"),
  ),
  ratioCorrected: Schema.Boolean.annotate(
    described("multiply the estimate by the importance ratio"),
  ),
});

/** How a batch's token losses are averaged. */
export const AggregationSchema = Schema.Literals([
  "token-mean",
  "seq-mean-token-mean",
  "seq-mean-token-sum",
  "seq-mean-token-sum-norm",
]);

/** The algorithm as data: one function reads each field, and no code depends on `name`. */
export const Preset = Schema.Struct({
  name: ReportName.annotate(described("what reports call it")),
  outcome: OutcomeConfig,
  gain: GainConfig,
  pool: PoolConfig,
  gainScale: Schema.Literals(["none", "match-outcome"]).annotate(
    described("scale all normalised gains of the batch to the size of its outcomes"),
  ),
  weights: WeightConfig,
  credit: CreditConfig,
  clip: ClipConfig,
  staleness: StalenessConfig,
  kl: KlConfig,
  entropy: Schema.Struct({
    coefficient: Within(-LARGEST, LARGEST).annotate(
      described("entropy bonus, subtracted from the loss"),
    ),
  }),
  aggregation: AggregationSchema.annotate(described("how token losses are averaged")),
});

export type OutcomeConfig = typeof OutcomeConfig.Type;
export type GainConfig = typeof GainConfig.Type;
export type PoolConfig = typeof PoolConfig.Type;
export type WeightConfig = typeof WeightConfig.Type;
export type CreditConfig = typeof CreditConfig.Type;
export type ClipConfig = typeof ClipConfig.Type;
export type StalenessConfig = typeof StalenessConfig.Type;
export type KlConfig = typeof KlConfig.Type;
/** How token losses become one loss. */
export type Aggregation = typeof AggregationSchema.Type;
export type Preset = typeof Preset.Type;

/** Fields that presets got later, with the values that leave those of earlier runs as they were. */
const LATER_FIELDS = {
  staleness: { steps: 0, weightBound: 2 },
} as const satisfies Partial<Preset>;

/**
 * Reads a preset from JSON. Fails with one sentence on a wrong or unknown field and on
 * fields that cannot be combined ({@link conflictOf}).
 */
export const decodePreset = Effect.fnUntraced(function* (input: unknown) {
  const filled = isRecord(input) ? { ...LATER_FIELDS, ...input } : input;
  const preset = yield* decodeRecord(Preset, filled, "the preset");
  const conflict = conflictOf(preset);
  if (conflict !== null) return yield* new BadInput({ message: conflict });
  return preset;
});

/** Why a well-typed preset cannot work, in one sentence, or null. */
export function conflictOf(preset: Preset): string | null {
  const { gain, pool, weights, clip, kl } = preset;
  const weighed = weights.gain !== 1 || weights.outcome !== 1;
  if (gain.measure === "logprob" && pool.members === "joint") {
    // Gains of several nats and an outcome in [-2, 1] have different scales: one of them becomes noise.
    return 'Cannot pool log-prob gains with outcomes as their scales differ: pool.members is "joint" with gain.measure "logprob"';
  }
  if (pool.gainCentre === "zero" && pool.members !== "separate" && pool.members !== "turn") {
    return `Cannot centre gains on zero as they must have pools of their own: pool.members is "${pool.members}"`;
  }
  if (gain.against === "without" && gain.keep === "rise") {
    return 'Cannot tell a rise above the best belief so far as gains must be differences from the belief before: gain.against is "without"';
  }
  if (weighed && weights.apply === "before" && ["separate", "turn"].includes(pool.members)) {
    // A factor on all members of a pool cancels when they are divided by the pool's standard deviation.
    return `Cannot weigh rewards before normalisation in pools of one kind as it changes nothing: weights.apply is "before" with pool.members "${pool.members}"`;
  }
  if (clip.low >= 1) {
    return `Cannot clip ratios as 1 - clip.low must be positive: clip.low is ${clip.low}`;
  }
  if (kl.ratioCorrected && clip.ratio !== "token") {
    return `Cannot correct the KL term by the ratio as the ratio must be per token: clip.ratio is "${clip.ratio}"`;
  }
  return null;
}
