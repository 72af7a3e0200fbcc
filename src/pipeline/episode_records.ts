import type { RewardedEpisode } from "../domain/batch.ts";
import type { Action } from "../domain/episode.ts";
import type { EpisodeRecord, EpisodeSegment, EpisodeTurn } from "../domain/episode_record.ts";
import { advantageStages } from "../igpo/advantages.ts";
import type { Preset } from "../igpo/preset.ts";
import { mean, sum } from "../math/statistics.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { LostEpisode, UpdatedStep } from "./steps.ts";
import { transcriptOf, type UpdatedTokens } from "./transcript.ts";

/** How much of a step is kept. */
export interface RecordOptions {
  readonly preset: Preset;
  readonly tokenizer: Tokenizer;
  /** Characters of JSON after which the transcripts of further groups are left out. */
  readonly transcriptRoom: number;
}

/** All episodes of a finished step in the order of their questions, those that were lost among them. */
export function episodeRecords(
  step: UpdatedStep,
  options: RecordOptions,
): ReadonlyArray<EpisodeRecord> {
  const { normalised } = advantageStages(step.rewards, options.preset);
  const groupOf = new Map(step.questions.map(({ id }, group) => [id, group]));
  let room = options.transcriptRoom;
  let sequence = 0;
  const kept = step.groups.flatMap((group, g) => {
    const hasRoom = room > 0;
    return group.episodes.map((episode, i): EpisodeRecord => {
      const update = updateOf(step, sequence);
      sequence += 1;
      const transcript = hasRoom ? transcriptOf(episode, update, options.tokenizer) : null;
      room -= sizeOf(transcript ?? []);
      return {
        ...addressOf({ ...step, ...episode, group: groupOf.get(episode.question.id)! }),
        ...gradesOf(episode),
        turns: turnsOf(step, {
          ...{ g, i, episode, normalised: normalised[g]![i]! },
          importanceWeight: update.importanceWeight,
        }),
        goldLogProb: episode.goldLogProb.map((row) => Array.from(row, finiteOrNull)),
        miniBatch: update.miniBatch,
        lossWeight: finiteOrNull(step.batch.sequences[sequence - 1]!.weight[0]),
        seconds: episode.seconds,
        transcript,
      };
    });
  });
  const lost = step.lost.map((one) => lostRecord(step, one, groupOf.get(one.question.id)!));
  return [...kept, ...lost].sort((a, b) => a.group - b.group || a.sample - b.sample);
}

/** Characters that a sampled token's numbers, and a segment's names, take of JSON, more or less. */
const OF_TOKEN = 24;
const OF_SEGMENT = 120;

function sizeOf(transcript: ReadonlyArray<EpisodeSegment>): number {
  return transcript.reduce(
    (sum, { text, trained }) =>
      sum + OF_SEGMENT + text.length + OF_TOKEN * (trained?.units.length ?? 0),
    0,
  );
}

/** A number, or null for one that JSON lacks and for none. */
function finiteOrNull(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

/** The update that trained a sequence. */
function updateOf(
  { applied, batch, logProbs, importanceWeights, sampler }: UpdatedStep,
  index: number,
): UpdatedTokens {
  const isIn = ({ start, end }: { readonly start: number; readonly end: number }) =>
    start <= index && index < end;
  const last = applied.findLast(({ miniBatch }) => isIn(miniBatch));
  return {
    miniBatch: batch.miniBatches.findIndex(isIn),
    sampled: batch.sequences[index]!.behaviourLogProb,
    measured: logProbs[index]?.logProb ?? null,
    importanceWeight: importanceWeights[index] ?? null,
    sampler,
    ratio: last === undefined ? null : last.results[index - last.miniBatch.start]!.ratio,
  };
}

type Address = Pick<RewardedEpisode, "id" | "question" | "step" | "sample"> & {
  readonly group: number;
};

function addressOf({ id, step, group, sample, question }: Address) {
  const { text, golds, kind } = question;
  return { id, step, group, sample, question: { id: question.id, text, golds, kind } };
}

function gradesOf(episode: RewardedEpisode) {
  const { ending, answer, outcome, environmentOutcome, f1, em } = episode;
  return {
    dropped: null,
    ending,
    answer,
    outcome: finiteOrNull(outcome),
    environmentOutcome: finiteOrNull(environmentOutcome),
    f1: finiteOrNull(f1),
    em,
  };
}

/** Where an episode stands in its step, and what became of its rewards. */
interface Place {
  readonly g: number;
  readonly i: number;
  readonly episode: RewardedEpisode;
  readonly normalised: Float64Array;
  /** (P), or null for 1. */
  readonly importanceWeight: Float64Array | null;
}

function turnsOf(
  { advantages, rewards }: UpdatedStep,
  { g, i, episode: { turns, belief, without, gain }, normalised, importanceWeight }: Place,
): ReadonlyArray<EpisodeTurn> {
  const { turnTokens, sampledTokens } = rewards[g]![i]!;
  const found = advantages[g]![i]!;
  const hasGains = belief.length > 0;
  const ends = sampledTokens.map((_, t) => sum(sampledTokens.slice(0, t + 1)));
  return turns.map(({ action }, t) => ({
    action: ACTIONS[action._tag],
    belief: finiteOrNull(belief[t]),
    without: finiteOrNull(without[t]),
    gain: hasGains ? finiteOrNull(gain[t]) : null,
    normalised: finiteOrNull(normalised[t]),
    advantage: finiteOrNull(found.turn[t]),
    tokens: turnTokens[t]!,
    sampled: sampledTokens[t]!,
    ...(importanceWeight === null ? {} : {
      importanceWeight: finiteOrNull(mean(importanceWeight.subarray(ends[t - 1] ?? 0, ends[t]))),
    }),
  }));
}

const ACTIONS = {
  ToolCalls: "call",
  Answer: "answer",
  Malformed: "malformed",
} as const satisfies Readonly<Record<Action["_tag"], EpisodeTurn["action"]>>;

function lostRecord(
  { step }: UpdatedStep,
  lost: LostEpisode,
  group: number,
): EpisodeRecord {
  return {
    ...addressOf({ ...lost, step, group }),
    dropped: lost.reason,
    ending: null,
    answer: null,
    outcome: null,
    environmentOutcome: null,
    f1: null,
    em: null,
    turns: [],
    goldLogProb: [],
    miniBatch: null,
    lossWeight: null,
    seconds: null,
    transcript: null,
  };
}
