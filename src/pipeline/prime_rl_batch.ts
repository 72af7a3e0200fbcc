/**
 * Batches as prime-rl's trainer reads them from its file system, a list of micro-batches for each data-parallel rank:
 * read in prime-rl 2487f834, src/prime_rl/transport/types.py and trainer/rl/train.py. In 97d641e9,
 * transports/batch/types.py, the first 16 fields are the same.
 */
import { encode } from "@msgpack/msgpack";
import type { Aggregation } from "../igpo/preset.ts";
import { sum } from "../math/statistics.ts";
import type { BatchRow } from "./batch_rows.ts";

/** How a batch is cut. */
export interface PrimeRlOptions {
  readonly temperature: number;
  readonly aggregation: Aggregation;
  /** Data-parallel ranks of the trainer. */
  readonly ranks: number;
  /** Most tokens of a micro-batch; no sequence is longer. */
  readonly tokens: number;
}

/** The file of each rank. All ranks have as many micro-batches, since one that waits for another would wait for ever. */
export function primeRlFiles(
  rows: ReadonlyArray<BatchRow>,
  { ranks, tokens, temperature, aggregation }: PrimeRlOptions,
): ReadonlyArray<Uint8Array> {
  const sampled = sum(rows.map(({ mask }) => sum(mask)));
  // The trainer divides the loss by the number of sampled tokens, which weighs all of them alike.
  const scale = aggregation === "token-mean" ? null : sampled;
  const packs = packRows(rows, tokens);
  const each = Math.ceil(packs.length / ranks);
  const idle = packs[0]!.map(withoutLoss);
  const whole = Array.from({ length: each * ranks }, (_, i) => packs[i] ?? idle);
  return Array.from({ length: ranks }, (_, rank) =>
    encode(
      whole.slice(rank * each, (rank + 1) * each)
        .map((pack) => microBatch(pack, { temperature, scale })),
      // Tensors of the trainer are of float32.
      { forceFloat32: true },
    ));
}

/** Packs rows, longest first, into the first pack that has room for them. */
export function packRows(
  rows: ReadonlyArray<BatchRow>,
  tokens: number,
): ReadonlyArray<ReadonlyArray<BatchRow>> {
  const packs: Array<{ room: number; readonly rows: Array<BatchRow> }> = [];
  for (const row of rows.toSorted((a, b) => b.tokens.length - a.tokens.length)) {
    const { length } = row.tokens;
    let pack = packs.find(({ room }) => room >= length);
    if (pack === undefined) packs.push(pack = { room: tokens, rows: [] });
    pack.rows.push(row);
    pack.room -= length;
  }
  return packs.map((pack) => pack.rows);
}

/** A row that takes time and changes nothing, for ranks that would have fewer micro-batches than others. */
function withoutLoss(row: BatchRow): BatchRow {
  const { length } = row.tokens;
  const none = new Float32Array(length);
  return {
    ...row,
    mask: new Uint8Array(length),
    advantage: none,
    weight: new Float64Array(length),
  };
}

/** The fields of a `MicroBatch` in their order, N values each unless said; the struct is an array of them. */
function microBatch(
  rows: ReadonlyArray<BatchRow>,
  { temperature, scale }: { readonly temperature: number; readonly scale: number | null },
): ReadonlyArray<unknown> {
  const joined = (valuesOf: (row: BatchRow) => ArrayLike<number>) =>
    rows.flatMap((row) => Array.from(valuesOf(row)));
  const lengths = rows.map(({ tokens }) => tokens.length);
  const N = sum(lengths);
  return [
    joined(({ tokens }) => tokens), // input_ids
    joined(({ mask }) => mask).map((one) => one === 1), // loss_mask
    joined(({ advantage }) => advantage), // advantages
    joined(({ logProb }) => logProb), // inference_logprobs
    joined(({ tokens }) => Array.from(tokens, (_, p) => p)), // position_ids
    lengths, // sequence_lengths, by which the loss is split
    new Array<number>(N).fill(temperature), // temperatures
    new Array<string>(N).fill(ENVIRONMENT), // env_names
    lengths, // seq_lens, by which attention is split
    ...[null, null, null, null], // ref_logprobs, routed_experts, mm_kwargs, mm_token_type_ids
    scale === null ? null : joined(({ weight }) => weight.map((w) => w * scale)), // rl_weights
  ];
}

/** The name under which the trainer logs what it does with these tokens. */
const ENVIRONMENT = "igpo";
