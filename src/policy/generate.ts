import { type Cause, Deferred, Effect, Exit } from "effect";
import type { KernelFailed } from "../domain/errors.ts";
import { stopDims, truncates } from "../model/decode.ts";
import type { Executable } from "../model/engine.ts";
import { createDecodeRows, type Row, takeTokens, type WindowResult } from "./decode_rows.ts";
import { fillCache } from "./fill_cache.ts";
import type { GenerateOptions, GenerateRequest, Generation, Policy } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Decoding steps of a window: about as long as the wait for its result, which costs 11 ms and more on any adapter. The
 * next window is submitted before the wait, so that the device is never idle.
 */
const STEPS = { gpu: 32, software: 4, interpreter: 1 } as const;

/** Windows on their way at the same time. Plain loops are done with one before they can be given another. */
const WINDOWS = { gpu: 2, software: 2, interpreter: 1 } as const;

/** A message that somebody waits for. */
interface Asked {
  readonly request: GenerateRequest;
  readonly limit: number;
  readonly options: GenerateOptions;
  readonly executable: Executable<"step">;
  readonly message: Deferred.Deferred<Generation, KernelFailed>;
}

/** The rows of a window, and who was decoded in each. */
type Window = ReadonlyArray<Row | null>;

/**
 * Samples messages for all who ask, now or later, from one stream of windows. What is asked for enters at the next
 * window into a row that is free, and leaves as soon as its end is known; the window that is then on its way decodes the
 * row for nothing. Requests of other options wait until those before them are done.
 */
