import { NEG_LARGE, type PlainLoop } from "./loop.ts";

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

/** Turns a tile of logits into their gradients; columns from `features` on become 0 */
export const headBackward: PlainLoop = ([targets, result, dHead], [tile], dims) => {
  const { rows, stride, first, features, inverseTemperature } = dims as Tile;
  for (let r = 0; r < rows; r++) {
    const [entropy, logSum] = [result![r * 4 + 1]!, result![r * 4 + 2]!];
    const [dLogProb, dEntropy] = [dHead![r * 2]!, dHead![r * 2 + 1]!];
    for (let f = 0; f < stride; f++) {
      const at = r * stride + f;
      const logProb = tile![at]! * inverseTemperature - logSum;
      const p = Math.exp(logProb);
      const hit = first + f === targets![r]! ? 1 : 0;
      const dz = dLogProb * (hit - p) - dEntropy * p * (logProb + entropy);
      tile![at] = f < features ? dz * inverseTemperature : 0;
    }
  }
};
