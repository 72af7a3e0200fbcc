import type { RewardedEpisode } from "../domain/batch.ts";
import type { Action, ToolFailureKind } from "../domain/episode.ts";
import type { StepReport } from "../domain/report.ts";
import { clipFractions } from "../igpo/clip_fractions.ts";
import { diagnose, type Diagnostics } from "../igpo/diagnostics.ts";
import { klTerm } from "../igpo/kl.ts";
import { isOff, logProbGap } from "../igpo/old_log_prob.ts";
import type { Preset } from "../igpo/preset.ts";
import { mean, sum } from "../math/statistics.ts";
import type { UpdatedStep } from "./steps.ts";

/** Every number of a finished step; the formulas are in `STEP_METRICS`. */
export function summarizeStep(step: UpdatedStep, preset: Preset): StepReport {
  const episodes = step.groups.flatMap((group) => group.episodes);
  const diagnostics = diagnose(step.rewards, step.advantages);
  return {
    step: step.step,
    updates: step.updates,
    skipped: step.skipped === null ? 0 : 1,
    episodes: episodes.length,
    droppedEpisodes: step.dropped.episodes,
    droppedGroups: step.dropped.groups,
    ...answerMetrics(episodes),
    ...toolMetrics(episodes),
    ...beliefMetrics(episodes, diagnostics, preset),
    turns: diagnostics.turnsMean,
    advantageByTurn: diagnostics.advantageByTurn,
    searchAdvantage: advantageOf("ToolCalls", episodes, step),
    answerAdvantage: advantageOf("Answer", episodes, step),
    zeroOutcomeGroups: diagnostics.equalOutcomeShare,
    zeroAdvantageGroups: diagnostics.zeroAdvantageShare,
    learningRate: step.learningRate,
    ...lossMetrics(step, preset),
    ...staleMetrics(step, preset),
    ...timeMetrics(step, episodes),
  };
}

type Episodes = ReadonlyArray<RewardedEpisode>;

/** Mean over episodes; 0 for none. */
function meanOf(episodes: Episodes, value: (episode: RewardedEpisode) => number): number {
  return mean(Float64Array.from(episodes, value));
}

function answerMetrics(episodes: Episodes) {
  return {
    f1: meanOf(episodes, ({ f1 }) => f1),
    em: meanOf(episodes, ({ em }) => Number(em)),
    outcome: meanOf(episodes, ({ outcome }) => outcome),
    invalidRate: meanOf(episodes, ({ ending }) => Number(ending !== "answered")),
  };
}

/** Mean advantage of the turns of one kind. */
function advantageOf(
  kind: Action["_tag"],
  episodes: Episodes,
  { advantages }: Pick<UpdatedStep, "advantages">,
): number {
  const ofTurns = advantages.flat().flatMap(({ turn }, i) =>
    [...turn].filter((_, t) => episodes[i]!.turns[t]!.action._tag === kind)
  );
  return mean(Float64Array.from(ofTurns));
}

function toolMetrics(episodes: Episodes) {
  const results = episodes.flatMap(({ turns }) => turns.flatMap((turn) => turn.results));
  const count = (kind: ToolFailureKind) => results.filter(({ failure }) => failure === kind).length;
  return {
    toolCalls: results.length,
    toolFailures: results.filter(({ failure }) => failure !== null).length,
    unknownTools: count("unknown_tool"),
    badArguments: count("bad_arguments"),
    missedDeadlines: count("deadline"),
    crashedTools: count("crash"),
    unreachableSearches: count("unreachable"),
    busySearches: count("busy"),
    refusedSearches: count("refused"),
    malformedSearches: count("malformed"),
    largeSearches: count("too_large"),
    lateSearches: count("late"),
    spentSearches: count("spent"),
  };
}

function beliefMetrics(episodes: Episodes, found: Diagnostics, { gain }: Preset) {
  if (gain.measure === "none" || episodes.length === 0) {
    return {
      firstBelief: null,
      lastBelief: null,
      gain: null,
      gainStd: null,
      gainByTurn: [],
      turnsGainCorrelation: null,
    };
  }
  return {
    firstBelief: meanOf(episodes, ({ belief }) => belief[0]!),
    lastBelief: meanOf(episodes, ({ belief }) => belief.at(-1)!),
    gain: found.gainMean,
    gainStd: found.gainStd,
    gainByTurn: found.gainByTurn,
    turnsGainCorrelation: found.turnsGainCorrelation,
  };
}

