import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";
import { addDots, type Rows } from "./products.ts";

/** Updates (max m, s = sum exp(z - m), t = sum z exp(z - m), z of the target) with one tile of logits; z is tempered */
export const headStatistics: PlainLoop<"head_statistics"> = ({ tile, targets, statistics }, d) => {
  const { rows, stride, column, first, features, inverseTemperature } = d;
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * stride + column, r * 4];
    if (first === 0) statistics.set(NOTHING_YET, to);
    let m = statistics[to]!;
    let s = statistics[to + 1]!;
    let t = statistics[to + 2]!;
    for (let f = 0; f < features; f++) {
      const x = tile[from + f]! * inverseTemperature;
      if (x > m) {
        const keep = Math.exp(m - x);
        s = s * keep + 1;
        t = t * keep + x;
        m = x;
      } else {
        const weight = Math.exp(x - m);
        s += weight;
        t += x * weight;
      }
    }
    statistics[to] = m;
    statistics[to + 1] = s;
    statistics[to + 2] = t;
    const target = targets[r]! - first;
    if (target >= 0 && target < features) {
      statistics[to + 3] = tile[from + target]! * inverseTemperature;
    }
  }
};

/** (m, s, t, z) before the first logit. */
const NOTHING_YET = [NEG_LARGE, 0, 0, NEG_LARGE];

/** log-prob = z - m - log s; entropy = m + log s - t / s; log sum = m + log s */
export const headFinish: PlainLoop<"head_finish"> = ({ statistics, result }, { rows }) => {
  for (let at = 0; at < 4 * rows; at += 4) {
    const [m = 0, s = 0, t = 0, z = 0] = statistics.subarray(at, at + 4);
    const logSum = m + Math.log(s);
    result.set([z - logSum, logSum - t / s, logSum, 0], at);
  }
};

/** Rows whose logits are in memory at a time. */
const ROWS_AT_A_TIME = 16;

/**
 * Calls `use` with the logits of `tokens` tokens from `first` on, of a few rows at a time: `count` rows from row
 * `start` on.
 */
function forLogits(
  x: Values,
  w: Values,
  { rows, inner, first, tokens }: Record<"rows" | "inner" | "first" | "tokens", number>,
  use: (logits: Float64Array, start: number, count: number) => void,
): void {
  const logits = new Float64Array(ROWS_AT_A_TIME * tokens);
  const weight: Rows = { values: w, at: first * inner, stride: inner };
  for (let start = 0; start < rows; start += ROWS_AT_A_TIME) {
    const count = Math.min(ROWS_AT_A_TIME, rows - start);
    logits.fill(0);
    const hidden = { values: x, at: start * inner, stride: inner };
    const size = { rows: count, inner, features: tokens };
    addDots(hidden, weight, { values: logits, at: 0, stride: tokens }, size);
    use(logits, start, count);
  }
}

/**
 * Updates (m, s, t, z) of `headStatistics` with tokens first .. first + tokens, from hidden states and weights. If
 * `keep` is 1, stores their logits before the temperature; columns past the vocabulary repeat its last token.
 */
export const headForward: PlainLoop<"head_forward"> = (tensors, d) => {
  const { x, w, targets, statistics, logits: kept } = tensors;
  const { rows, inner, first, tokens, stride, keep, inverseTemperature } = d;
  const tile = { stride: tokens, column: 0, first, features: tokens, inverseTemperature };
  forLogits(x, w, { rows, inner, first, tokens }, (logits, start, count) => {
    const some = {
      tile: logits,
      targets: targets.subarray(start, start + count),
      statistics: statistics.subarray(4 * start, 4 * (start + count)),
    };
    headStatistics(some, { ...tile, rows: count });
    if (keep === 0) return;
    for (let r = 0; r < count; r++) {
      const to = (start + r) * stride;
      for (let f = 0; f < stride; f++) {
        kept[to + f] = logits[r * tokens + Math.min(f, tokens - 1)]!;
      }
    }
  });
};

/** Gradients of the logits of tokens first .. first + stride; columns past the vocabulary become 0 */
export const headBackward: PlainLoop<"head_backward"> = (tensors, d) => {
  const { rows, inner, vocabulary, stride, first } = d;
  const tokens = Math.max(0, Math.min(stride, vocabulary - first));
  forLogits(tensors.x, tensors.w, { rows, inner, first, tokens }, (logits, start, count) => {
    const some = { values: logits, at: 0, stride: tokens };
    gradientsOfLogits(some, tensors, { ...d, start, count });
  });
};

/** The same from logits that were kept */
export const logitsBackward: PlainLoop<"logits_backward"> = (tensors, d) => {
  const all = { values: tensors.logits, at: 0, stride: d.stride };
  gradientsOfLogits(all, tensors, { ...d, first: 0, start: 0, count: d.rows });
};

/** Gradients of the logits of `count` rows from row `start` on. */
function gradientsOfLogits(
  logits: Rows,
  { targets, result, dHead, dLogits }: Record<"targets" | "result" | "dHead" | "dLogits", Values>,
  { vocabulary, inverseTemperature, stride, first, start, count }: Record<
    "vocabulary" | "inverseTemperature" | "stride" | "first" | "start" | "count",
    number
  >,
): void {
  for (let r = start; r < start + count; r++) {
    const [entropy, logSum] = [result[r * 4 + 1]!, result[r * 4 + 2]!];
    const [dLogProb, dEntropy] = [dHead[r * 2]!, dHead[r * 2 + 1]!];
    const from = logits.at + (r - start) * logits.stride;
    const tokens = Math.min(stride, vocabulary - first);
    for (let f = 0; f < tokens; f++) {
      const logProb = logits.values[from + f]! * inverseTemperature - logSum;
      const p = Math.exp(logProb);
      const hit = first + f === targets[r] ? 1 : 0;
      const dz = dLogProb * (hit - p) - dEntropy * p * (logProb + entropy);
      dLogits[r * stride + f] = dz * inverseTemperature;
    }
    for (let f = Math.max(0, tokens); f < stride; f++) dLogits[r * stride + f] = 0;
  }
}
