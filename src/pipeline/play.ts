import { Deferred, Duration, Effect, type Scope, Semaphore } from "effect";
import type { Action, Episode, StepResult, ToolResult } from "../domain/episode.ts";
import {
  BadInput,
  EnvironmentCrashed,
  type KernelFailed,
  type ServerFailed,
} from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import { Environment, type Session } from "../environment/environment.ts";
import { type RandomKey, splitKey } from "../math/threefry.ts";
import type { Sampling } from "../model/decode.ts";
import { type Generation, Policy } from "../policy/policy.ts";
import type { CutOptions } from "../text/cut.ts";
import type { Protocol } from "../text/protocol.ts";
import {
  appendMessage,
  appendObservation,
  closeEpisode,
  type EpisodeAddress,
  type OpenEpisode,
  openEpisode,
} from "./open_episode.ts";

/** An episode to be played, with the key from which the keys of all its draws are split. */
export interface Seat extends EpisodeAddress {
  readonly key: RandomKey;
  /** Where play begins, if not at the prompt. The session is a new one: its tools must not depend on earlier turns. */
  readonly from?: OpenEpisode;
}

/** How episodes are played. */
export interface PlayOptions {
  readonly protocol: Protocol;
  readonly sampling: Sampling;
  readonly maxTurns: number;
  readonly maxNewTokens: number;
  readonly contextTokens: number;
  /** How much of a tool's result is read. */
  readonly cutResults: CutOptions;
  /** Episodes whose tools run at the same time. */
  readonly concurrency: number;
  /** Episodes in play at the same time, as many as the policy's cache has room for. */
  readonly wave: number;
  /** Episodes after which the others are given up where they wait for a tool. @default {all} */
  readonly waitFor?: number;
  /** Called with each episode before each of its messages, as far as it is then. */
  readonly beforeTurn?: (episode: OpenEpisode) => Effect.Effect<void, KernelFailed>;
  /** Called after each episode with the number of episodes that have ended, its seat, and what came of it. */
  readonly onEnded?: (
    ended: number,
    seat: Seat,
    episode: Episode | null,
  ) => Effect.Effect<void, BadInput>;
  /** Called with each seat whose episode came to nothing, and why. */
  readonly onLost?: (seat: Seat, reason: string) => void;
}

/**
 * Plays all episodes to their ends; an episode is null if its environment crashed or it was given up. Each continues as soon as its own
 * message or tools are done. It waits for others only when `wave` or `concurrency` is reached. The tokens of an episode
 * do not depend on other episodes, on these limits or on timing.
 */
export const playEpisodes = Effect.fn("playEpisodes")(
  function* (seats: ReadonlyArray<Seat>, options: PlayOptions) {
    const { concurrency, waitFor = seats.length, onEnded, onLost } = options;
    const shared: Shared = {
      tools: yield* Semaphore.make(concurrency),
      enough: yield* Deferred.make<never, EnvironmentCrashed>(),
    };
    let ended = 0;
    const play = (seat: Seat) =>
      Effect.scoped(playEpisode(seat, options, shared)).pipe(
        Effect.catchTag("EnvironmentCrashed", ({ message }) =>
          Effect.sync(() => {
            onLost?.(seat, message);
            return null;
          })),
        Effect.tap((episode) => {
          ended += 1;
          return onEnded?.(ended, seat, episode) ?? Effect.void;
        }),
        Effect.tap(() => ended >= waitFor ? Deferred.fail(shared.enough, GIVEN_UP) : Effect.void),
      );
    return yield* Effect.forEach(seats, play, { concurrency: options.wave });
  },
);

/** How a recipe says that tools are used. */
export function toolPlay(
  { toolConcurrency, maxResultTokens, contextTokens, cutResults }: Recipe,
): Pick<PlayOptions, "concurrency" | "cutResults"> {
  return {
    concurrency: toolConcurrency,
    cutResults: { tokens: maxResultTokens ?? contextTokens, cut: cutResults },
  };
}

