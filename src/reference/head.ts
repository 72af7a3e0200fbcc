import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";

type Tile = Record<
  "rows" | "stride" | "column" | "first" | "features" | "inverseTemperature",
  number
>;

/** Carries (max m, s = sum exp(z - m), t = sum z exp(z - m), z of the target) on by one tile of logits; z is tempered */
export const headStatistics: PlainLoop = ([tile, targets], [statistics], dims) => {
  const { rows, stride, column, first, features, inverseTemperature } = dims as Tile;
  for (let r = 0; r < rows; r++) {
    let [m, s, t, z] = first === 0
      ? [NEG_LARGE, 0, 0, NEG_LARGE]
      : statistics!.subarray(r * 4, r * 4 + 4) as unknown as [number, number, number, number];
    for (let f = 0; f < features; f++) {
      const x = tile![r * stride + column + f]! * inverseTemperature;
      const next = Math.max(m, x);
      const keep = Math.exp(m - next);
      const weight = Math.exp(x - next);
      s = s * keep + weight;
      t = t * keep + x * weight;
      m = next;
      if (first + f === targets![r]!) z = x;
    }
    statistics!.set([m, s, t, z], r * 4);
  }
};

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

/** Logit of token v in row r */
function logitOf(x: Values, w: Values, { inner }: Head, r: number, v: number) {
  let sum = 0;
  for (let k = 0; k < inner; k++) sum += x[r * inner + k]! * w[v * inner + k]!;
  return sum;
}

/**
 * (m, s, t, z) of `headStatistics` carried on by tokens first .. first + tokens, from hidden states and weights. Where
 * `keep` is 1, their logits before the temperature; columns past the vocabulary repeat its last token.
 */
export const headForward: PlainLoop = ([x, w, targets], [statistics, kept], dims) => {
  const head = dims as Head;
  const { first, tokens, stride, keep } = dims as Record<
    "first" | "tokens" | "stride" | "keep",
    number
  >;
  const logits = new Float64Array(tokens);
  const tile = { ...{ rows: 1, stride: tokens, column: 0, first }, features: tokens };
  const { inverseTemperature } = head;
  for (let r = 0; r < head.rows; r++) {
    logits.forEach((_, f) => logits[f] = logitOf(x!, w!, head, r, first + f));
    const [target, row] = [targets!.subarray(r, r + 1), statistics!.subarray(4 * r, 4 * r + 4)];
    headStatistics([logits, target], [row], { ...tile, inverseTemperature });
    if (keep === 0) continue;
    for (let f = 0; f < stride; f++) kept![r * stride + f] = logits[Math.min(f, tokens - 1)]!;
  }
};

/** Gradients of the logits of tokens first .. first + stride; columns past the vocabulary become 0 */
export const headBackward: PlainLoop = ([x, w, ...inputs], outputs, dims) =>
  gradientsOfLogits(inputs, outputs, dims, (r, v) => logitOf(x!, w!, dims as Head, r, v));

/** The same of logits at hand */
export const logitsBackward: PlainLoop = ([logits, ...inputs], outputs, dims) =>
  gradientsOfLogits(
    inputs,
    outputs,
    { ...dims, first: 0 },
    (r, v) => logits![r * dims["stride"]! + v]!,
  );

function gradientsOfLogits(
  inputs: ReadonlyArray<Values>,
  [dLogits]: ReadonlyArray<Values>,
  dims: Readonly<Record<string, number>>,
  logitAt: (row: number, token: number) => number,
): void {
  const [targets, result, dHead] = inputs as [Values, Values, Values];
  const { rows, vocabulary, inverseTemperature, stride, first } = dims as
    & Head
    & Record<"stride" | "first", number>;
  for (let r = 0; r < rows; r++) {
    const [entropy, logSum] = [result[r * 4 + 1]!, result[r * 4 + 2]!];
    const [dLogProb, dEntropy] = [dHead[r * 2]!, dHead[r * 2 + 1]!];
    for (let f = 0; f < stride; f++) {
      const v = first + f;
      if (v >= vocabulary) {
        dLogits![r * stride + f] = 0;
        continue;
      }
      const logProb = logitAt(r, v) * inverseTemperature - logSum;
      const p = Math.exp(logProb);
      const dz = dLogProb * ((v === targets[r] ? 1 : 0) - p) - dEntropy * p * (logProb + entropy);
      dLogits![r * stride + f] = dz * inverseTemperature;
    }
  }
}
