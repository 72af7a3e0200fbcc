import { Duration, Effect, type Scope } from "effect";
import type { Action, Episode, StepResult } from "../domain/episode.ts";
import { BadInput, type EnvironmentCrashed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { Environment, type Session } from "../environment/environment.ts";
import { type RandomKey, splitKey } from "../math/threefry.ts";
import type { Sampling } from "../model/decode.ts";
import { type Generation, Policy } from "../policy/policy.ts";
import type { Protocol } from "../text/protocol.ts";
import {
  appendMessage,
  appendObservation,
  closeEpisode,
  type EpisodeAddress,
  type OpenEpisode,
  openEpisode,
} from "./open_episode.ts";

/** An episode to be played, with the key that all its draws are split from. */
export interface Seat extends EpisodeAddress {
  readonly key: RandomKey;
}

/** How episodes are played. */
export interface PlayOptions {
  readonly protocol: Protocol;
  readonly sampling: Sampling;
  readonly maxTurns: number;
  readonly maxNewTokens: number;
  readonly contextTokens: number;
  /** Episodes whose tools run at the same time. */
  readonly concurrency: number;
  /** Episodes in play at the same time: what the policy's cache has room for. */
  readonly wave: number;
  /** Told how many episodes have ended, after each round. */
  readonly onRound?: (ended: number) => Effect.Effect<void>;
}

/** An episode in play, ended, or lost to a crash of the environment. */
type Play =
  | {
    readonly _tag: "Live";
    readonly seat: Seat;
    readonly session: Session;
    readonly episode: OpenEpisode;
  }
  | { readonly _tag: "Ended"; readonly episode: Episode }
  | { readonly _tag: "Crashed"; readonly reason: EnvironmentCrashed };

type Live = Extract<Play, { readonly _tag: "Live" }>;

/**
 * Plays all episodes to their ends; one that its environment's crash ended is null. No episode's tokens depend on the
 * others, on `wave` or on `concurrency`.
 */
export const playEpisodes = Effect.fn("playEpisodes")(
  function* (seats: ReadonlyArray<Seat>, options: PlayOptions) {
    const episodes: Array<Episode | null> = [];
    for (let first = 0; first < seats.length; first += options.wave) {
      const wave = seats.slice(first, first + options.wave);
      const ended = yield* Effect.scoped(playWave(wave, {
        ...options,
        onRound: (count) => options.onRound?.(first + count) ?? Effect.void,
      }));
      episodes.push(...ended);
    }
    return episodes;
  },
);

const playWave = Effect.fnUntraced(function* (seats: ReadonlyArray<Seat>, options: PlayOptions) {
  let plays = yield* Effect.forEach(seats, (seat) => sitDown(seat, options), {
    concurrency: options.concurrency,
  });
  for (let live = plays.filter(isLive); live.length > 0; live = plays.filter(isLive)) {
    const next = yield* playRound(live, options);
    plays = plays.map((play) => isLive(play) ? next.shift()! : play);
    yield* options.onRound?.(plays.filter((play) => !isLive(play)).length) ?? Effect.void;
  }
  return plays.map((play) => play._tag === "Ended" ? play.episode : null);
});

function isLive(play: Play): play is Live {
  return play._tag === "Live";
}

/** Fails when a question leaves no room for a message. */
export function checkPrompt(
  { id }: Pick<Question, "id">,
  tokens: number,
  { contextTokens }: Pick<PlayOptions, "contextTokens">,
): Effect.Effect<void, BadInput> {
  if (tokens < contextTokens) return Effect.void;
  return Effect.fail(
    new BadInput({
      message: `Cannot ask question "${id}" as its prompt must be shorter than contextTokens ` +
        `${contextTokens}: it has ${tokens} tokens`,
    }),
  );
}

const sitDown = Effect.fnUntraced(function* (
  seat: Seat,
  options: PlayOptions,
): Effect.fn.Return<Play, BadInput, Environment | Scope.Scope> {
  const { key: _key, ...address } = seat;
  const episode = openEpisode(address, options.protocol.prompt(seat.question.text));
  yield* checkPrompt(seat.question, episode.tokens.length, options);
  const environment = yield* Environment;
  return yield* environment.open(seat.question).pipe(
    Effect.map((session): Play => ({ _tag: "Live", seat, session, episode })),
    Effect.catch((reason) => Effect.succeed<Play>({ _tag: "Crashed", reason })),
  );
});

/** One message of every episode in play, and what it leads to. */
const playRound = Effect.fnUntraced(function* (live: ReadonlyArray<Live>, options: PlayOptions) {
  const policy = yield* Policy;
  const { protocol, sampling, maxNewTokens, contextTokens } = options;
  const requests = live.map(({ seat, episode }) => ({
    sequence: seat.id,
    tokens: episode.tokens,
    key: splitKey(seat.key, episode.turns.length),
    maxTokens: Math.min(maxNewTokens, contextTokens - episode.tokens.length),
  }));
  const [duration, messages] = yield* Effect.timed(
    policy.generate(requests, { sampling, stopIds: protocol.stopIds }),
  );
  const generateSeconds = Duration.toSeconds(duration) / live.length;
  const next = yield* Effect.forEach(
    live,
    (play, i) => takeTurn(play, messages[i]!, { ...options, generateSeconds }),
    { concurrency: options.concurrency },
  );
  return next.slice();
});

const takeTurn = Effect.fnUntraced(function* (
  play: Live,
  message: Generation,
  options: PlayOptions & { readonly generateSeconds: number },
) {
  const action = readAction(message, options.protocol);
  return yield* Effect.timed(play.session.step(action)).pipe(
    Effect.map(([duration, result]): Play => {
      const { generate, tools } = play.episode.seconds;
      const seconds = {
        generate: generate + options.generateSeconds,
        tools: tools + Duration.toSeconds(duration),
      };
      const episode = appendMessage({ ...play.episode, seconds }, message);
      return follow({ ...play, episode }, { action, result, stopped: message.stopped }, options);
    }),
    Effect.catch((reason) => Effect.succeed<Play>({ _tag: "Crashed", reason })),
  );
});

/** A message that was cut off is malformed, whatever it holds: its end was never sampled. */
function readAction({ tokens, stopped }: Generation, protocol: Protocol): Action {
  if (stopped) return protocol.parseTurn(tokens);
  return { _tag: "Malformed", reason: `no end within ${tokens.length} tokens` };
}

/** A turn's message and the environment's answer to it. */
interface Reply {
  readonly action: Action;
  readonly result: StepResult;
  readonly stopped: boolean;
}

/** Goes on with the observation, or ends the episode. */
function follow(play: Live, { action, result, stopped }: Reply, options: PlayOptions): Play {
  const results = result._tag === "Observation" ? result.results : [];
  const outcome = result._tag === "End" ? result.outcome : null;
  const end = (ending: Episode["ending"]): Play => ({
    _tag: "Ended",
    episode: closeEpisode(play.episode, { action, results }, { ending, outcome }),
  });
  if (!stopped) return end("length");
  if (result._tag === "End") return end(action._tag === "Malformed" ? "malformed" : "answered");
  // The last turn allowed is terminal even when it searched: its observation would never be read.
  if (play.episode.turns.length + 1 >= options.maxTurns) return end("turn_limit");
  const opening = options.protocol.observation(results);
  if (play.episode.tokens.length + opening.ids.length >= options.contextTokens) {
    return end("length");
  }
  return { ...play, episode: appendObservation(play.episode, { action, results }, opening) };
}