function lossMetrics({ applied, logProbs, batch, sampler }: UpdatedStep, preset: Preset) {
  // Sampler and trainer run the same kernels: on most adapters they agree bit by bit.
  const gaps = logProbs.map(({ logProb }, i) =>
    logProbGap(logProb, batch.sequences[i]!.behaviourLogProb)
  );
  const trained = applied.flatMap(({ miniBatch: { start }, results }) =>
    results.map((result, i) => ({ ...batch.sequences[start + i]!, result }))
  );
  const total = (part: "policy" | "kl" | "entropy") =>
    sum(trained.map(({ result: { parts } }) => parts[part]));
  const anUpdate = (all: number) => all / Math.max(1, applied.length);
  const { all, byTurn } = clipFractions(trained);
  const weight = sum(trained.flatMap((sequence) => [...sequence.weight]));
  const logRatios = trained.flatMap(({ result: { ratio } }) => Array.from(ratio, Math.log));
  const policyLoss = anUpdate(total("policy"));
  const klLoss = preset.kl.coefficient * anUpdate(total("kl"));
  const entropyLoss = 0 - preset.entropy.coefficient * anUpdate(total("entropy"));
  return {
    loss: policyLoss + klLoss + entropyLoss,
    policyLoss,
    klLoss,
    entropyLoss,
    gradientNorm: mean(Float64Array.from(applied, ({ gradientNorm }) => gradientNorm)),
    ppoKl: 0 - mean(Float64Array.from(logRatios)),
    clipFraction: all.clipped,
    clipFractionByTurn: byTurn.map(({ clipped }) => clipped),
    dualClipFraction: all.dual,
    kl: weight === 0 ? 0 : total("kl") / weight,
    entropy: mean(Float64Array.from(logProbs.flatMap(({ entropy }) => [...entropy]))),
    logProbGap: gaps.reduce((most, gap) => Math.max(most, gap), 0),
    logProbGapMean: mean(
      Float64Array.from(
        logProbs.flatMap(({ logProb }, i) =>
          Array.from(logProb, (own, p) => Math.abs(own - batch.sequences[i]!.behaviourLogProb[p]!))
        ),
      ),
    ),
    replacedLogProbs: gaps.filter((gap) => isOff(gap, sampler)).length,
  };
}

/** How far the weights that played the step are from those that are trained. */
function staleMetrics(
  { staleness, importanceWeights, logProbs, batch }: UpdatedStep,
  { staleness: { weightBound } }: Preset,
) {
  const kl = logProbs.flatMap(({ logProb }, i) =>
    Array.from(
      batch.sequences[i]!.behaviourLogProb,
      (sampled, p) => klTerm(sampled, logProb[p]!, { estimator: "k3", limit: null }).value,
    )
  );
  const weights = importanceWeights.flatMap((sequence) => [...sequence]);
  const isNone = weights.length === 0;
  const atBound = weights.filter((weight) => weight === weightBound).length;
  return {
    staleness,
    behaviourKl: mean(Float64Array.from(kl)),
    importanceWeight: isNone ? 1 : mean(Float64Array.from(weights)),
    largestImportanceWeight: isNone ? 1 : weights.reduce((most, one) => Math.max(most, one), 0),
    truncatedWeights: isNone ? 0 : atBound / weights.length,
  };
}

function timeMetrics(step: UpdatedStep, episodes: Episodes) {
  const trainedTokens = step.batch.sequences.reduce((sum, one) => sum + one.position.length, 0);
  const generatedTokens = episodes.flatMap(({ spans }) => spans).reduce(
    (sum, { kind, start, end }) => kind === "action" ? sum + end - start : sum,
    0,
  );
  const batchTokens = step.batch.sequences.reduce((sum, one) => sum + one.tokens.length, 0);
  const { scoredTokens, rolloutSeconds, scoreSeconds, updateSeconds, seconds } = step;
  return {
    trainedTokens,
    generatedTokens,
    scoredTokens,
    batchTokens,
    rolloutSeconds,
    scoreSeconds,
    updateSeconds,
    seconds,
    rolloutTokensPerSecond: perSecond(generatedTokens, rolloutSeconds),
    scoreTokensPerSecond: perSecond(scoredTokens, scoreSeconds),
    updateTokensPerSecond: perSecond(batchTokens, updateSeconds),
  };
}

function perSecond(tokens: number, seconds: number): number {
  return seconds > 0 ? tokens / seconds : 0;
}
