import { Effect } from "effect";
import {
  packBatch,
  type PackedBatch,
  type Prediction,
  separateSegments,
} from "../model/packing.ts";
import type { TokenEvaluation, TokenRows } from "./policy.ts";
import type { Runtime } from "./runtime.ts";

/** Sequences that go through the model together, first to last of the batch. */
export interface MicroBatch {
  readonly first: number;
  readonly sequences: ReadonlyArray<TokenRows>;
}

/** Cuts sequences, in order, into micro-batches of at most `room` tokens. */
export function cutMicroBatches(
  sequences: ReadonlyArray<TokenRows>,
  room: number,
): ReadonlyArray<MicroBatch> {
  const batches: Array<{ first: number; sequences: TokenRows[] }> = [];
  let used = Infinity;
  sequences.forEach((sequence, index) => {
    const length = sequence.tokens.length;
    if (length > room) {
      throw new Error(`A sequence of ${length} tokens does not fit a pass of ${room}`);
    }
    if (used + length > room) {
      batches.push({ first: index, sequences: [] });
      used = 0;
    }
    used += length;
    batches.at(-1)!.sequences.push(sequence);
  });
  return batches;
}

/** Packs a micro-batch; predictions stand in order of sequence and position. */
export function packMicroBatch({ sequences }: MicroBatch): PackedBatch {
  const segments = separateSegments(sequences.map(({ tokens }) => tokens.length));
  const ids = new Uint32Array(segments.reduce((sum, segment) => sum + segment.length, 0));
  const predictions: Prediction[] = [];
  sequences.forEach(({ tokens, position }, i) => {
    const { start } = segments[i]!;
    ids.set(tokens, start);
    for (const p of position) predictions.push({ row: start + p - 1, target: tokens[p]! });
  });
  return packBatch(segments, ids, predictions);
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
  const { logProb, capacity } = runtime;
  for (const batch of cutMicroBatches(sequences, capacity.passTokens)) {
    const { inputs, dims } = packMicroBatch(batch);
    for (const name of ["ids", "positions", "queries", "row_index", "targets"]) {
      logProb.write(name, inputs[name]!);
    }
    logProb.run(0, { ...runtime.dims, ...dims, inverseTemperature: 1 / temperature });
    const { head } = yield* logProb.read(["head"]);
    results.push(...splitHead(batch, head!));
  }
  return results as ReadonlyArray<TokenEvaluation>;
});
