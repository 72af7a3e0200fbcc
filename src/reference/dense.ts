import type { DimsOf } from "../model/ops/op.ts";
import type { RecordOf } from "../model/ops/registry.ts";
import type { PlainLoop, Values } from "./loop.ts";
import { gateRow, rmsnormForward } from "./norm.ts";
import { addDots, addMixes, type Rows } from "./products.ts";

/** Rows of x as they are, their RMS norm (from 1), or silu(gate) up of x = [gate | up] (from 2) */
function inputOf(x: Values, weight: Values, d: DimsOf<RecordOf<"linear_forward">, number>): Rows {
  const { rows, inner, from, eps, inStride, inColumn } = d;
  if (from === 0) return { values: x, at: inColumn, stride: inStride };
  const a = new Float64Array(rows * inner);
  if (from === 2) {
    for (let n = 0; n < rows; n++) gateRow(x, n * inStride + inColumn, a, n * inner, inner);
  } else {
    const window = { perRow: 1, column: inColumn, stride: inStride };
    const tensors = { x, weight, y: a, scale: new Float64Array(rows) };
    rmsnormForward(tensors, { rows, cols: inner, ...window, eps });
  }
  return { values: a, at: 0, stride: inner };
}

/** Rows of inputs that stay in the CPU cache while all sums that need them are computed. */
const ROWS_AT_A_TIME = 16;

/** y[n,f] (+)= scale (sum_k a[n,k] W[weightRow+f,k] (+ bias[weightRow+f])) (+ residual[n,f]) */
export const linearForward: PlainLoop<"linear_forward"> = (tensors, d) => {
  const { x, w, bias, residual, norm, y } = tensors;
  const { rows, inner, features, weightRow, scale } = d;
  const { outCols, outColumn, hasBias, hasResidual, accumulate } = d;
  const a = inputOf(x, norm, d);
  const weight = { values: w, at: weightRow * inner, stride: inner };
  // Sums are computed in place, unless they must be added to what y holds.
  const apart = accumulate === 1 ? new Float64Array(ROWS_AT_A_TIME * features) : null;
  for (let first = 0; first < rows; first += ROWS_AT_A_TIME) {
    const count = Math.min(ROWS_AT_A_TIME, rows - first);
    const at = first * outCols + outColumn;
    const sums = apart === null
      ? { values: y, at, stride: outCols }
      : { values: apart, at: 0, stride: features };
    for (let n = 0; n < count; n++) {
      const row = sums.at + n * sums.stride;
      for (let f = 0; f < features; f++) {
        sums.values[row + f] = hasBias === 1 ? bias[weightRow + f]! : 0;
      }
    }
    const block = { ...a, at: a.at + first * a.stride };
    addDots(block, weight, sums, { rows: count, inner, features });
    if (scale === 1 && hasResidual === 0 && accumulate === 0) continue;
    for (let n = 0; n < count; n++) {
      const [from, to] = [sums.at + n * sums.stride, at + n * outCols];
      for (let f = 0; f < features; f++) {
        const value = scale * sums.values[from + f]! +
          (hasResidual === 1 ? residual[to + f]! : 0);
        y[to + f] = accumulate === 1 ? y[to + f]! + value : value;
      }
    }
  }
};

/** Number of rows and of features whose gradients are copied to be contiguous. */
const [DEEP, WIDE] = [64, 8];

/** dx[n,k] (+)= scale sum_f dy[n,f] W[weightRow+f,k] + sum_r dLow[n,r] A[r,k] */
export const linearInputBackward: PlainLoop<"linear_input_backward"> = (tensors, d) => {
  const { dy, w, dLow, first, dx } = tensors;
  const { rows, inner, features, weightRow, scale, accumulate, rank } = d;
  const { inStride, inColumn, outCols, outColumn } = d;
  const sums = new Float64Array(rows * inner);
  const left = { values: dy, at: outColumn, stride: outCols };
  const right = { values: w, at: weightRow * inner, stride: inner };
  const sizes = { rows, inner: features, features: inner };
  addMixes(left, right, { values: sums, at: 0, stride: inner }, sizes);
  const target = { values: dx, at: inColumn, stride: inStride };
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < inner; k++) {
      const at = n * inStride + inColumn + k;
      dx[at] = (accumulate === 1 ? dx[at]! : 0) + scale * sums[n * inner + k]!;
    }
  }
  const low = { values: dLow, at: 0, stride: rank };
  const ofFirst = { values: first, at: 0, stride: inner };
  addMixes(low, ofFirst, target, { rows, inner: rank, features: inner });
};

