import { Cause, Deferred, Effect } from "effect";
import type { KernelFailed } from "../domain/errors.ts";
import { stopDims, truncates } from "../model/decode.ts";
import type { Executable } from "../model/engine.ts";
import { createDecodeRows, type Row, takeTokens, type WindowResult } from "./decode_rows.ts";
import { fillCache } from "./fill_cache.ts";
import type { GenerateOptions, GenerateRequest, Generation, Policy } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Decoding steps of a window: about as long as the wait for its result, which costs 11 ms and more on any adapter. The
 * next window is submitted before the wait, so that the device is never idle; a message's last one is for nothing.
 */
const WINDOW = { gpu: 32, software: 4, interpreter: 1 } as const;

/** Windows on their way at the same time. */
const WINDOWS = 2;

/** A message that somebody waits for. */
interface Asked {
  readonly request: GenerateRequest;
  readonly limit: number;
  readonly options: GenerateOptions;
  readonly executable: Executable;
  readonly message: Deferred.Deferred<Generation, KernelFailed>;
}

/** Samples messages for all who ask. */
export type Generate = Policy["Service"]["generate"];

/**
 * Messages for all who ask, at the same time or one after the other, from one stream of windows. What is asked for
 * enters at the next window into a row that is free, and leaves as soon as its end is known: the window that is then on
 * its way decodes the row for nothing. Requests of other options wait until those before them are done.
 */
