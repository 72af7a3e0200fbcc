import type { PlainLoop, Values } from "./loop.ts";

/** First element of row n; `perRow` rows lie side by side in each row of a window of a wider matrix. */
function startOf(
  { cols, perRow, column, stride }: Record<"cols" | "perRow" | "column" | "stride", number>,
  n: number,
): number {
  return Math.floor(n / perRow) * stride + column + n % perRow * cols;
}

/** y = x s weight with s = 1 / sqrt(mean(x^2) + eps) for each row; `scale` holds s */
export const rmsnormForward: PlainLoop<"rmsnorm_forward"> = ({ x, weight, y, scale }, d) => {
  const { rows, cols, eps } = d;
  for (let n = 0; n < rows; n++) {
    const at = startOf(d, n);
    let squares = 0;
    for (let c = 0; c < cols; c++) squares += x[at + c]! ** 2;
    const s = 1 / Math.sqrt(squares / cols + eps);
    scale[n] = s;
    for (let c = 0; c < cols; c++) y[n * cols + c] = x[at + c]! * s * weight[c]!;
  }
};

/** dx (+)= s (weight dy - x s^2 mean(weight dy x)); x and dx are windows of the same sizes */
export const rmsnormBackward: PlainLoop<"rmsnorm_backward"> = (tensors, d) => {
  const { x, weight, scale, dy, dx } = tensors;
  const { rows, cols, accumulate } = d;
  for (let n = 0; n < rows; n++) {
    const s = scale[n]!;
    const at = startOf(d, n);
    let dot = 0;
    for (let c = 0; c < cols; c++) dot += weight[c]! * dy[n * cols + c]! * x[at + c]!;
    const shift = dot * s * s / cols;
    for (let c = 0; c < cols; c++) {
      const value = s * (weight[c]! * dy[n * cols + c]! - x[at + c]! * shift);
      dx[at + c] = accumulate === 1 ? dx[at + c]! + value : value;
    }
  }
};

/** dWeight[c] += sum_n dy[n,c] x[n,c] s[n] */
export const rmsnormWeightBackward: PlainLoop<"rmsnorm_weight_backward"> = (tensors, d) => {
  const { x, scale, dy, dWeight } = tensors;
  const { rows, cols } = d;
  for (let n = 0; n < rows; n++) {
    const at = startOf(d, n);
    for (let c = 0; c < cols; c++) {
      dWeight[c] = dWeight[c]! + dy[n * cols + c]! * x[at + c]! * scale[n]!;
    }
  }
};

/** The numbers of a head, from `at` on. */
interface Head {
  readonly values: Values;
  readonly at: number;
}

/** Rotates the pairs (i, i + D/2) of neighbouring heads by the angles from `row` on, in the direction 1 or -1. */
function turn(
  from: Head,
  to: Head,
  angles: Values,
  { row, heads, headDim, direction }: Record<"row" | "heads" | "headDim" | "direction", number>,
): void {
  const [x, y] = [from.values, to.values];
  const half = headDim / 2;
  for (let first = 0; first < heads * headDim; first += headDim) {
    const [source, target] = [from.at + first, to.at + first];
    for (let i = 0; i < half; i++) {
      const cos = angles[row + i]!;
      const sin = direction * angles[row + half + i]!;
      const a = x[source + i]!;
      const b = x[source + half + i]!;
      y[target + i] = a * cos - b * sin;
      y[target + half + i] = b * cos + a * sin;
    }
  }
}

/** query[n] = rotated q[n];  keyValue[slot[n]] = [rotated k[n] | v[n]] */
export const ropeForward: PlainLoop<"rope_forward"> = (tensors, d) => {
  const { q, k, v, positions, angles, queries, query, keyValue } = tensors;
  const { rows, heads, keyValueHeads, headDim } = d;
  const { queryStride, queryColumn, keyStride, keyColumn, valueStride, valueColumn } = d;
  const keyCols = keyValueHeads * headDim;
  for (let n = 0; n < rows; n++) {
    const rotation = { row: positions[n]! * headDim, headDim, direction: 1 };
    const from = { values: q, at: n * queryStride + queryColumn };
    turn(from, { values: query, at: n * heads * headDim }, angles, { ...rotation, heads });
    const slot = { values: keyValue, at: queries[4 * n + 3]! * 2 * keyCols };
    const key = { values: k, at: n * keyStride + keyColumn };
    turn(key, slot, angles, { ...rotation, heads: keyValueHeads });
    const valueAt = n * valueStride + valueColumn;
    for (let c = 0; c < keyCols; c++) keyValue[slot.at + keyCols + c] = v[valueAt + c]!;
  }
};

/** dx[n] = dy[n] rotated back by the angles of the row's position, or as it is if turns is 0 */
export const ropeBackward: PlainLoop<"rope_backward"> = ({ dy, positions, angles, dx }, d) => {
  const { rows, cols, headDim, turns } = d;
  const { stride, column, outStride, outColumn } = d;
  for (let n = 0; n < rows; n++) {
    const from = { values: dy, at: n * stride + column };
    const to = { values: dx, at: n * outStride + outColumn };
    const rotation = { row: positions[n]! * headDim, heads: cols / headDim, headDim };
    if (turns === 1) turn(from, to, angles, { ...rotation, direction: -1 });
    else for (let c = 0; c < cols; c++) dx[to.at + c] = dy[from.at + c]!;
  }
};

/** One row of silu(gate) up: `cols` gates from `from` on, then as many ups */
export function gateRow(x: Values, from: number, y: Values, to: number, cols: number): void {
  for (let f = 0; f < cols; f++) {
    const gate = x[from + f]!;
    y[to + f] = gate / (1 + Math.exp(-gate)) * x[from + cols + f]!;
  }
}

/** y = silu(gate) up, x = [gate | up] */
export const swigluForward: PlainLoop<"swiglu_forward"> = ({ x, y }, { rows, cols }) => {
  for (let n = 0; n < rows; n++) gateRow(x, 2 * n * cols, y, n * cols, cols);
};

/** dgate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate)));  dup = dy silu(gate); dx = [dgate | dup] */
export const swigluBackward: PlainLoop<"swiglu_backward"> = ({ x, dy, dx }, { rows, cols }) => {
  for (let n = 0; n < rows; n++) {
    for (let f = 0; f < cols; f++) {
      const gateAt = 2 * n * cols + f;
      const upAt = gateAt + cols;
      const g = x[gateAt]!;
      const dOut = dy[n * cols + f]!;
      const sigmoid = 1 / (1 + Math.exp(-g));
      dx[gateAt] = dOut * x[upAt]! * sigmoid * (1 + g * (1 - sigmoid));
      dx[upAt] = dOut * g * sigmoid;
    }
  }
};
