/** Episodes that are watched while they are played, and played on with other results. */
import { Effect } from "effect";
import type { Episode } from "../domain/episode.ts";
import type { Question } from "../domain/question.ts";
import { Environment } from "../environment/environment.ts";
import { beliefOf } from "../igpo/belief.ts";
import { sayTurn } from "../pipeline/episode_view.ts";
import { runKey } from "../pipeline/keys.ts";
import {
  appendMessage,
  appendObservation,
  type OpenEpisode,
  reopenEpisode,
} from "../pipeline/open_episode.ts";
import { playEpisodes, type Seat } from "../pipeline/play.ts";
import { gradeAnswer } from "../pipeline/reward.ts";
import { trainingPlay } from "../pipeline/rollout.ts";
import { Policy } from "../policy/policy.ts";
import type { Agent } from "./agent.ts";
import type { AskedQuestion, LiveEpisode, LiveTurn } from "./messages.ts";

/** An episode that is over, with its beliefs. */
export interface Played {
  readonly episode: Episode;
  /** (T) the probability of a token of the gold answer before each turn, as a geometric mean. */
  readonly beliefs: ReadonlyArray<number>;
}

/** Called with an episode before its first message and after each of its turns. */
export type Show = (episode: LiveEpisode) => void;

/** Answers a question, always with the likeliest token; null if the environment crashed. */
export function answerLive(agent: Agent, question: Question, show: Show) {
  const seat = { ...PLACE, question, key: runKey(agent.seed, "evaluation") };
  return playLive(agent, { seat, beliefs: [] }, show);
}

/** What identifies the one episode that is played at a time. */
const PLACE = { id: "live", step: 0, sample: 0, policyVersion: 0 };

/** Gives a turn of an episode other results, and plays on from there. */
export function editLive(
  agent: Agent,
  { episode, beliefs }: Played,
  { turn, results, show }: {
    readonly turn: number;
    readonly results: ReadonlyArray<string>;
    readonly show: Show;
  },
) {
  const from = withResults(agent, episode, turn, results);
  const key = runKey(agent.seed, "evaluation");
  return playLive(
    agent,
    { seat: { ...from, key, from }, beliefs: beliefs.slice(0, turn + 1) },
    show,
  );
}

/** An episode up to a turn whose calls found other texts. */
function withResults(
  { protocol }: Agent,
  episode: Episode,
  turn: number,
  contents: ReadonlyArray<string>,
): OpenEpisode {
  const { start, end } = episode.spans.find((span) =>
    span.kind === "action" && span.turn === turn
  )!;
  const message = {
    tokens: episode.tokens.slice(start, end),
    logProbs: episode.behaviourLogProb.slice(start, end),
  };
  const { action, results: found } = episode.turns[turn]!;
  const results = found.map((result, i) => ({ ...result, content: contents[i] ?? "" }));
  return appendObservation(
    appendMessage(reopenEpisode(episode, turn), message),
    { action, results },
    protocol.observation(results),
  );
}

/** Where play begins, and the beliefs that are known. */
interface Beginning {
  readonly seat: Seat;
  readonly beliefs: ReadonlyArray<number>;
}

const playLive = Effect.fnUntraced(function* (agent: Agent, beginning: Beginning, show: Show) {
  const { protocol, splits: { test } } = agent;
  const { seat: { question } } = beginning;
  const policy = yield* Policy;
  const probe = protocol.probe(question.golds[0]!);
  const beliefs = [...beginning.beliefs];
  const tell = (episode: OpenEpisode, f1: number | null) =>
    show({
      question: inWords(question),
      beliefs: [...beliefs],
      turns: turnsOf(agent, episode),
      f1,
    });
  const beforeTurn = Effect.fnUntraced(function* (episode: OpenEpisode) {
    const { id, tokens, turns } = episode;
    const boundaries = [tokens.length];
    const [rows] = yield* policy.beliefs([{ sequence: id, tokens, boundaries, probe }]);
    beliefs[turns.length] = Math.exp(beliefOf(rows![0]!, null));
    tell(episode, null);
  });
  const play = { ...trainingPlay(agent), sampling: GREEDY, beforeTurn };
  const [episode] = yield* playEpisodes([beginning.seat], play).pipe(
    Effect.provideService(Environment, test.environment),
  );
  policy.release();
  if (episode === null || episode === undefined) return null;
  const { f1 } = gradeAnswer(episode.answer, question.golds, agent.preset);
  tell(episode, f1);
  return { episode, beliefs } satisfies Played;
});

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0 };

function turnsOf({ tokenizer }: Agent, episode: OpenEpisode): ReadonlyArray<LiveTurn> {
  return episode.turns.map(({ results }, turn) => ({
    ...sayTurn(episode, turn, tokenizer),
    results: results.map(({ content }) => content),
  }));
}

/** A question for people. */
export function inWords({ text, kind, golds }: Question): AskedQuestion {
  return { text, kind, gold: golds[0]! };
}