export function createGenerate(runtime: Runtime): Generate {
  const { cache, capacity } = runtime;
  const decoding = createDecodeRows(runtime.probeSlots);
  let waiting: Asked[] = [];
  const live = new Map<Row, Asked>();
  /** The rows of each window on its way. */
  const underway = new Set<ReadonlyArray<Row | null>>();
  const isAwaited = (rows: ReadonlyArray<Row | null>) =>
    rows.some((row) => row !== null && live.has(row));
  const windows = () => [...underway].filter(isAwaited).length;

  const leave = (row: Row) => {
    live.delete(row);
    decoding.leave(row);
    cache.unpin(row.request.sequence);
  };

  /** Gives rows to those who wait, in their order. */
  const admit = () => {
    const entering: Asked[] = [];
    const sequences = new Set(Array.from(live.keys(), ({ request }) => request.sequence));
    let last = live.values().next().value;
    for (const asked of waiting) {
      const { sequence } = asked.request;
      const fits = last === undefined || isAlike(last.options, asked.options);
      if (!fits || sequences.size === capacity.rows || sequences.has(sequence)) break;
      sequences.add(sequence);
      entering.push(asked);
      last = asked;
    }
    if (entering.length === 0) return;
    waiting = waiting.slice(entering.length);
    const bases = cache.acquire(entering.map(({ request }) => request.sequence));
    // The last token is fed by the first decoding step.
    const contexts = entering.map(({ request: { sequence, tokens } }, i) => {
      return { sequence, tokens, length: tokens.length - 1, base: bases[i]! };
    });
    fillCache(runtime, contexts);
    entering.forEach((asked, i) => {
      const { request, limit } = asked;
      const row: Row = { request, limit, base: bases[i]!, tokens: [], logProbs: [], reach: 0 };
      live.set(row, asked);
      cache.pin(request.sequence);
      decoding.enter(row);
    });
  };

  /** Submits the next window, unless no row has room for one, and begins to read what it comes to. */
  const submit = () => {
    admit();
    if (decoding.isSparse()) {
      // Rows move when the host knows where they are.
      if (windows() > 0) return null;
      decoding.compact();
    }
    const rows = [...decoding.rows()];
    const room = rows.reduce((most, row) => Math.max(most, row ? row.limit - row.reach : 0), 0);
    if (room === 0) return null;
    const { executable, options } = live.values().next().value!;
    decoding.write(executable);
    const steps = Math.min(WINDOW[runtime.engine.adapter.kind], room);
    for (const row of rows) if (row !== null) row.reach = Math.min(row.limit, row.reach + steps);
    underway.add(rows);
    executable.run(0, decodeDims(runtime, rows.length, options), steps);
    return executable.read(["status", "sampled"]).pipe(
      Effect.uninterruptible,
      Effect.ensuring(Effect.sync(() => underway.delete(rows))),
      Effect.flatMap((found) => settle(rows, found as unknown as WindowResult)),
      Effect.onError(fail),
      Effect.exit,
    );
  };

  /** Submits windows until as many are on their way as may be. */
  const advance: Effect.Effect<void> = Effect.gen(function* () {
    while (windows() < WINDOWS) {
      const window = submit();
      if (window === null) return;
      yield* Effect.forkIn(window, runtime.scope, { startImmediately: true });
    }
  }).pipe(Effect.onError(fail), Effect.exit, Effect.uninterruptible, Effect.asVoid);

  /** Takes what a window came to, and goes on when those whose messages are done have asked for their next ones. */
  const settle = Effect.fnUntraced(function* (
    rows: ReadonlyArray<Row | null>,
    found: WindowResult,
  ) {
    const done: Array<readonly [Asked, Generation]> = [];
    rows.forEach((row, n) => {
      const asked = row === null ? undefined : live.get(row);
      if (row === null || asked === undefined) return;
      takeTokens(row, n, found, capacity.messageTokens);
      const { request, tokens, logProbs, limit } = row;
      const stopped = asked.options.stopIds.includes(tokens.at(-1)!);
      if (!stopped && tokens.length < limit) return;
      leave(row);
      cache.hold(request.sequence, Uint32Array.from([...request.tokens, ...tokens.slice(0, -1)]));
      done.push([asked, generationOf(tokens, logProbs, stopped)]);
    });
    for (const [{ message }, generation] of done) {
      Deferred.doneUnsafe(message, Effect.succeed(generation));
    }
    yield* Effect.yieldNow;
    yield* advance;
  });

  /** Tells all who wait why there will be no message. */
  function fail(cause: Cause.Cause<KernelFailed>): Effect.Effect<void> {
    return Effect.sync(() => {
      const all = [...live.values(), ...waiting];
      waiting = [];
      for (const row of live.keys()) leave(row);
      for (const { message } of all) Deferred.doneUnsafe(message, Effect.failCause(cause));
    });
  }

  /** Forgets what nobody waits for any more. */
  const withdraw = (asked: ReadonlyArray<Asked>) =>
    Effect.sync(() => {
      waiting = waiting.filter((one) => !asked.includes(one));
      for (const [row, one] of live) if (asked.includes(one)) leave(row);
    });

  return Effect.fn("Policy.generate")(function* (requests, options) {
    const executable = truncates(options.sampling)
      ? yield* Effect.orDie(runtime.decodeMasked)
      : runtime.decode;
    const asked = requests.map((request): Asked => {
      const limit = limitOf(runtime, request);
      return { request, limit, options, executable, message: Deferred.makeUnsafe() };
    });
    return yield* Effect.gen(function* () {
      for (const one of asked) {
        if (one.limit > 0) waiting.push(one);
        else Deferred.doneUnsafe(one.message, Effect.succeed(generationOf([], [], false)));
      }
      // What is asked for at the same time enters together.
      yield* Effect.yieldNow;
      yield* advance;
      return yield* Effect.forEach(asked, ({ message }) => Deferred.await(message));
    }).pipe(Effect.onInterrupt(() => withdraw(asked)));
  });
}

function generationOf(
  tokens: ReadonlyArray<number>,
  logProbs: ReadonlyArray<number>,
  stopped: boolean,
): Generation {
  return { tokens: Uint32Array.from(tokens), logProbs: Float64Array.from(logProbs), stopped };
}

/** Tokens a message may have. The last token's slot is not needed, since it is never fed. */
function limitOf({ capacity }: Runtime, { tokens, maxTokens }: GenerateRequest): number {
  return Math.min(maxTokens, capacity.messageTokens, capacity.contextTokens - tokens.length);
}

/** Whether two messages can be decoded in one window. */
function isAlike(one: GenerateOptions, other: GenerateOptions): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function decodeDims(runtime: Runtime, N: number, { sampling, stopIds }: GenerateOptions) {
  const greedy = sampling.temperature === 0;
  return {
    ...runtime.dims,
    N,
    Q: N,
    inverseTemperature: greedy ? 1 : 1 / sampling.temperature,
    greedy: greedy ? 1 : 0,
    penalty: 1,
    topK: sampling.topK,
    topP: sampling.topP,
    minP: sampling.minP,
    ...stopDims(stopIds),
  };
}
