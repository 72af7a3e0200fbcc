import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";
import { addDots, type Rows } from "./products.ts";

type Tile = Record<
  "rows" | "stride" | "column" | "first" | "features" | "inverseTemperature",
  number
>;

/** Carries (max m, s = sum exp(z - m), t = sum z exp(z - m), z of the target) on by one tile of logits; z is tempered */
export const headStatistics: PlainLoop = ([tile, targets], [statistics], dims) => {
  const { rows, stride, column, first, features, inverseTemperature } = dims as Tile;
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * stride + column, r * 4];
    if (first === 0) statistics!.set(NOTHING_YET, to);
    let m = statistics![to]!;
    let s = statistics![to + 1]!;
    let t = statistics![to + 2]!;
    for (let f = 0; f < features; f++) {
      const x = tile![from + f]! * inverseTemperature;
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
    statistics![to] = m;
    statistics![to + 1] = s;
    statistics![to + 2] = t;
    const target = targets![r]! - first;
    if (target >= 0 && target < features) {
      statistics![to + 3] = tile![from + target]! * inverseTemperature;
    }
  }
};

/** (m, s, t, z) before the first logit. */
const NOTHING_YET = [NEG_LARGE, 0, 0, NEG_LARGE];

/** log-prob = z - m - log s; entropy = m + log s - t / s; log sum = m + log s */
export const headFinish: PlainLoop = ([statistics], [result], dims) => {
  for (let r = 0; r < dims["rows"]!; r++) {
    const [m, s, t, z] = statistics!.subarray(r * 4, r * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const logSum = m + Math.log(s);
    result!.set([z - logSum, logSum - t / s, logSum, 0], r * 4);
  }
};

type Head = Record<"rows" | "inner" | "vocabulary" | "inverseTemperature", number>;

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
 * (m, s, t, z) of `headStatistics` carried on by tokens first .. first + tokens, from hidden states and weights. Where
 * `keep` is 1, their logits before the temperature; columns past the vocabulary repeat its last token.
 */
export const headForward: PlainLoop = ([x, w, targets], [statistics, kept], dims) => {
  const { rows, inner, first, tokens, stride, keep, inverseTemperature } = dims as
    & Head
    & Record<"first" | "tokens" | "stride" | "keep", number>;
  const tile = { stride: tokens, column: 0, first, features: tokens, inverseTemperature };
  forLogits(x!, w!, { rows, inner, first, tokens }, (logits, start, count) => {
    const wanted = targets!.subarray(start, start + count);
    const carried = statistics!.subarray(4 * start, 4 * (start + count));
    headStatistics([logits, wanted], [carried], { ...tile, rows: count });
    if (keep === 0) return;
    for (let r = 0; r < count; r++) {
      const to = (start + r) * stride;
      for (let f = 0; f < stride; f++) {
        kept![to + f] = logits[r * tokens + Math.min(f, tokens - 1)]!;
      }
    }
  });
};

/** Gradients of the logits of tokens first .. first + stride; columns past the vocabulary become 0 */
export const headBackward: PlainLoop = ([x, w, ...inputs], outputs, dims) => {
  const { rows, inner, vocabulary, stride, first } = dims as Gradients;
  const tokens = Math.max(0, Math.min(stride, vocabulary - first));
  forLogits(x!, w!, { rows, inner, first, tokens }, (logits, start, count) => {
    const some = { values: logits, at: 0, stride: tokens };
    gradientsOfLogits(some, inputs, outputs, { ...dims, start, count });
  });
};

/** The same of logits at hand */
export const logitsBackward: PlainLoop = ([logits, ...inputs], outputs, dims) => {
  const { rows, stride } = dims as Gradients;
  const all = { values: logits!, at: 0, stride };
  gradientsOfLogits(all, inputs, outputs, { ...dims, first: 0, start: 0, count: rows });
};

type Gradients = Head & Record<"stride" | "first", number>;

/** Gradients of the logits of `count` rows from row `start` on. */
function gradientsOfLogits(
  logits: Rows,
  inputs: ReadonlyArray<Values>,
  [dLogits]: ReadonlyArray<Values>,
  dims: Readonly<Record<string, number>>,
): void {
  const [targets, result, dHead] = inputs as [Values, Values, Values];
  const { vocabulary, inverseTemperature, stride, first, start, count } = dims as
    & Gradients
    & Record<"start" | "count", number>;
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
      dLogits![r * stride + f] = dz * inverseTemperature;
    }
    for (let f = Math.max(0, tokens); f < stride; f++) dLogits![r * stride + f] = 0;
  }
}