/** What the episodes of a call share. */
interface Shared {
  readonly tools: Semaphore.Semaphore;
  /** Fails once the others are not waited for. */
  readonly enough: Deferred.Deferred<never, EnvironmentCrashed>;
}

const GIVEN_UP = new EnvironmentCrashed({
  boundary: "environment.step",
  message: "Enough episodes of the step were over",
});

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

/** Plays one episode to its end, turn by turn. */
const playEpisode = Effect.fnUntraced(function* (
  seat: Seat,
  options: PlayOptions,
  shared: Shared,
): Effect.fn.Return<
  Episode,
  BadInput | EnvironmentCrashed | KernelFailed | ServerFailed,
  Environment | Policy | Scope.Scope
> {
  const { protocol, sampling, maxNewTokens, contextTokens } = options;
  const { id, key, question } = seat;
  const policy = yield* Policy;
  let episode = beginning(seat, protocol);
  yield* checkPrompt(question, episode.tokens.length, options);
  const session = yield* shared.tools.withPermit((yield* Environment).open(question));
  yield* Effect.addFinalizer(() => Effect.sync(() => policy.retire(id)));
  while (true) {
    if (options.beforeTurn !== undefined) yield* options.beforeTurn(episode);
    const { tokens, turns } = episode;
    const request = {
      sequence: id,
      tokens,
      key: splitKey(key, turns.length),
      maxTokens: Math.min(maxNewTokens, contextTokens - tokens.length),
    };
    const [generate, [message]] = yield* Effect.timed(
      policy.generate([request], { sampling, stopIds: protocol.stopIds }),
    );
    const action = readAction(message!, protocol);
    const [waited, result] = yield* act(session, action, shared);
    const seconds = {
      generate: episode.seconds.generate + Duration.toSeconds(generate),
      tools: episode.seconds.tools + Duration.toSeconds(waited),
    };
    const said = appendMessage({ ...episode, seconds }, message!);
    const next = follow(said, { action, result, stopped: message!.stopped }, options);
    if (next._tag === "Ended") return next.episode;
    episode = next.episode;
  }
});

function beginning({ key: _, from, ...address }: Seat, { prompt }: Protocol): OpenEpisode {
  if (from !== undefined) return { ...from, ...address };
  return openEpisode(address, prompt(address.question.text));
}

/** What the environment answers, and how long it took; fails once the episode is given up. */
function act(session: Session, action: Action, { tools, enough }: Shared) {
  return Effect.raceFirst(
    tools.withPermit(Effect.timed(session.step(action))),
    Deferred.await(enough),
  );
}

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

/** An episode after a turn. */
type Next =
  | { readonly _tag: "Live"; readonly episode: OpenEpisode }
  | { readonly _tag: "Ended"; readonly episode: Episode };

/** A tool's result without what is too much. */
const capped = ({ protocol, cutResults }: PlayOptions) => (result: ToolResult): ToolResult => ({
  ...result,
  content: protocol.cut(result.content, cutResults),
});

/** Goes on with the observation, or ends the episode. */
function follow(
  episode: OpenEpisode,
  { action, result, stopped }: Reply,
  options: PlayOptions,
): Next {
  const results = result._tag === "Observation" ? result.results.map(capped(options)) : [];
  const outcome = result._tag === "End" ? result.outcome : null;
  const end = (ending: Episode["ending"]): Next => ({
    _tag: "Ended",
    episode: closeEpisode(episode, { action, results }, { ending, outcome }),
  });
  if (!stopped) return end("length");
  if (result._tag === "End") return end(action._tag === "Malformed" ? "malformed" : "answered");
  // The last turn allowed ends the episode even if it searched: no message could read its observation.
  if (episode.turns.length + 1 >= options.maxTurns) return end("turn_limit");
  const opening = options.protocol.observation(results);
  if (episode.tokens.length + opening.ids.length >= options.contextTokens) return end("length");
  return { _tag: "Live", episode: appendObservation(episode, { action, results }, opening) };
}
