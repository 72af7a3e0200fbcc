import {
  type Packable,
  packBatch,
  type PackedBatch,
  packedTokens,
  type Prediction,
  shareSegments,
} from "../model/packing.ts";
import { MOST_TRIPS } from "../model/plan.ts";
import type { Tiling } from "../model/segments.ts";
import type { TokenRows } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/** Sequences that go through the model together, packed; predictions are in order of sequence and position. */
export interface MicroBatch extends PackedBatch {
  /** Index of its first sequence among all sequences. */
  readonly first: number;
  readonly sequences: ReadonlyArray<TokenRows>;
  /** Which of its sequences, and which token of that sequence, a packed row holds. */
  readonly placeOf: (row: number) => { readonly sequence: number; readonly token: number } | null;
}

/** Tokens of a sequence that must be computed, and how many others may share: none that predicts a trained token. */
function packable({ tokens, position }: TokenRows): Packable {
  const end = Math.max(1, position.at(-1) ?? 1);
  return { tokens: tokens.subarray(0, end), shareable: Math.min(position[0] ?? end, end) - 1 };
}

/** The limits of a pass. */
export interface PassLimits {
  readonly tokens: number;
  /** Maximum tokens that may see a shared token. */
  readonly mostSeeing: number;
  readonly tiling: Tiling;
}

/** The limits of a runtime's passes. A loop over the tokens that see a key runs for each head that shares the key. */
export function passLimits({ capacity, tiling }: Runtime): PassLimits {
  return {
    tokens: capacity.passTokens,
    mostSeeing: Math.floor(MOST_TRIPS / tiling.group),
    tiling,
  };
}

/**
 * Packs sequences, in order, into micro-batches that fit a pass; a prefix that neighbours share counts once. A
 * micro-batch is packed when it is asked for, while the device may still compute the one before.
 */
export function* packMicroBatches(
  sequences: ReadonlyArray<TokenRows>,
  limits: PassLimits,
): Generator<MicroBatch, void> {
  let first = 0;
  for (const own of cutSequences(sequences, limits)) {
    yield packSequences(own, first, limits);
    first += own.length;
  }
}

function cutSequences(
  sequences: ReadonlyArray<TokenRows>,
  { tokens: room, mostSeeing }: PassLimits,
): ReadonlyArray<ReadonlyArray<TokenRows>> {
  const batches: Array<ReadonlyArray<TokenRows>> = [];
  for (const sequence of sequences) {
    const { length } = packable(sequence).tokens;
    if (length > room) {
      throw new Error(`A sequence of ${length} tokens does not fit a pass of ${room}`);
    }
    const last = batches.at(-1);
    const longer = [...last ?? [], sequence];
    const { segments } = shareSegments(longer.map(packable), mostSeeing);
    if (last !== undefined && packedTokens(segments) <= room) batches[batches.length - 1] = longer;
    else batches.push([sequence]);
  }
  return batches;
}

function packSequences(
  sequences: ReadonlyArray<TokenRows>,
  first: number,
  { mostSeeing, tiling }: PassLimits,
): MicroBatch {
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
    ...packBatch(segments, ids, predictions, tiling),
    first,
    sequences,
    placeOf: (row) => {
      const segment = segments.find(({ start, length }) => start <= row && row < start + length);
      if (segment === undefined) return null;
      const { start, firstPosition, sequence } = segment;
      return { sequence, token: firstPosition + row - start };
    },
  };
}
