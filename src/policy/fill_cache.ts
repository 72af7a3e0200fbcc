import { commonPrefix } from "../model/packing.ts";
import { FEW_ROWS } from "../model/programs.ts";
import { type QueryRun, type QueryTable, queryTable, type Segment } from "../model/segments.ts";
import type { Runtime } from "./runtime.ts";

/** A context whose first `length` tokens are to be in its cache row. */
export interface CachedContext {
  readonly sequence: string;
  readonly tokens: Uint32Array;
  readonly length: number;
  readonly base: number;
}

/** What a row lacks: tokens `[from, from + copied)` are copied from the row at `source`, others are computed. */
interface Lack {
  readonly context: CachedContext;
  readonly from: number;
  readonly copied: number;
  readonly source: number;
  /** The round in which it is filled: after that of its source. */
  readonly round: number;
}

/** In round 1 a prompt copies what all prompts begin with; in round 2 the other prompts of its group copy it. */
const LAST_ROUND = 2;

/**
 * Fills what the rows lack of their contexts. A row copies the prefix that its context shares with another row or with
 * a context before it, so that the prompt of a group is computed once.
 */
export function fillCache(runtime: Runtime, contexts: ReadonlyArray<CachedContext>): void {
  const lacks = lacksOf(runtime, contexts);
  for (let round = 0; round <= LAST_ROUND; round++) {
    const now = lacks.filter((lack) => lack.round === round);
    copySlots(runtime, now);
    compute(runtime, now);
  }
  for (const { sequence, tokens, length } of contexts) {
    runtime.cache.hold(sequence, tokens.slice(0, length));
  }
}

function lacksOf({ cache }: Runtime, contexts: ReadonlyArray<CachedContext>): ReadonlyArray<Lack> {
  /** Contexts that others may copy from, since a part of them is computed. */
  const sources: Lack[] = [];
  return contexts.map((context) => {
    const lack = lackOf(context, sources, cache);
    const isComputed = lack.from + lack.copied < context.length;
    if (isComputed && lack.round < LAST_ROUND) sources.push(lack);
    return lack;
  });
}

/** What a row lacks. It copies from the held row or the context before it that shares the longest prefix. */
function lackOf(
  context: CachedContext,
  sources: ReadonlyArray<Lack>,
  cache: Runtime["cache"],
): Lack {
  const { sequence, tokens, length, base } = context;
  const from = cache.matching(sequence, tokens, length);
  let best = { source: base, common: from, round: 0 };
  // Round 0 copies what other rows hold, before anything is computed.
  const closest = cache.closest(tokens, length);
  if (closest.common > from) best = { source: closest.base, common: closest.common, round: 0 };
  for (const { context: other, round } of sources) {
    const common = commonPrefix(other.tokens, tokens, Math.min(other.length, length));
    if (common > best.common) best = { source: other.base, common, round: round + 1 };
  }
  const { source, common, round } = best;
  // A sequence that is asked for twice, as for two gold answers, has one row: there is nothing to copy.
  return source === base
    ? { context, from: common, copied: 0, source, round }
    : { context, from, copied: common - from, source, round };
}

function copySlots({ cachePass, dims }: Runtime, lacks: ReadonlyArray<Lack>): void {
  const count = lacks.reduce((sum, { copied }) => sum + copied, 0);
  if (count === 0) return;
  const pairs = new Uint32Array(4 * count);
  let at = 0;
  for (const { context, from, copied, source } of lacks) {
    for (let slot = from; slot < from + copied; slot++, at += 4) {
      pairs.set([source + slot, context.base + slot], at);
    }
  }
  cachePass.write("pairs", pairs);
  cachePass.run("copy", { ...dims, C: count });
}

/** Computes keys and values of what is neither held nor copied, in passes of at most `passTokens`. */
function compute(runtime: Runtime, lacks: ReadonlyArray<Lack>): void {
  const segments = lacks.map(({ context: { base, length } }): Segment => ({
    start: base,
    length,
    firstPosition: 0,
    parent: -1,
    visible: 0,
  }));
  let runs: QueryRun[] = [];
  let room = runtime.capacity.passTokens;
  const flush = () => {
    if (runs.length > 0) computePass(runtime, lacks, segments, runs);
    runs = [];
    room = runtime.capacity.passTokens;
  };
  lacks.forEach(({ context, from: held, copied }, segment) => {
    for (let from = held + copied; from < context.length;) {
      const count = Math.min(room, context.length - from);
      runs.push({ segment, from, count });
      from += count;
      room -= count;
      if (room === 0) flush();
    }
  });
  flush();
}

function computePass(
  { cachePass, tiling, dims: most }: Runtime,
  lacks: ReadonlyArray<Lack>,
  segments: ReadonlyArray<Segment>,
  runs: ReadonlyArray<QueryRun>,
): void {
  const table = queryTable(segments, runs, tiling);
  const ids = runs.flatMap(({ segment, from, count }) => [
    ...lacks[segment]!.context.tokens.subarray(from, from + count),
  ]);
  cachePass.write("ids", Uint32Array.from(ids));
  writeTable(cachePass, table);
  const phase = ids.length <= FEW_ROWS ? "fillFew" : "fill";
  cachePass.run(phase, { ...most, ...table.dims });
}

/** Writes what the tokens of a run see to the cache program. */
export function writeTable(
  cachePass: Pick<Runtime["cachePass"], "write">,
  { inputs }: QueryTable,
): void {
  cachePass.write("queries", inputs.queries);
  cachePass.write("tiles", inputs.tiles);
  cachePass.write("positions", inputs.positions);
}
