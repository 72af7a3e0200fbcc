import type { PlainLoop, Values } from "./loop.ts";
import { rmsnormForward, swigluForward } from "./norm.ts";

/** Rows of x as they are, their RMS norm (from 1), or silu(gate) up of x = [gate | up] (from 2), side by side */
function inputOf(x: Values, norm: Values, d: Readonly<Record<string, number>>): Values {
  const { rows, inner, from, eps, inStride, inColumn } = d as Record<
    "rows" | "inner" | "from" | "eps" | "inStride" | "inColumn",
    number
  >;
  const cols = from === 2 ? 2 * inner : inner;
  const window = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n++) {
    const start = n * inStride + inColumn;
    window.set(x.subarray(start, start + cols), n * cols);
  }
  if (from === 0) return window;
  const a = new Float64Array(rows * inner);
  if (from === 2) swigluForward([window], [a], { rows, cols: inner });
  else {
    const whole = { perRow: 1, column: 0, stride: inner };
    const scales = new Float64Array(rows);
    rmsnormForward([window, norm], [a, scales], { rows, cols: inner, ...whole, eps });
  }
  return a;
}

/** y[n,f] (+)= scale (sum_k a[n,k] W[weightRow+f,k] (+ bias[weightRow+f])) (+ residual[n,f]) */
export const linearForward: PlainLoop = (inputs, [y], d) => {
  const [x, w, bias, residual, norm] = inputs as [Values, Values, Values, Values, Values];
  const { rows, inner, features, outCols, outColumn, weightRow } = d as Record<
    "rows" | "inner" | "features" | "outCols" | "outColumn" | "weightRow",
    number
  >;
  const a = inputOf(x, norm, d);
  for (let n = 0; n < rows; n++) {
    for (let f = 0; f < features; f++) {
      let sum = d["hasBias"] === 1 ? bias[weightRow + f]! : 0;
      const row = (weightRow + f) * inner;
      for (let k = 0; k < inner; k++) sum += a[n * inner + k]! * w[row + k]!;
      const at = n * outCols + outColumn + f;
      const value = d["scale"]! * sum + (d["hasResidual"] === 1 ? residual[at]! : 0);
      y![at] = d["accumulate"] === 1 ? y![at]! + value : value;
    }
  }
};

/** dW[weightRow+f,k] += scale sum_n dy[n,f] x[n,k] */
export const linearWeightBackward: PlainLoop = ([x, dy], [dw], d) => {
  const { rows, inner, features, weightRow, scale } = d as Record<
    "rows" | "inner" | "features" | "weightRow" | "scale",
    number
  >;
  for (let n = 0; n < rows; n++) {
    const from = n * d["inStride"]! + d["inColumn"]!;
    for (let f = 0; f < features; f++) {
      const g = scale * dy![n * d["outCols"]! + d["outColumn"]! + f]!;
      const at = (weightRow + f) * inner;
      for (let k = 0; k < inner; k++) dw![at + k] = dw![at + k]! + g * x![from + k]!;
    }
  }
};

/** db[c] += sum_n dy[n,c] */
export const columnSumBackward: PlainLoop = ([dy], [db], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    for (let c = 0; c < cols; c++) db![c] = db![c]! + dy![n * cols + c]!;
  }
};

/** y[k,f] = W[weightRow+f,k] for f < rows, 0 up to outCols */
export const transposeForward: PlainLoop = ([w], [y], d) => {
  const { rows, cols, weightRow, outCols } = d as Record<
    "rows" | "cols" | "weightRow" | "outCols",
    number
  >;
  for (let k = 0; k < cols; k++) {
    for (let f = 0; f < outCols; f++) {
      y![k * outCols + f] = f < rows ? w![(weightRow + f) * cols + k]! : 0;
    }
  }
};

/** y[n] = W[ids[n]] where ids[n] is among the rows given */
export const embeddingForward: PlainLoop = ([ids, w], [y], d) => {
  const { rows, cols, weightRow, weightRows } = d as Record<
    "rows" | "cols" | "weightRow" | "weightRows",
    number
  >;
  for (let n = 0; n < rows; n++) {
    if (ids![n]! < weightRow || ids![n]! >= weightRow + weightRows) continue;
    for (let c = 0; c < cols; c++) y![n * cols + c] = w![ids![n]! * cols + c]!;
  }
};

/** dW[id] += sum of dy over the rows where `id` occurs */
export const embeddingBackward: PlainLoop = ([dy, occurrences, order], [dw], d) => {
  const { unique, cols } = d as Record<"unique" | "cols", number>;
  for (let u = 0; u < unique; u++) {
    const [id, first, count] = [0, 1, 2].map((i) => occurrences![u * 4 + i]!) as [
      number,
      number,
      number,
    ];
    for (let i = first; i < first + count; i++) {
      for (let c = 0; c < cols; c++) {
        dw![id * cols + c] = dw![id * cols + c]! + dy![order![i]! * cols + c]!;
      }
    }
  }
};

/** y[r] = x[index[r]] */
export const gatherRowsForward: PlainLoop = ([x, index], [y], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) y![r * cols + c] = x![index![r]! * cols + c]!;
  }
};

/** dx[n] = dy[inverse[n]], 0 where no row was taken */
export const gatherRowsBackward: PlainLoop = ([dy, inverse], [dx], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    const r = inverse![n]!;
    for (let c = 0; c < cols; c++) dx![n * cols + c] = r === 0xffffffff ? 0 : dy![r * cols + c]!;
  }
};

/** cache[to[i]] = cache[from[i]] */
export const cacheCopy: PlainLoop = ([pairs], [cache], d) => {
  const { rows, cols } = d as Record<"rows" | "cols", number>;
  for (let i = 0; i < rows; i++) {
    const [from, to] = [pairs![i * 4]!, pairs![i * 4 + 1]!];
    for (let c = 0; c < cols; c++) cache![to * cols + c] = cache![from * cols + c]!;
  }
};
