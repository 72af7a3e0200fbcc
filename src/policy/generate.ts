import { Effect, Fiber } from "effect";
import { STATUS, stopDims, truncates } from "../model/decode.ts";
import type { Executable } from "../model/engine.ts";
import { commonPrefix } from "../model/packing.ts";
import { type QueryRun, queryTable, type Segment } from "../model/segments.ts";
import type { GenerateOptions, GenerateRequest, Generation } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Decoding steps of a window: about as long as the wait for its result, which costs 11 ms and more on any adapter. The
 * next window is submitted before the wait, so that the device is never idle; the last one is for nothing.
 */
const WINDOW = { gpu: 32, software: 4, interpreter: 1 } as const;

/** A sequence that is being decoded. */
interface Row {
  readonly request: GenerateRequest;
  readonly base: number;
  readonly limit: number;
  readonly tokens: number[];
  readonly logProbs: number[];
  stopped: boolean;
}

/** Samples a message for each request, at most `capacity.rows` of them at a time. */
export const generateAll = Effect.fn("Policy.generate")(function* (
  runtime: Runtime,
  requests: ReadonlyArray<GenerateRequest>,
  options: GenerateOptions,
) {
  const results: Generation[] = [];
  for (let first = 0; first < requests.length; first += runtime.capacity.rows) {
    const part = requests.slice(first, first + runtime.capacity.rows);
    results.push(...yield* generatePart(runtime, part, options));
  }
  return results as ReadonlyArray<Generation>;
});

const generatePart = Effect.fnUntraced(function* (
  runtime: Runtime,
  requests: ReadonlyArray<GenerateRequest>,
  options: GenerateOptions,
) {
  const inUse = new Set(requests.map((request) => request.sequence));
  const rows = requests.map((request): Row => ({
    request,
    base: runtime.cache.acquire(request.sequence, inUse),
    // The last token's slot is not needed, since it is never fed here.
    limit: Math.min(
      request.maxTokens,
      runtime.capacity.messageTokens,
      runtime.capacity.contextTokens - request.tokens.length,
    ),
    tokens: [],
    logProbs: [],
    stopped: false,
  }));
  // The last token is fed by the first decoding step.
  const contexts = rows.map(({ request, base }) => {
    const { sequence, tokens } = request;
    return { sequence, tokens, length: tokens.length - 1, base };
  });
  fillCache(runtime, contexts);
  const executable = truncates(options.sampling)
    ? yield* Effect.orDie(runtime.decodeMasked)
    : runtime.decode;
  let alive = rows.filter((row) => row.limit > 0);
  while (alive.length > 0) {
    yield* decodeStretch(runtime, executable, alive, options);
    alive = alive.filter(goesOn);
  }
  for (const { request, tokens } of rows) {
    runtime.cache.hold(
      request.sequence,
      Uint32Array.from([...request.tokens, ...tokens.slice(0, -1)]),
    );
  }
  return rows.map(({ tokens, logProbs, stopped }): Generation => ({
    tokens: Uint32Array.from(tokens),
    logProbs: Float64Array.from(logProbs),
    stopped,
  }));
});

/** A context whose first `length` tokens are to be in its cache row. */
export interface CachedContext {
  readonly sequence: string;
  readonly tokens: Uint32Array;
  readonly length: number;
  readonly base: number;
}

/** Tokens `[from, end)` of a context that its row lacks, the first `shared` of them to be copied from `source`'s row. */
interface Lack {
  readonly index: number;
  readonly from: number;
  readonly shared: number;
  readonly source: CachedContext;
}

/** Fills what the rows lack of their contexts: what a context begins with as one before it does is copied from there. */
export function fillCache(runtime: Runtime, contexts: ReadonlyArray<CachedContext>): void {
  const lacks = lacksOf(runtime, contexts);
  compute(runtime, contexts, lacks.filter(({ shared }) => shared === 0));
  const copied = lacks.filter(({ shared }) => shared > 0);
  if (copied.length > 0) {
    copySlots(runtime, contexts, copied);
    compute(runtime, contexts, copied);
  }
  for (const { sequence, tokens, length } of contexts) {
    runtime.cache.hold(sequence, tokens.slice(0, length));
  }
}

/** Sources are contexts that are computed or held themselves, so that one round of copies is enough. */
function lacksOf(runtime: Runtime, contexts: ReadonlyArray<CachedContext>): ReadonlyArray<Lack> {
  let source: CachedContext | null = null;
  return contexts.map((context, index) => {
    const { sequence, tokens, length } = context;
    const from = runtime.cache.matching(sequence, tokens, length);
    const most = Math.min(source?.length ?? 0, length);
    const common = source === null ? 0 : commonPrefix(source.tokens, tokens, most);
    if (source !== null && common > from) {
      // Asked about twice, as for two gold answers, a sequence has one row.
      if (source.base === context.base) return { index, from: common, shared: 0, source };
      return { index, from, shared: common - from, source };
    }
    source = context;
    return { index, from, shared: 0, source };
  });
}

function copySlots(
  runtime: Runtime,
  contexts: ReadonlyArray<CachedContext>,
  lacks: ReadonlyArray<Lack>,
): void {
  const count = lacks.reduce((sum, { shared }) => sum + shared, 0);
  const pairs = new Uint32Array(4 * count);
  let at = 0;
  for (const { index, from, shared, source } of lacks) {
    for (let slot = from; slot < from + shared; slot++, at += 4) {
      pairs.set([source.base + slot, contexts[index]!.base + slot], at);
    }
  }
  runtime.prefill.write("pairs", pairs);
  runtime.prefill.run(2, { ...runtime.dims, C: count });
}

