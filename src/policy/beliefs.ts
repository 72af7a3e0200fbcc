import { Effect } from "effect";
import { type QueryRun, queryTable, type Segment } from "../model/segments.ts";
import { logProbsOf } from "./log_probs.ts";
import { fillCache, writeTable } from "./fill_cache.ts";
import type { BeliefRequest, TokenRows } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

type Beliefs = ReadonlyArray<ReadonlyArray<Float64Array>>;

/** One probe at one boundary. */
interface Suffix {
  readonly request: number;
  readonly boundary: number;
}

/**
 * Appends every probe to the cached context of its sequence, so that only probe tokens are computed. They are written
 * to slots that belong to no sequence. They see the first `boundary` tokens of the context and their own probe.
 */
export const beliefsOnePass = Effect.fn("Policy.beliefs")(function* (
  runtime: Runtime,
  requests: ReadonlyArray<BeliefRequest>,
) {
  const results: Float64Array[][] = requests.map(() => []);
  for (let first = 0; first < requests.length; first += runtime.capacity.rows) {
    const part = requests.slice(first, first + runtime.capacity.rows);
    const bases = runtime.cache.acquire(part);
    fillCache(
      runtime,
      part.map(({ sequence, tokens, boundaries }, i) => ({
        sequence,
        tokens,
        length: Math.max(...boundaries),
        base: bases[i]!,
      })),
    );
    for (const suffixes of packSuffixes(part, runtime.capacity.passTokens)) {
      const scored = yield* scoreSuffixes(runtime, part, bases, suffixes);
      suffixes.forEach(({ request }, i) => results[first + request]!.push(scored[i]!));
    }
  }
  return results as Beliefs;
});

function packSuffixes(
  requests: ReadonlyArray<BeliefRequest>,
  room: number,
): ReadonlyArray<ReadonlyArray<Suffix>> {
  const packs: Suffix[][] = [[]];
  let used = 0;
  requests.forEach(({ boundaries, probe }, request) => {
    for (const boundary of boundaries) {
      if (used + probe.ids.length > room) {
        packs.push([]);
        used = 0;
      }
      used += probe.ids.length;
      packs.at(-1)!.push({ request, boundary });
    }
  });
  return packs.filter((pack) => pack.length > 0);
}

const scoreSuffixes = Effect.fnUntraced(function* (
  runtime: Runtime,
  requests: ReadonlyArray<BeliefRequest>,
  bases: ReadonlyArray<number>,
  suffixes: ReadonlyArray<Suffix>,
) {
  const { segments, runs } = suffixSegments(runtime, requests, bases, suffixes);
  const table = queryTable(segments, runs, runtime.tiling);
  const ids: number[] = [];
  const rowIndex: number[] = [];
  const targets: number[] = [];
  for (const { request } of suffixes) {
    const { probe } = requests[request]!;
    for (let token = probe.start; token < probe.end; token++) {
      rowIndex.push(ids.length + token - 1);
      targets.push(probe.ids[token]!);
    }
    ids.push(...probe.ids);
  }
  const { cachePass } = runtime;
  cachePass.write("ids", Uint32Array.from(ids));
  writeTable(cachePass, table);
  cachePass.write("row_index", Uint32Array.from(rowIndex));
  cachePass.write("targets", Uint32Array.from(targets));
  const sizes = { ...table.dims, R: rowIndex.length, inverseTemperature: 1 };
  cachePass.run("score", { ...runtime.dims, ...sizes });
  const { head } = yield* cachePass.read(["head"]);
  let row = 0;
  return suffixes.map(({ request }) => {
    const { probe } = requests[request]!;
    return Float64Array.from({ length: probe.end - probe.start }, () => head![4 * row++]!);
  });
});

/** Segments of the cached contexts and of the probes after them, and runs that compute the probes. */
function suffixSegments(
  { probeSlots }: Runtime,
  requests: ReadonlyArray<BeliefRequest>,
  bases: ReadonlyArray<number>,
  suffixes: ReadonlyArray<Suffix>,
) {
  const segments: Segment[] = requests.map(({ boundaries }, i) => ({
    start: bases[i]!,
    length: Math.max(...boundaries),
    firstPosition: 0,
    parent: -1,
    visible: 0,
  }));
  const runs: QueryRun[] = [];
  let start = probeSlots;
  for (const { request, boundary } of suffixes) {
    const { length } = requests[request]!.probe.ids;
    runs.push({ segment: segments.length, from: 0, count: length });
    segments.push({ start, length, firstPosition: boundary, parent: request, visible: boundary });
    start += length;
  }
  return { segments, runs };
}

/** Every probe in a forward pass of its own, over context and probe together. */
export const beliefsSequential = Effect.fn("Policy.beliefsSequential")(function* (
  runtime: Runtime,
  requests: ReadonlyArray<BeliefRequest>,
) {
  const results: Float64Array[][] = [];
  for (const { tokens, boundaries, probe } of requests) {
    const sequences = boundaries.map((boundary): TokenRows => ({
      tokens: Uint32Array.from([...tokens.subarray(0, boundary), ...probe.ids]),
      position: Uint32Array.from(
        { length: probe.end - probe.start },
        (_, i) => boundary + probe.start + i,
      ),
    }));
    // One by one, since sequences of one batch would share the prefix that they have in common.
    const found = yield* Effect.forEach(
      sequences,
      (sequence) => logProbsOf(runtime, [sequence], 1),
    );
    results.push(found.map(([one]) => one!.logProb));
  }
  return results as Beliefs;
});