export function createGenerate(runtime: Runtime): Policy["Service"]["generate"] {
  const { cache, capacity } = runtime;
  const decoding = createDecodeRows(runtime.probeSlots);
  let waiting: ReadonlyArray<Asked> = [];
  const live = new Map<Row, Asked>();
  const underway = new Set<Window>();
  /** How many windows on their way somebody waits for. */
  const awaited = () =>
    [...underway].filter((rows) => rows.some((row) => row !== null && live.has(row))).length;

  const enter = (entering: ReadonlyArray<Asked>) => {
    const bases = cache.acquire(entering.map(({ request }) => request));
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

  const leave = (row: Row) => {
    live.delete(row);
    cache.unpin(row.request.sequence);
    decoding.leave(row);
  };

  /** Tells all who wait why there will be no message. */
  const fail = (cause: Cause.Cause<KernelFailed>) => {
    const all = [...live.values(), ...waiting];
    waiting = [];
    for (const row of live.keys()) leave(row);
    for (const { message } of all) Deferred.doneUnsafe(message, Effect.failCause(cause));
  };

  /** Submits the next window and answers with the wait for its result; null when there is nothing to decode yet. */
  const submit = () => {
    const entering = nextToEnter(waiting, [...live.values()], capacity.rows);
    if (entering.length > 0) enter(entering);
    // Requests leave the queue only after they entered: if that fails, `fail` must still find them.
    waiting = waiting.slice(entering.length);
    if (decoding.isSparse()) {
      // Rows move when the host knows where they are.
      if (awaited() > 0) return null;
      decoding.compact();
    }
    const rows = [...decoding.rows()];
    const room = rows.reduce((most, row) => Math.max(most, row ? row.limit - row.reach : 0), 0);
    const first = live.values().next().value;
    if (room === 0 || first === undefined) return null;
    const { executable, options } = first;
    const steps = Math.min(STEPS[runtime.engine.adapter.kind], room);
    for (const row of rows) if (row !== null) row.reach = Math.min(row.limit, row.reach + steps);
    decoding.write(executable);
    executable.run("step", decodeDims(runtime, rows.length, options), steps);
    underway.add(rows);
    return executable.read(["status", "sampled"]).pipe(
      Effect.uninterruptible,
      Effect.onError(() => Effect.sync(() => underway.delete(rows))),
      Effect.flatMap((found) => settle(rows, found as unknown as WindowResult)),
    );
  };

  /** Submits windows until as many are on their way as may be. */
  const advance: Effect.Effect<void> = Effect.gen(function* () {
    while (awaited() < WINDOWS[runtime.engine.adapter.kind]) {
      const wait = submit();
      if (wait === null) return;
      const reading = yield* Effect.forkIn(wait, runtime.scope, { startImmediately: true });
      reading.addObserver((exit) => Exit.isFailure(exit) && fail(exit.cause));
    }
  }).pipe(Effect.catchCause((cause) => Effect.sync(() => fail(cause))), Effect.uninterruptible);

  /** Takes what a window came to, and goes on when those whose messages have ended have asked for their next ones. */
  const settle = Effect.fnUntraced(function* (rows: Window, found: WindowResult) {
    const ended: Array<readonly [Row, Asked]> = [];
    rows.forEach((row, n) => {
      const asked = row === null ? undefined : live.get(row);
      if (row === null || asked === undefined) return;
      takeTokens(row, n, found, capacity.messageTokens);
      if (row.tokens.length === row.limit || isStopped(row, asked)) ended.push([row, asked]);
    });
    for (const [row] of ended) {
      const { request, tokens } = row;
      leave(row);
      cache.hold(request.sequence, Uint32Array.from([...request.tokens, ...tokens.slice(0, -1)]));
    }
    for (const [row, asked] of ended) {
      const { tokens, logProbs } = row;
      const generation: Generation = {
        tokens: Uint32Array.from(tokens),
        logProbs: Float64Array.from(logProbs),
        stopped: isStopped(row, asked),
      };
      Deferred.doneUnsafe(asked.message, Effect.succeed(generation));
    }
    yield* Effect.yieldNow;
    // A window counts as underway until here. Plain loops never wait, and would else decode all messages to their ends
    // before anybody can ask for another.
    underway.delete(rows);
    yield* advance;
  });

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
      const message = Deferred.makeUnsafe<Generation, KernelFailed>();
      if (limit <= 0) Deferred.doneUnsafe(message, Effect.succeed(NOTHING));
      return { request, limit, options, executable, message };
    });
    return yield* Effect.gen(function* () {
      waiting = [...waiting, ...asked.filter(({ limit }) => limit > 0)];
      // What is asked for at the same time enters together.
      yield* Effect.yieldNow;
      yield* advance;
      return yield* Effect.forEach(asked, ({ message }) => Deferred.await(message));
    }).pipe(Effect.onInterrupt(() => withdraw(asked)));
  });
}

/** A message that there is no room for. */
const NOTHING: Generation = {
  tokens: new Uint32Array(0),
  logProbs: new Float64Array(0),
  stopped: false,
};

/** Who of those who wait, in their order, can be decoded beside those who are: one of a sequence, all alike. */
function nextToEnter(
  waiting: ReadonlyArray<Asked>,
  live: ReadonlyArray<Asked>,
  most: number,
): ReadonlyArray<Asked> {
  const sequences = new Set(live.map(({ request }) => request.sequence));
  const { options } = live[0] ?? waiting[0] ?? {};
  const kind = JSON.stringify(options);
  const others = waiting.findIndex((asked) => {
    const { sequence } = asked.request;
    const isAlike = asked.options === options || JSON.stringify(asked.options) === kind;
    if (!isAlike || sequences.size === most || sequences.has(sequence)) return true;
    sequences.add(sequence);
    return false;
  });
  return others < 0 ? waiting : waiting.slice(0, others);
}

/** Whether a token ended the message, rather than its limit. */
function isStopped({ tokens }: Row, { options }: Asked): boolean {
  return options.stopIds.includes(tokens.at(-1)!);
}

/** Tokens a message may have. The last token's slot is not needed, since it is never fed. */
function limitOf({ capacity }: Runtime, { tokens, maxTokens }: GenerateRequest): number {
  return Math.min(maxTokens, capacity.messageTokens, capacity.contextTokens - tokens.length);
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