/** Computes keys and values of what is neither held nor copied, in passes of at most `passTokens`. */
function compute(
  runtime: Runtime,
  contexts: ReadonlyArray<CachedContext>,
  lacks: ReadonlyArray<Lack>,
): void {
  const segments = contexts.map(({ base, length }): Segment => ({
    start: base,
    length,
    firstPosition: 0,
    parent: -1,
    visible: 0,
  }));
  let runs: QueryRun[] = [];
  let room = runtime.capacity.passTokens;
  const flush = () => {
    if (runs.length > 0) prefillRuns(runtime, contexts, segments, runs);
    runs = [];
    room = runtime.capacity.passTokens;
  };
  for (const { index, from: held, shared } of lacks) {
    const end = contexts[index]!.length;
    for (let from = held + shared; from < end;) {
      const count = Math.min(room, end - from);
      runs.push({ segment: index, from, count });
      from += count;
      room -= count;
      if (room === 0) flush();
    }
  }
  flush();
}

function prefillRuns(
  runtime: Runtime,
  contexts: ReadonlyArray<CachedContext>,
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
): void {
  const { inputs, dims } = queryTable(segments, runs);
  const ids = runs.flatMap(({ segment, from, count }) => [
    ...contexts[segment]!.tokens.subarray(from, from + count),
  ]);
  runtime.prefill.write("ids", Uint32Array.from(ids));
  for (const [name, data] of Object.entries(inputs)) runtime.prefill.write(name, data);
  runtime.prefill.run(0, { ...runtime.dims, ...dims });
}

/**
 * Decodes rows, window after window, until at most half of them go on. Rows are rebuilt from the host's state by the
 * next stretch, so that finished ones cost little.
 */
const decodeStretch = Effect.fnUntraced(function* (
  runtime: Runtime,
  executable: Executable,
  rows: ReadonlyArray<Row>,
  options: GenerateOptions,
) {
  writeRows(executable, rows);
  const dims = decodeDims(runtime, rows.length, options);
  const window = WINDOW[runtime.engine.adapter.kind];
  let left = rows.reduce((most, row) => Math.max(most, row.limit - row.tokens.length), 0);
  /** Submits a window and begins to wait for what it came to; null when no row has room for one. */
  const submit = Effect.fnUntraced(function* () {
    const steps = Math.min(window, left);
    if (steps === 0) return null;
    left -= steps;
    executable.run(0, dims, steps);
    return yield* Effect.forkChild(executable.read(["status", "sampled"]), {
      startImmediately: true,
    });
  });
  let [current, next] = [yield* submit(), yield* submit()];
  while (current !== null) {
    const ahead = next;
    const { status, sampled } = yield* Fiber.join(current).pipe(
      Effect.onError(() => ahead === null ? Effect.void : Fiber.interrupt(ahead)),
    );
    takeTokens(runtime, rows, { status: status!, sampled: sampled as Uint32Array }, options);
    const alive = rows.filter(goesOn).length;
    [current, next] = [next, alive * 2 > rows.length ? yield* submit() : null];
  }
});

function goesOn({ stopped, tokens, limit }: Row): boolean {
  return !stopped && tokens.length < limit;
}

/** Puts the rows' state where decoding advances it. */
function writeRows(executable: Executable, rows: ReadonlyArray<Row>): void {
  const N = rows.length;
  const queries = new Uint32Array(N * 4);
  const status = new Uint32Array(N * 8);
  const ids = new Uint32Array(N);
  const positions = new Uint32Array(N);
  rows.forEach(({ request, base, limit, tokens }, n) => {
    const fed = request.tokens.length - 1 + tokens.length;
    ids[n] = tokens.at(-1) ?? request.tokens.at(-1)!;
    positions[n] = fed;
    queries.set([0, 0, base, base + fed], n * 4);
    status[n * 8 + STATUS.alive] = 1;
    status[n * 8 + STATUS.produced] = tokens.length;
    status[n * 8 + STATUS.limit] = limit;
    status[n * 8 + STATUS.key0] = request.key[0];
    status[n * 8 + STATUS.key1] = request.key[1];
  });
  for (const [name, data] of Object.entries({ queries, status, ids, positions })) {
    executable.write(name, data);
  }
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

/** Adds what was sampled since the rows were last looked at. */
function takeTokens(
  runtime: Runtime,
  rows: ReadonlyArray<Row>,
  { status, sampled }: { readonly status: ArrayLike<number>; readonly sampled: Uint32Array },
  { stopIds }: GenerateOptions,
): void {
  const bits = new Float32Array(sampled.buffer, sampled.byteOffset, sampled.length);
  const window = runtime.capacity.messageTokens;
  rows.forEach((row, n) => {
    const produced = status[n * 8 + STATUS.produced]!;
    for (let i = row.tokens.length; i < produced; i++) {
      const at = (n * window + i % window) * 2;
      row.tokens.push(sampled[at]!);
      row.logProbs.push(bits[at + 1]!);
    }
    row.stopped = stopIds.includes(row.tokens.at(-1)!);
  });
}
