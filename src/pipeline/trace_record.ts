import type { EpisodeRecord, EpisodeSegment, EpisodeTurn } from "../domain/episode_record.ts";
import type { Trace, TraceTurn } from "../domain/trace.ts";
import type { Preset } from "../igpo/preset.ts";
import { type RenderedTrace, scoredTurns } from "./render_trace.ts";
import { gradeAnswer } from "./reward.ts";
import type { Credit } from "./trace_credit.ts";

/** A trace with what was found out about it. */
export interface CreditedTrace {
  readonly trace: Trace;
  /** Index of its question among those of the file, and its own among the traces of that question. */
  readonly group: number;
  readonly sample: number;
  /** Null where nothing could be measured; the first note says why. */
  readonly scored: { readonly rendered: RenderedTrace; readonly credit: Credit } | null;
  readonly notes: ReadonlyArray<string>;
}

/** A trace as an episode of the viewer's format. After a run without an answer stands a turn of nothing. */
export function traceRecord(
  { trace, group, sample, scored, notes }: CreditedTrace,
  preset: Preset,
): EpisodeRecord {
  const { answer, golds, question, reward, turns } = trace;
  const graded = golds === null ? null : gradeAnswer(answer, golds, preset);
  const credit = scored?.credit ?? null;
  return {
    id: `${group}/${sample}/${trace.id}`,
    step: 0,
    group,
    sample,
    question: { id: String(group), text: question ?? "", golds: golds ?? [], kind: trace.format },
    dropped: scored === null ? notes[0] ?? null : null,
    ending: answer === null ? "unanswered" : "answered",
    answer,
    outcome: reward,
    environmentOutcome: reward,
    f1: graded?.f1 ?? null,
    em: graded?.em ?? null,
    turns: turnRecords(trace, scored),
    goldLogProb: credit?.goldLogProb.map((row) => Array.from(row, finiteOrNull)) ?? [],
    miniBatch: null,
    lossWeight: null,
    seconds: secondsOf(turns),
    transcript: [
      segment("prompt", -1, question ?? ""),
      ...turns.flatMap((turn, t) => segmentsOf(turn, t, t === turns.length - 1 ? answer : null)),
    ],
    notes: [
      `${trace.format} ${trace.source}`,
      ...trace.lost.map((lost) => `lost: ${lost}`),
      ...notes,
    ],
  };
}

function turnRecords(trace: Trace, scored: CreditedTrace["scored"]): ReadonlyArray<EpisodeTurn> {
  const measured = scoredTurns(trace);
  const records = measured.map((turn, t) => turnRecord(turn, t, scored));
  const { answer } = trace;
  const last = finiteOrNull(scored?.credit.belief.at(-1));
  return [...records, { ...UNMEASURED, action: answer === null ? "none" : "answer", belief: last }];
}

const UNMEASURED = {
  belief: null,
  without: null,
  gain: null,
  normalised: null,
  advantage: null,
  tokens: null,
  sampled: null,
} as const;

function turnRecord(
  { calls }: TraceTurn,
  turn: number,
  scored: CreditedTrace["scored"],
): EpisodeTurn {
  const action = calls.length > 0 ? "call" : "none";
  if (scored === null) return { ...UNMEASURED, action };
  const { rendered, credit: { belief, gain, without, leaveOneOut, swapped } } = scored;
  const { message, observation } = rendered.turns[turn]!;
  const credits = {
    ...(leaveOneOut === null ? {} : { "leave-one-out": finiteOrNull(leaveOneOut[turn]) }),
    ...(swapped === null ? {} : { swapped: finiteOrNull(swapped[turn]) }),
  };
  return {
    ...UNMEASURED,
    action,
    belief: finiteOrNull(belief[turn]),
    without: finiteOrNull(without?.[turn]),
    gain: finiteOrNull(gain[turn]),
    tokens: message.length + observation.length,
    credits,
    uncertain: differInSign([finiteOrNull(gain[turn]), ...Object.values(credits)]),
  };
}

/** Differences that are smaller come from rounding on the device. */
const ROUNDING = 1e-6;

/** Whether some of the values are above zero and others below. */
function differInSign(values: ReadonlyArray<number | null>): boolean {
  const known = values.filter((value) => value !== null);
  return known.some((value) => value > ROUNDING) && known.some((value) => value < -ROUNDING);
}

function finiteOrNull(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

/** Times of all messages and tools that the log has; null without any. */
function secondsOf(turns: ReadonlyArray<TraceTurn>): EpisodeRecord["seconds"] {
  const generate = turns.map(({ seconds }) => seconds);
  const tools = turns.flatMap(({ calls }) => calls.map(({ seconds }) => seconds));
  if ([...generate, ...tools].every((seconds) => seconds === null)) return null;
  return { generate: sum(generate), tools: sum(tools) };
}

function sum(values: ReadonlyArray<number | null>): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function segment(kind: EpisodeSegment["kind"], turn: number, text: string): EpisodeSegment {
  return { kind, turn, text, trained: null, seconds: null, failure: null };
}

/** A turn as it was, calls in the tags of our own protocol. */
function segmentsOf(
  { think, text, calls, replies }: TraceTurn,
  turn: number,
  answer: string | null,
): ReadonlyArray<EpisodeSegment> {
  const written = calls.map(({ name, arguments: given }) =>
    segment("call", turn, `<tool_call>${JSON.stringify({ name, arguments: given })}</tool_call>`)
  );
  const results = calls.flatMap(({ result, isError, seconds }) =>
    result === null
      ? []
      : [{ ...segment("result", turn, result), seconds, failure: isError ? "error" : null }]
  );
  return [
    ...(think === null ? [] : [segment("think", turn, think)]),
    ...(text === null ? [] : [segment(answer === null ? "other" : "answer", turn, text)]),
    ...written,
    ...results,
    ...replies.map((reply) => segment("result", turn, reply.text)),
  ];
}
