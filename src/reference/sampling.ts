import { uniform } from "../math/threefry.ts";
import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";

/**
 * Tempered logits with dropped tokens at NEG_LARGE: repetition penalty, temperature, top-k, top-p, min-p in that
 * order (transformers' logits processors). Top-k keeps ties at the cut; top-p drops the earlier of equal tokens.
 */
export const samplingMask: PlainLoop<"sampling_mask"> = ({ logits, seen, masked }, filters) => {
  const { rows, cols } = filters;
  const words = Math.ceil(cols / 32);
  for (let n = 0; n < rows; n++) {
    const isSeen = (c: number) => (seen[n * words + (c >>> 5)]! >>> (c & 31) & 1) === 1;
    const row = logits.subarray(n * cols, (n + 1) * cols);
    const tempered = Float64Array.from(
      row,
      (x: number, c: number) =>
        (isSeen(c) ? (x > 0 ? x / filters.penalty : x * filters.penalty) : x) *
        filters.inverseTemperature,
    );
    masked.set(
      dropRare(dropTail(dropBelowTopK(tempered, filters.topK), filters.topP), filters.minP),
      n * cols,
    );
  }
};

function dropBelowTopK(x: Float64Array, topK: number): Float64Array {
  if (topK === 0 || topK >= x.length) return x;
  const cut = x.toSorted()[x.length - topK]!;
  return x.map((value) => value < cut ? NEG_LARGE : value);
}

function dropTail(x: Float64Array, topP: number): Float64Array {
  if (topP >= 1) return x;
  const max = x.reduce((m, value) => Math.max(m, value), NEG_LARGE);
  const total = x.reduce((sum, value) => sum + Math.exp(value - max), 0);
  const ascending = [...x.keys()].sort((a, b) => x[a]! - x[b]! || a - b);
  const kept = x.slice();
  let cumulative = 0;
  for (const index of ascending.slice(0, -1)) {
    cumulative += Math.exp(x[index]! - max) / total;
    if (cumulative > 1 - topP) break;
    kept[index] = NEG_LARGE;
  }
  return kept;
}

function dropRare(x: Float64Array, minP: number): Float64Array {
  if (minP <= 0) return x;
  const max = x.reduce((m, value) => Math.max(m, value), NEG_LARGE);
  return x.map((value) => Math.exp(value - max) < minP ? NEG_LARGE : value);
}

/** Draws the next token of each living row and advances its state; see `decodeProgram`. */
export const sample: PlainLoop<"sample"> = (tensors, d) => {
  const { masked, logits, statistics, ids, positions, queries, status, sampled } = tensors;
  const stops = [d.stop0, d.stop1, d.stop2, d.stop3];
  for (let n = 0; n < d.rows; n++) {
    const [alive = 0, produced = 0, limit = 0, key0 = 0, key1 = 0] = status.subarray(n * 8);
    if (alive === 0) continue;
    const row = masked.subarray(n * d.cols, (n + 1) * d.cols);
    const token = d.greedy === 1
      ? argmax(row)
      : draw(row, d.maskedScale, uniform([key0, key1], produced));
    const logSum = statistics[n * 4]! + Math.log(statistics[n * 4 + 1]!);
    const logProb = logits[n * d.cols + token]! * d.inverseTemperature - logSum;
    const at = (n * d.messageTokens + produced % d.messageTokens) * 2;
    sampled[at] = token;
    sampled[at + 1] = new Uint32Array(Float32Array.of(logProb).buffer)[0]!;
    status[n * 8 + 1] = produced + 1;
    if (stops.includes(token) || produced + 1 === limit) {
      status[n * 8] = 0;
      continue;
    }
    ids[n] = token;
    positions[n] = positions[n]! + 1;
    queries[n * 4 + 3] = queries[n * 4 + 3]! + 1;
  }
};

/** Index of the largest value, the first of equals. */
function argmax(row: Values): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c]! > row[best]!) best = c;
  return best;
}

/** Inverse of the cumulative distribution at `u`, in token order. */
function draw(row: Values, scale: number, u: number): number {
  const max = row[argmax(row)]! * scale;
  const weights = new Float64Array(row.length);
  let total = 0;
  for (let c = 0; c < row.length; c++) {
    if (row[c]! > NEG_LARGE) weights[c] = Math.exp(row[c]! * scale - max);
    total += weights[c]!;
  }
  let left = u * total;
  let last = 0;
  for (let c = 0; c < row.length; c++) {
    if (weights[c] === 0) continue;
    last = c;
    left -= weights[c]!;
    if (left < 0) return c;
  }
  return last;
}