/** dWeight[weightRow+f,k] += scale sum_n dy[n,f] x[n,k] */
export const linearWeightBackward: PlainLoop<"linear_weight_backward"> = (tensors, d) => {
  const { x, dy, dWeight } = tensors;
  const { rows, inner, features, weightRow, scale } = d;
  const { inStride, inColumn, outCols, outColumn } = d;
  const gradients = new Float64Array(WIDE * DEEP);
  for (let first = 0; first < rows; first += DEEP) {
    const count = Math.min(DEEP, rows - first);
    const block = { values: x, at: first * inStride + inColumn, stride: inStride };
    for (let f = 0; f < features; f += WIDE) {
      const wide = Math.min(WIDE, features - f);
      for (let n = 0; n < count; n++) {
        const at = (first + n) * outCols + outColumn + f;
        for (let i = 0; i < wide; i++) gradients[i * DEEP + n] = scale * dy[at + i]!;
      }
      const target = { values: dWeight, at: (weightRow + f) * inner, stride: inner };
      const size = { rows: wide, inner: count, features: inner };
      addMixes({ values: gradients, at: 0, stride: DEEP }, block, target, size);
    }
  }
};

/** dBias[c] += sum_n dy[n,c] */
export const columnSumBackward: PlainLoop<"column_sum_backward"> = (tensors, { rows, cols }) => {
  const { dy, dBias } = tensors;
  for (let n = 0; n < rows; n++) {
    for (let c = 0; c < cols; c++) dBias[c] = dBias[c]! + dy[n * cols + c]!;
  }
};

/** y[k,f] = W[weightRow+f,k] for f < rows, 0 up to outCols */
export const transposeForward: PlainLoop<"transpose_forward"> = ({ w, y }, d) => {
  const { rows, cols, weightRow, outCols } = d;
  for (let k = 0; k < cols; k++) {
    for (let f = 0; f < outCols; f++) {
      y[k * outCols + f] = f < rows ? w[(weightRow + f) * cols + k]! : 0;
    }
  }
};

/** y[n] = W[ids[n]] where ids[n] is among the rows given */
export const embeddingForward: PlainLoop<"embedding_forward"> = ({ ids, w, y }, d) => {
  const { rows, cols, weightRow, weightRows } = d;
  for (let n = 0; n < rows; n++) {
    if (ids[n]! < weightRow || ids[n]! >= weightRow + weightRows) continue;
    for (let c = 0; c < cols; c++) y[n * cols + c] = w[ids[n]! * cols + c]!;
  }
};

/** dWeight[id] += sum of dy over the rows where `id` occurs */
export const embeddingBackward: PlainLoop<"embedding_backward"> = (tensors, { unique, cols }) => {
  const { dy, occurrences, tokenOrder, dWeight } = tensors;
  for (let u = 0; u < unique; u++) {
    const [id = 0, first = 0, count = 0] = occurrences.subarray(u * 4, u * 4 + 3);
    for (let i = first; i < first + count; i++) {
      for (let c = 0; c < cols; c++) {
        dWeight[id * cols + c] = dWeight[id * cols + c]! + dy[tokenOrder[i]! * cols + c]!;
      }
    }
  }
};

/** y[r] = x[index[r]] */
export const gatherRowsForward: PlainLoop<"gather_rows_forward"> = (tensors, { rows, cols }) => {
  const { x, index, y } = tensors;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) y[r * cols + c] = x[index[r]! * cols + c]!;
  }
};

/** dx[n] = dy[inverse[n]], 0 where no row was taken */
export const gatherRowsBackward: PlainLoop<"gather_rows_backward"> = (tensors, { rows, cols }) => {
  const { dy, inverse, dx } = tensors;
  for (let n = 0; n < rows; n++) {
    const r = inverse[n]!;
    for (let c = 0; c < cols; c++) dx[n * cols + c] = r === 0xffffffff ? 0 : dy[r * cols + c]!;
  }
};

/** cache[to[i]] = cache[from[i]] */
export const cacheCopy: PlainLoop<"cache_copy"> = ({ pairs, cache }, { rows, cols }) => {
  for (let i = 0; i < rows; i++) {
    const [from, to] = [pairs[i * 4]!, pairs[i * 4 + 1]!];
    for (let c = 0; c < cols; c++) cache[to * cols + c] = cache[from * cols + c]!;
  }
};
