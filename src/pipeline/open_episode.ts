import type { Action, Ending, Episode, Span, ToolResult, Turn } from "../domain/episode.ts";
import type { Generation } from "../policy/policy.ts";
import type { Opening } from "../text/protocol.ts";

/** What identifies an episode. */
export type EpisodeAddress = Pick<
  Episode,
  "id" | "question" | "step" | "sample" | "policyVersion"
>;

/** An unfinished episode: its tokens end where the next message begins, or right after a message. */
export type OpenEpisode = Omit<Episode, "ending" | "answer" | "environmentOutcome">;

/** An episode before its first message. */
export function openEpisode(address: EpisodeAddress, opening: Opening): OpenEpisode {
  const { ids, header } = opening;
  return {
    ...address,
    tokens: ids,
    spans: spansOf([
      { kind: "prompt", turn: -1, start: 0, end: ids.length - header },
      { kind: "forced", turn: 0, start: ids.length - header, end: ids.length },
    ]),
    behaviourLogProb: new Float64Array(ids.length),
    promptBoundary: ids.length,
    turns: [],
    seconds: { generate: 0, tools: 0 },
  };
}

/** An episode as it was before the message of a turn, counted from 0. Its times are not known and begin at 0. */
export function reopenEpisode(episode: Episode, turn: number): OpenEpisode {
  const { id, question, step, sample, policyVersion, promptBoundary, turns } = episode;
  const end = turns[turn - 1]?.boundary ?? promptBoundary;
  return {
    id,
    question,
    step,
    sample,
    policyVersion,
    tokens: episode.tokens.slice(0, end),
    spans: episode.spans.filter((span) => span.end <= end),
    behaviourLogProb: episode.behaviourLogProb.slice(0, end),
    promptBoundary,
    turns: turns.slice(0, turn),
    seconds: { generate: 0, tools: 0 },
  };
}

/** Adds a sampled message, its stop token included. */
export function appendMessage(
  episode: OpenEpisode,
  message: Pick<Generation, "tokens" | "logProbs">,
): OpenEpisode {
  const start = episode.tokens.length;
  const end = start + message.tokens.length;
  const turn = episode.turns.length;
  return {
    ...episode,
    tokens: joined(Uint32Array, episode.tokens, message.tokens),
    behaviourLogProb: joined(Float64Array, episode.behaviourLogProb, message.logProbs),
    spans: [...episode.spans, ...spansOf([{ kind: "action", turn, start, end }])],
  };
}

/** The action of a message and the results of its tool calls. */
export interface TurnResult {
  readonly action: Action;
  readonly results: ReadonlyArray<ToolResult>;
}

/** Ends the current turn with an observation and opens the next message. */
export function appendObservation(
  episode: OpenEpisode,
  { action, results }: TurnResult,
  { ids, header }: Opening,
): OpenEpisode {
  const start = episode.tokens.length;
  const boundary = start + ids.length;
  const turn = episode.turns.length;
  return {
    ...episode,
    tokens: joined(Uint32Array, episode.tokens, ids),
    behaviourLogProb: joined(Float64Array, episode.behaviourLogProb, new Float64Array(ids.length)),
    spans: [
      ...episode.spans,
      ...spansOf([
        { kind: "observation", turn, start, end: boundary - header },
        { kind: "forced", turn: turn + 1, start: boundary - header, end: boundary },
      ]),
    ],
    turns: [...episode.turns, { action, results, boundary }],
  };
}

/** How an episode ended, and the outcome its environment gave, if any. */
export interface Close {
  readonly ending: Ending;
  readonly outcome: number | null;
}

/** Ends the episode after its current message; results of the last turn add no tokens, as no message follows. */
export function closeEpisode(
  episode: OpenEpisode,
  { action, results }: TurnResult,
  { ending, outcome }: Close,
): Episode {
  const last: Turn = { action, results, boundary: episode.tokens.length };
  return {
    ...episode,
    turns: [...episode.turns, last],
    ending,
    answer: ending === "answered" && action._tag === "Answer" ? action.text : null,
    environmentOutcome: outcome,
  };
}

function spansOf(spans: ReadonlyArray<Span>): ReadonlyArray<Span> {
  return spans.filter(({ start, end }) => end > start);
}

function joined<A extends Uint32Array | Float64Array>(
  type: { new (length: number): A },
  left: A,
  right: A,
): A {
  const both = new type(left.length + right.length);
  both.set(left, 0);
  both.set(right, left.length);
  return both;
}
