/** One question to a search service over HTTP: bounded in time, size and tries, and typed when it fails. */
import { Clock, Effect, identity, Random, Result, Schema, type Semaphore } from "effect";
import { LIMITS } from "../domain/limits.ts";
import { SearchFailed } from "../domain/search.ts";
import { fetchReason, line } from "../files/fetch_error.ts";
import { readAtMost } from "../files/body.ts";
import { parseJson } from "../domain/json.ts";
import { reason } from "../domain/reason.ts";

/** How much is put up with. */
export interface Patience {
  /** Seconds that one try may take, its answer included. */
  readonly seconds: number;
  /** Tries after the first, of what another try may cure. */
  readonly retries: number;
  /** Milliseconds before the second try; each wait after it is twice as long, all of them drawn from half to whole. */
  readonly waitMillis: number;
  /** Most bytes of an answer. */
  readonly bytes: number;
  /** Seconds that all tries may take, waits included. */
  readonly total: number;
  /** Gives each try its turn with the host; left out where all may come at once. */
  readonly turns?: Semaphore.Semaphore;
}

/** Three tries of ten seconds each, within half a minute. */
export const PATIENCE: Patience = {
  seconds: 10,
  retries: 2,
  waitMillis: 500,
  bytes: LIMITS.searchAnswerBytes,
  total: 30,
};

/** A request, as `fetch` takes it. */
export interface Question<A> {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly answer: Schema.Decoder<A>;
  /** Whether the answer is any text, not JSON. @default {false} */
  readonly isText?: boolean;
}

/** A failure, and how long to wait before another try; null where none would help. */
class Setback {
  readonly failed: SearchFailed;
  readonly waitMillis: number | "as usual" | null;
  constructor(kind: SearchFailed["kind"], message: string, wait: Setback["waitMillis"]) {
    this.failed = new SearchFailed({ kind, message: line(message) });
    this.waitMillis = wait;
  }
}

/** Asks, and asks again if another try may help. Interruption ends the request that is in flight. */
export const ask = <A>(question: Question<A>, patience: Patience = PATIENCE) =>
  askAgain(question, patience).pipe(
    Effect.timeoutOrElse({
      duration: `${patience.total} seconds`,
      orElse: () => {
        const message = `${hostOf(question.url)} gave no answer within ${patience.total} s`;
        return Effect.fail(new SearchFailed({ kind: "late", message }));
      },
    }),
    Effect.withSpan("search.ask"),
  );

const askAgain = Effect.fnUntraced(function* <A>(question: Question<A>, patience: Patience) {
  const end = (yield* Clock.currentTimeMillis) + 1000 * patience.total;
  const turn = patience.turns?.withPermit ?? identity;
  for (let tries = 0;; tries++) {
    const found = yield* Effect.result(turn(askOnce(question, patience)));
    if (Result.isSuccess(found)) return found.success;
    const { failed, waitMillis } = found.failure;
    if (waitMillis === null || tries === patience.retries) return yield* failed;
    const usual = patience.waitMillis * 2 ** tries * (1 + (yield* Random.next)) / 2;
    const wait = waitMillis === "as usual" ? usual : waitMillis;
    // Waiting for nothing would hide why.
    if ((yield* Clock.currentTimeMillis) + wait >= end) return yield* failed;
    yield* Effect.sleep(wait);
  }
});

function askOnce<A>(
  { answer, ...question }: Question<A>,
  { seconds, bytes }: Patience,
): Effect.Effect<A, Setback> {
  const host = hostOf(question.url);
  return Effect.tryPromise({
    try: async (signal) => {
      const text = await fetchText(question, { signal, most: bytes });
      return question.isText === true ? text : parseJson(text);
    },
    catch: (error) =>
      error instanceof Setback
        ? error
        : error instanceof SyntaxError
        ? malformed(host, error)
        : unreachable(host, error),
  }).pipe(
    Effect.timeoutOrElse({
      duration: `${seconds} seconds`,
      orElse: () =>
        Effect.fail(new Setback("late", `${host} did not answer within ${seconds} s`, "as usual")),
    }),
    Effect.flatMap((value) =>
      Effect.try({
        try: () => Schema.decodeUnknownSync(answer)(value),
        catch: (error) => malformed(host, error),
      })
    ),
  );
}

function malformed(host: string, error: unknown): Setback {
  return new Setback("malformed", `${host} answered something else: ${reason(error)}`, null);
}

/** Text of a good answer; throws a {@link Setback} for any other. */
async function fetchText(
  { url, method, headers = {}, body, isText = false }: Omit<Question<unknown>, "answer">,
  { signal, most }: { readonly signal: AbortSignal; readonly most: number },
): Promise<string> {
  const host = hostOf(url);
  const sent = body === undefined ? { headers: { accept: "application/json", ...headers } } : {
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
  // A redirect could lead to a host that nobody named, with the key.
  const response = await fetch(url, { method, ...sent, redirect: "manual", signal });
  const problem = problemOf(response, host, { isText });
  if (problem !== null) {
    await response.body?.cancel();
    throw problem;
  }
  const bytes = await readAtMost(response.body, most);
  if (bytes === null) {
    throw new Setback("too_large", `${host} answered more than ${most} bytes`, null);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Setback("malformed", `${host} answered no UTF-8 text`, null);
  }
}

function problemOf(
  { status, headers }: Response,
  host: string,
  { isText }: { readonly isText: boolean },
): Setback | null {
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const kind = status === 429 || status === 503 ? "busy" : "unreachable";
    return new Setback(kind, `${host} answered ${status}`, retryAfter(headers) ?? "as usual");
  }
  if (status < 200 || status > 299) {
    return new Setback("refused", `${host} refused with ${status}`, null);
  }
  const type = headers.get("content-type") ?? "nothing";
  return isText || /\bjson\b/.test(type)
    ? null
    : new Setback("malformed", `${host} must answer JSON: it answered ${type}`, null);
}

/** Milliseconds that Retry-After asks for, in seconds or as a date. */
function retryAfter(headers: Headers): number | null {
  const said = headers.get("retry-after");
  if (said === null) return null;
  const millis = /^\d+$/.test(said) ? 1000 * Number(said) : Date.parse(said) - Date.now();
  return Number.isFinite(millis) ? Math.max(0, millis) : null;
}

function unreachable(host: string, error: unknown): Setback {
  if (error instanceof Deno.errors.NotCapable) {
    const message =
      `This program may not speak to ${host}: name it with --search, --judge or --policy`;
    return new Setback("refused", message, null);
  }
  return new Setback("unreachable", `${host} cannot be reached: ${fetchReason(error)}`, "as usual");
}

function hostOf(url: string): string {
  return new URL(url).host;
}
