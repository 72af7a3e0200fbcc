import type { PlainLoop } from "./loop.ts";

/** y = x s w with s = 1 / sqrt(mean(x^2) + eps) for each row; s is the second output */
export const rmsnormForward: PlainLoop = ([x, w], [y, scale], d) => {
  const { rows, cols, eps } = d as Record<"rows" | "cols" | "eps", number>;
  for (let n = 0; n < rows; n++) {
    let squares = 0;
    for (let c = 0; c < cols; c++) squares += x![n * cols + c]! ** 2;
    const s = 1 / Math.sqrt(squares / cols + eps);
    scale![n] = s;
    for (let c = 0; c < cols; c++) y![n * cols + c] = x![n * cols + c]! * s * w![c]!;
  }
};

/** dx (+)= s (w dy - x s^2 mean(w dy x)) */
export const rmsnormBackward: PlainLoop = ([x, w, scale, dy], [dx], d) => {
  const { rows, cols, accumulate } = d as Record<"rows" | "cols" | "accumulate", number>;
  for (let n = 0; n < rows; n++) {
    const s = scale![n]!;
    let dot = 0;
    for (let c = 0; c < cols; c++) dot += w![c]! * dy![n * cols + c]! * x![n * cols + c]!;
    const shift = dot * s * s / cols;
    for (let c = 0; c < cols; c++) {
      const at = n * cols + c;
      const value = s * (w![c]! * dy![at]! - x![at]! * shift);
      dx![at] = accumulate === 1 ? dx![at]! + value : value;
    }
  }
};

/** dw[c] += sum_n dy[n,c] x[n,c] s[n] */
export const rmsnormWeightBackward: PlainLoop = ([x, scale, dy], [dw], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    for (let c = 0; c < cols; c++) {
      dw![c] = dw![c]! + dy![n * cols + c]! * x![n * cols + c]! * scale![n]!;
    }
  }
};

/** Rotates pairs (i, i + D/2) of each head by the angles of the row's position */
export const ropeForward: PlainLoop = ([x, positions, angles], [y], d) => {
  const { rows, cols, headDim, direction } = d as Record<
    "rows" | "cols" | "headDim" | "direction",
    number
  >;
  const half = headDim / 2;
  for (let n = 0; n < rows; n++) {
    const row = positions![n]! * headDim;
    for (let h = n * cols; h < (n + 1) * cols; h += headDim) {
      for (let i = 0; i < half; i++) {
        const cos = angles![row + i]!;
        const sin = direction * angles![row + half + i]!;
        const [a, b] = [x![h + i]!, x![h + half + i]!];
        y![h + i] = a * cos - b * sin;
        y![h + half + i] = b * cos + a * sin;
      }
    }
  }
};

/** y = silu(gate) up */
export const swigluForward: PlainLoop = ([gate, up], [y], d) => {
  for (let i = 0; i < d["elements"]!; i++) y![i] = gate![i]! / (1 + Math.exp(-gate![i]!)) * up![i]!;
};

/** dgate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate)));  dup = dy silu(gate) */
export const swigluBackward: PlainLoop = ([gate, up, dy], [dGate, dUp], d) => {
  for (let i = 0; i < d["elements"]!; i++) {
    const g = gate![i]!;
    const sigmoid = 1 / (1 + Math.exp(-g));
    dGate![i] = dy![i]! * up![i]! * sigmoid * (1 + g * (1 - sigmoid));
    dUp![i] = dy![i]! * g * sigmoid;
  }
};

/** y = a + b */
export const addForward: PlainLoop = ([a, b], [y], d) => {
  for (let i = 0; i < d["elements"]!; i++) y![i] = a![i]! + b![i]!;
};
