import { Effect } from "effect";
import { headGroup } from "../model/architecture.ts";
import {
  type Packable,
  packBatch,
  type PackedBatch,
  packedTokens,
  type Prediction,
  shareSegments,
} from "../model/packing.ts";
import { MOST_TRIPS } from "../model/plan.ts";
import type { TokenEvaluation, TokenRows } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/** Sequences that go through the model together, first to last of the batch. */
export interface MicroBatch {
  readonly first: number;
  readonly sequences: ReadonlyArray<TokenRows>;
}

/** What of a sequence must be computed, and how much of that others may share: nothing that predicts a trained token. */
function packable({ tokens, position }: TokenRows): Packable {
  const end = Math.max(1, position.at(-1) ?? 1);
  return { tokens: tokens.subarray(0, end), shareable: Math.min(position[0] ?? end, end) - 1 };
}

/** What a pass may hold. */
export interface PassLimits {
  readonly tokens: number;
  /** Tokens that may see a shared one. */
  readonly mostSeeing: number;
  /** Heads that share a key. */
  readonly group: number;
}

/** The limits of a runtime's passes; a token is seen by each of the heads that share a key. */
export function passLimits({ capacity, architecture }: Runtime): PassLimits {
  const group = headGroup(architecture);
  return { tokens: capacity.passTokens, mostSeeing: Math.floor(MOST_TRIPS / group), group };
}

/** Cuts sequences, in order, into micro-batches that fit a pass; what neighbours share counts once. */
export function cutMicroBatches(
  sequences: ReadonlyArray<TokenRows>,
  { tokens: room, mostSeeing }: PassLimits,
): ReadonlyArray<MicroBatch> {
  const batches: MicroBatch[] = [];
  sequences.forEach((sequence, index) => {
    const { length } = packable(sequence).tokens;
    if (length > room) {
      throw new Error(`A sequence of ${length} tokens does not fit a pass of ${room}`);
    }
    const last = batches.at(-1);
    const longer = [...last?.sequences ?? [], sequence];
    const { segments } = shareSegments(longer.map(packable), mostSeeing);
    if (last !== undefined && packedTokens(segments) <= room) {
      batches[batches.length - 1] = { first: last.first, sequences: longer };
    } else batches.push({ first: index, sequences: [sequence] });
  });
  return batches;
}

/** A packed micro-batch, and of which of its sequences which token each packed row is. */
export interface PackedMicroBatch extends PackedBatch {
  readonly placeOf: (row: number) => { readonly sequence: number; readonly token: number } | null;
}

/** Packs a micro-batch; predictions stand in order of sequence and position. */
export function packMicroBatch(
  { sequences }: MicroBatch,
  { mostSeeing, group }: PassLimits,
): PackedMicroBatch {
  const { segments, leaves } = shareSegments(sequences.map(packable), mostSeeing);
  const ids = new Uint32Array(packedTokens(segments));
  for (const { start, length, firstPosition, sequence } of segments) {
    const { tokens } = sequences[sequence]!;
    ids.set(tokens.subarray(firstPosition, firstPosition + length), start);
  }
  const predictions: Prediction[] = [];
  sequences.forEach(({ tokens, position }, i) => {
    const { start, firstPosition } = segments[leaves[i]!]!;
    for (const p of position) {
      predictions.push({ row: start + p - 1 - firstPosition, target: tokens[p]! });
    }
  });
  return {
    ...packBatch(segments, ids, predictions, group),
    placeOf: (row) => {
      const segment = segments.find(({ start, length }) => start <= row && row < start + length);
      if (segment === undefined) return null;
      const { start, firstPosition, sequence } = segment;
      return { sequence, token: firstPosition + row - start };
    },
  };
}

/** Cuts the (R,4) result of the head into one evaluation a sequence. */
export function splitHead(
  { sequences }: MicroBatch,
  head: ArrayLike<number>,
): ReadonlyArray<TokenEvaluation> {
  let row = 0;
  return sequences.map(({ position }) => {
    const start = row;
    row += position.length;
    const column = (c: number) => Float64Array.from(position, (_, i) => head[4 * (start + i) + c]!);
    return { logProb: column(0), entropy: column(1) };
  });
}

/** Log-prob and entropy at the asked positions of every sequence. */
export const evaluateAll = Effect.fn("Policy.evaluate")(function* (
  runtime: Runtime,
  sequences: ReadonlyArray<TokenRows>,
  temperature: number,
) {
  const results: TokenEvaluation[] = [];
  const { logProb } = runtime;
  const limits = passLimits(runtime);
  for (const batch of cutMicroBatches(sequences, limits)) {
    const { inputs, dims } = packMicroBatch(batch, limits);
    for (const name of ["ids", "positions", "queries", "tiles", "row_index", "targets"]) {
      logProb.write(name, inputs[name]!);
    }
    logProb.run(0, { ...runtime.dims, ...dims, inverseTemperature: 1 / temperature });
    const { head } = yield* logProb.read(["head"]);
    results.push(...splitHead(batch, head!));
  }
  return results as ReadonlyArray<TokenEvaluation>;
});
