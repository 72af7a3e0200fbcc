/** Requests to the Hugging Face Hub, and what its refusals mean to a user. */
import { Context, Effect, Schedule, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { reason } from "../domain/reason.ts";
import { fetchReason, line } from "./fetch_error.ts";
import type { HubModel } from "./hub_cache.ts";
import type { HubSettings } from "./hub_settings.ts";

/** The Hub cannot be reached or is too busy; another try may help. */
export class HubUnreachable extends Schema.TaggedError<HubUnreachable>()("HubUnreachable", {
  message: Schema.String,
}) {}

/** How long a request waits, and when it is tried again. */
export interface Patience {
  /** When a request is tried again. */
  readonly retries: Schedule.Schedule<unknown>;
  /** How long a connection may be silent, seconds. */
  readonly silence: number;
  /** A download must bring so many bytes in so many seconds. */
  readonly pace: { readonly bytes: number; readonly seconds: number };
}

const PACE_SECONDS = 60;

/** By default 30 s of silence, 60 KiB a minute, and further tries after 0.5, 1, 2 and 4 s. */
export const HubPatience: Context.Reference<Patience> = Context.Reference<Patience>(
  "igpo/files/HubPatience",
  {
    defaultValue: () => ({
      retries: Schedule.exponential("500 millis").pipe(Schedule.upTo({ times: 4 })),
      silence: LIMITS.hubSilenceSeconds,
      pace: { bytes: PACE_SECONDS * LIMITS.hubBytesPerSecond, seconds: PACE_SECONDS },
    }),
  },
);

/** Repeats an effect that could not reach the Hub. */
export const retryHub = <A, E, R>(
  effect: Effect.Effect<A, E | HubUnreachable, R>,
): Effect.Effect<A, E | HubUnreachable, R> =>
  Effect.flatMap(HubPatience, ({ retries }) =>
    Effect.retry(effect, {
      schedule: retries,
      while: (error) => error instanceof HubUnreachable,
    }));

/** Fails an effect that gets no answer in time. */
export const inTime = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | HubUnreachable, R> =>
  Effect.flatMap(HubPatience, ({ silence }) =>
    Effect.timeoutOrElse(effect, {
      duration: `${silence} seconds`,
      orElse: () => Effect.fail(new HubUnreachable({ message: `no answer after ${silence} s` })),
    }));

/** Which model is asked for, and where. */
export interface HubPlace {
  readonly settings: HubSettings;
  readonly model: HubModel;
}

/** An answer that refuses a request. */
export interface HubRefusal {
  readonly status: number;
  /** What the Hub says about it. */
  readonly words: string;
}

/** `fetch` with the token, which `fetch` itself drops on a redirect to another host. */
export function hubFetch({ token }: HubSettings): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
}

/** The error of a refused request: `BadInput`, or `HubUnreachable` where another try may help. */
export function refused(place: HubPlace, { status, words }: HubRefusal): BadInput | HubUnreachable {
  const { settings: { endpoint, token }, model: { id, revision } } = place;
  const said = `${status}${token === null ? " without a token" : " to your token"} (${
    line(words)
  })`;
  const cannot = (rule: string) =>
    new BadInput({
      message: `Cannot fetch "${id}" from ${endpoint} as ${rule}: it answers ${said}`,
    });
  if (status === 408 || status === 429 || status >= 500) {
    return new HubUnreachable({ message: `it answers ${said}` });
  }
  if (status === 404) {
    return cannot(`there must be such a model with a revision "${revision}", or a folder here`);
  }
  if (status !== 401 && status !== 403) return cannot("the Hub must give it");
  if (token === null) {
    return cannot(
      "it must be a public model, or HF_TOKEN (or hf auth login) the token of someone who may read it",
    );
  }
  return cannot(`the token's owner must have access, which ${endpoint}/${id} may grant`);
}

/** The error of a request without an answer: `BadInput`, or `HubUnreachable` where another try may help. */
export function failed(place: HubPlace, error: unknown) {
  const { model } = place;
  if (error instanceof Deno.errors.NotCapable) {
    return new BadInput({
      message: `Cannot fetch "${model.id}" as this program must be allowed to speak to the host: ` +
        `${line(reason(error))}; ./igpo allows the Hub's hosts and that of HF_ENDPOINT`,
    });
  }
  if (error instanceof SyntaxError) {
    return new BadInput({ message: `${notTheHub(place)} ${line(reason(error))}` });
  }
  const said = fetchReason(error);
  return new HubUnreachable({ message: line(said) });
}

/** The beginning of a sentence about an answer that the Hub would not give. */
export const notTheHub = ({ settings: { endpoint }, model }: HubPlace): string =>
  `Cannot fetch "${model.id}" as ${endpoint} must answer as the Hugging Face Hub does:`;

/** The error after the last try. */
export function gaveUp({ settings, model }: HubPlace, cause: HubUnreachable, kept: string) {
  return new BadInput({
    message: `Cannot fetch "${model.id}" as ${settings.endpoint} must be reachable: ` +
      `${cause.message}; ${kept}`,
  });
}
