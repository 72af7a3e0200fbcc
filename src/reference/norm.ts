import type { PlainLoop, Values } from "./loop.ts";

/** First element of row n, of which `perRow` lie side by side in a window of a wider matrix. */
function startOf(d: Readonly<Record<string, number>>, n: number): number {
  const { cols, perRow, column, stride } = d as Record<
    "cols" | "perRow" | "column" | "stride",
    number
  >;
  return Math.floor(n / perRow) * stride + column + n % perRow * cols;
}

/** y = x s w with s = 1 / sqrt(mean(x^2) + eps) for each row; s is the second output */
export const rmsnormForward: PlainLoop = ([x, w], [y, scale], d) => {
  const { rows, cols, eps } = d as Record<"rows" | "cols" | "eps", number>;
  for (let n = 0; n < rows; n++) {
    const at = startOf(d, n);
    let squares = 0;
    for (let c = 0; c < cols; c++) squares += x![at + c]! ** 2;
    const s = 1 / Math.sqrt(squares / cols + eps);
    scale![n] = s;
    for (let c = 0; c < cols; c++) y![n * cols + c] = x![at + c]! * s * w![c]!;
  }
};

/** dx (+)= s (w dy - x s^2 mean(w dy x)); x and dx are windows of the same sizes */
export const rmsnormBackward: PlainLoop = ([x, w, scale, dy], [dx], d) => {
  const { rows, cols, accumulate } = d as Record<"rows" | "cols" | "accumulate", number>;
  for (let n = 0; n < rows; n++) {
    const s = scale![n]!;
    const at = startOf(d, n);
    let dot = 0;
    for (let c = 0; c < cols; c++) dot += w![c]! * dy![n * cols + c]! * x![at + c]!;
    const shift = dot * s * s / cols;
    for (let c = 0; c < cols; c++) {
      const value = s * (w![c]! * dy![n * cols + c]! - x![at + c]! * shift);
      dx![at + c] = accumulate === 1 ? dx![at + c]! + value : value;
    }
  }
};

/** dw[c] += sum_n dy[n,c] x[n,c] s[n] */
export const rmsnormWeightBackward: PlainLoop = ([x, scale, dy], [dw], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    const at = startOf(d, n);
    for (let c = 0; c < cols; c++) {
      dw![c] = dw![c]! + dy![n * cols + c]! * x![at + c]! * scale![n]!;
    }
  }
};

/** Rotates the pairs (i, i + D/2) of a head by angles, in the direction 1 or -1. */
function turn(
  from: { readonly values: Values; readonly at: number },
  to: { readonly values: Values; readonly at: number },
  angles: Values,
  { row, headDim, direction }: Record<"row" | "headDim" | "direction", number>,
): void {
  const half = headDim / 2;
  for (let i = 0; i < half; i++) {
    const cos = angles[row + i]!;
    const sin = direction * angles[row + half + i]!;
    const [a, b] = [from.values[from.at + i]!, from.values[from.at + half + i]!];
    to.values[to.at + i] = a * cos - b * sin;
    to.values[to.at + half + i] = b * cos + a * sin;
  }
}

/** query[n] = rotated q[n];  keyValue[slot[n]] = [rotated k[n] | v[n]] */
export const ropeForward: PlainLoop = (inputs, [query, keyValue], d) => {
  const [q, k, v, positions, angles, queries] = inputs as [
    Values,
    Values,
    Values,
    Values,
    Values,
    Values,
  ];
  const { rows, heads, keyValueHeads, headDim } = d as Record<
    "rows" | "heads" | "keyValueHeads" | "headDim",
    number
  >;
  for (let n = 0; n < rows; n++) {
    const rotation = { row: positions[n]! * headDim, headDim, direction: 1 };
    const slot = queries[4 * n + 3]! * 2 * keyValueHeads * headDim;
    for (let h = 0; h < heads; h++) {
      const from = { values: q, at: n * d["queryStride"]! + d["queryColumn"]! + h * headDim };
      turn(from, { values: query!, at: (n * heads + h) * headDim }, angles, rotation);
    }
    for (let g = 0; g < keyValueHeads; g++) {
      const from = { values: k, at: n * d["keyStride"]! + d["keyColumn"]! + g * headDim };
      turn(from, { values: keyValue!, at: slot + g * headDim }, angles, rotation);
    }
    const valueAt = n * d["valueStride"]! + d["valueColumn"]!;
    for (let c = 0; c < keyValueHeads * headDim; c++) {
      keyValue![slot + keyValueHeads * headDim + c] = v[valueAt + c]!;
    }
  }
};

/** dx[n] = dy[n] turned back by the angles of the row's position, or as it is when turns is 0 */
export const ropeBackward: PlainLoop = ([dy, positions, angles], [dx], d) => {
  const { rows, cols, headDim } = d as Record<"rows" | "cols" | "headDim", number>;
  for (let n = 0; n < rows; n++) {
    const from = n * d["stride"]! + d["column"]!;
    const to = n * d["outStride"]! + d["outColumn"]!;
    const rotation = { row: positions![n]! * headDim, headDim, direction: -1 };
    for (let c = 0; c < cols; c += headDim) {
      if (d["turns"] === 1) {
        turn(
          { values: dy!, at: from + c },
          { values: dx!, at: to + c },
          angles!,
          rotation,
        );
      } else for (let i = c; i < c + headDim; i++) dx![to + i] = dy![from + i]!;
    }
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
export const swigluForward: PlainLoop = ([x], [y], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) gateRow(x!, 2 * n * cols, y!, n * cols, cols);
};

/** dgate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate)));  dup = dy silu(gate); dx = [dgate | dup] */
export const swigluBackward: PlainLoop = ([x, dy], [dx], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    for (let f = 0; f < cols; f++) {
      const gateAt = 2 * n * cols + f;
      const upAt = gateAt + cols;
      const g = x![gateAt]!;
      const dOut = dy![n * cols + f]!;
      const sigmoid = 1 / (1 + Math.exp(-g));
      dx![gateAt] = dOut * x![upAt]! * sigmoid * (1 + g * (1 - sigmoid));
      dx![upAt] = dOut * g * sigmoid;
    }
  }
};
