import { type Cause, Deferred, Effect, Exit } from "effect";
import type { KernelFailed } from "../domain/errors.ts";
import { type DecodeInput, stopDims, truncates } from "../model/decode.ts";
import type { Executable } from "../model/engine.ts";
import {
  type BurstResult,
  createDecodeRows,
  type DecodeRows,
  type Row,
  takeTokens,
} from "./decode_rows.ts";
import { fillCache } from "./fill_cache.ts";
import type { GenerateOptions, GenerateRequest, Generation, Policy } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Decoding steps of a burst. They take about as long as the wait for their result, which is 11 ms and more on any
 * adapter. The next burst is submitted before the wait, so that the device is never idle.
 */
const STEPS = { gpu: 32, software: 4, interpreter: 1 } as const;

/** Bursts in flight at the same time. Plain loops finish one before they can start another. */
const BURSTS = { gpu: 2, software: 2, interpreter: 1 } as const;

/** A message that a caller waits for. */
interface Asked {
  readonly request: GenerateRequest;
  readonly limit: number;
  readonly options: GenerateOptions;
  readonly executable: Executable<"step", DecodeInput>;
  readonly message: Deferred.Deferred<Generation, KernelFailed>;
}

/** The sequence in each row of a burst; null for a parked row. */
type Burst = ReadonlyArray<Row | null>;

/** Messages that wait (`waiting`), messages that are decoded (`live`), and bursts in flight (`underway`). */
interface Stream {
  readonly runtime: Runtime;
  readonly rows: DecodeRows;
  waiting: ReadonlyArray<Asked>;
  readonly live: Map<Row, Asked>;
  readonly underway: Set<Burst>;
}

/**
 * Samples messages for all callers in one stream of bursts. A request enters a free row at the next burst and leaves as
 * soon as its end is known; the burst that is then in flight decodes the row for nothing. Requests with other options
 * wait until those before them are done.
 */
export function createGenerate(runtime: Runtime): Policy["Service"]["generate"] {
  const rows = createDecodeRows(runtime.probeSlots);
  const stream: Stream = { runtime, rows, waiting: [], live: new Map(), underway: new Set() };
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
      stream.waiting = [...stream.waiting, ...asked.filter(({ limit }) => limit > 0)];
      // Requests that are made at the same time enter together.
      yield* Effect.yieldNow;
      yield* advance(stream);
      return yield* Effect.forEach(asked, ({ message }) => Deferred.await(message));
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => withdraw(stream, asked))));
  });
}

/** Number of bursts in flight that decode a live message. */
function awaited({ underway, live }: Stream): number {
  return [...underway].filter((rows) => rows.some((row) => row !== null && live.has(row))).length;
}

function enter({ runtime, live, rows }: Stream, entering: ReadonlyArray<Asked>): void {
  const { cache } = runtime;
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
    rows.enter(row);
  });
}

function leave({ runtime, live, rows }: Stream, row: Row): void {
  live.delete(row);
  runtime.cache.unpin(row.request.sequence);
  rows.leave(row);
}

/** Fails all live and waiting messages with this cause. */
function fail(stream: Stream, cause: Cause.Cause<KernelFailed>): void {
  const all = [...stream.live.values(), ...stream.waiting];
  stream.waiting = [];
  for (const row of stream.live.keys()) leave(stream, row);
  for (const { message } of all) Deferred.doneUnsafe(message, Effect.failCause(cause));
}

/** Forgets messages that their caller no longer waits for. */
function withdraw(stream: Stream, asked: ReadonlyArray<Asked>): void {
  stream.waiting = stream.waiting.filter((one) => !asked.includes(one));
  for (const [row, one] of stream.live) if (asked.includes(one)) leave(stream, row);
}

/** Submits bursts until as many are in flight as allowed, or there is nothing to decode. */
function advance(stream: Stream): Effect.Effect<void> {
  const { engine, scope } = stream.runtime;
  return Effect.gen(function* () {
    while (awaited(stream) < BURSTS[engine.adapter.kind]) {
      const wait = submit(stream);
      if (wait === null) return;
      const reading = yield* Effect.forkIn(wait, scope, { startImmediately: true });
      reading.addObserver((exit) => Exit.isFailure(exit) && fail(stream, exit.cause));
    }
  }).pipe(
    Effect.catchCause((cause) => Effect.sync(() => fail(stream, cause))),
    Effect.uninterruptible,
  );
}

/** Submits the next burst and returns the wait for its result; null when there is nothing to decode yet. */
function submit(stream: Stream): Effect.Effect<void, KernelFailed> | null {
  const { runtime, rows: decoding, live, underway } = stream;
  const entering = nextToEnter(stream.waiting, [...live.values()], runtime.capacity.rows);
  if (entering.length > 0) enter(stream, entering);
  // Requests leave the queue only after they entered: if that fails, `fail` must still find them.
  stream.waiting = stream.waiting.slice(entering.length);
  if (decoding.isSparse()) {
    // A row can move only after the host has read its state.
    if (awaited(stream) > 0) return null;
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
    Effect.flatMap((found) => settle(stream, rows, found as unknown as BurstResult)),
  );
}

/** Takes a burst's tokens and completes ended messages. Then lets their callers ask again before it goes on. */
const settle = Effect.fnUntraced(function* (stream: Stream, rows: Burst, found: BurstResult) {
  const { runtime: { cache, capacity }, live, underway } = stream;
  const ended: Array<readonly [Row, Asked]> = [];
  rows.forEach((row, n) => {
    const asked = row === null ? undefined : live.get(row);
    if (row === null || asked === undefined) return;
    takeTokens(row, n, found, capacity.messageTokens);
    if (row.tokens.length === row.limit || isStopped(row, asked)) ended.push([row, asked]);
  });
  for (const [row] of ended) {
    const { request, tokens } = row;
    leave(stream, row);
    cache.hold(request.sequence, Uint32Array.from([...request.tokens, ...tokens.slice(0, -1)]));
  }
  for (const [row, asked] of ended) {
    const generation: Generation = {
      tokens: Uint32Array.from(row.tokens),
      logProbs: Float64Array.from(row.logProbs),
      stopped: isStopped(row, asked),
    };
    Deferred.doneUnsafe(asked.message, Effect.succeed(generation));
  }
  yield* Effect.yieldNow;
  // A burst counts as in flight until here. Otherwise plain loops, which never wait, would decode all messages to
  // their ends before any caller can ask for another.
  underway.delete(rows);
  yield* advance(stream);
});

/** The empty message of a request that leaves no room for tokens. */
const NOTHING: Generation = {
  tokens: new Uint32Array(0),
  logProbs: new Float64Array(0),
  stopped: false,
};

/** The waiting messages, in order, that can be decoded beside the live ones: one of a sequence, with equal options. */
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

/** Whether a stop token ended the message, rather than its limit. */
function isStopped({ tokens }: Row, { options }: Asked): boolean {
  return options.stopIds.includes(tokens.at(-1)!);
}

/** Maximum tokens of a message. The last token needs no slot, since it is never fed. */
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
