import type { Values } from "./loop.ts";

// Nearly all time is spent in these loops. Each addition of a sum waits for the one before, so a processor computes
// eight sums in little more time than one, and each loaded number serves several sums. A sum has the same terms in the
// same order whatever is computed beside it: no bit of a row depends on the other rows.

/** A row-major matrix within an array: row r begins at `at + r * stride`. */
export interface Rows {
  readonly values: Values;
  readonly at: number;
  readonly stride: number;
}

/** Extents of a product: rows and columns of y, and terms of each sum. */
export type ProductSize = Readonly<Record<"rows" | "inner" | "features", number>>;

/** y[n,f] += sum_k x[n,k] w[f,k]   x (rows, inner)  w (features, inner) */
export function addDots(x: Rows, w: Rows, y: Rows, { rows, inner, features }: ProductSize): void {
  const [pairs, fours] = [rows - rows % 2, features - features % 4];
  for (let f = 0; f < fours; f += 4) {
    for (let n = 0; n < pairs; n += 2) addTwoByFourDots(x, w, y, { n, f, inner });
    if (pairs < rows) addOneByFourDots(x, w, y, { n: pairs, f, inner });
  }
  for (let f = fours; f < features; f++) {
    for (let n = 0; n < rows; n++) addOneDot(x, w, y, { n, f, inner });
  }
}

/** The first row and column of a block of sums, and the terms of each. */
type Block = Record<"n" | "f" | "inner", number>;

/** `| 0` says that indices are below 2^31. Otherwise V8 checks each of them, which takes a ninth of the time. */
function addTwoByFourDots(x: Rows, w: Rows, y: Rows, { n, f, inner }: Block): void {
  const [a, b, c] = [x.values, w.values, y.values];
  const x0At = (x.at + n * x.stride) | 0;
  const x1At = (x0At + x.stride) | 0;
  const w0At = (w.at + f * w.stride) | 0;
  const w1At = (w0At + w.stride) | 0;
  const w2At = (w1At + w.stride) | 0;
  const w3At = (w2At + w.stride) | 0;
  const c0 = y.at + n * y.stride + f;
  const c1 = c0 + y.stride;
  let [sum00, sum01, sum02, sum03] = [c[c0]!, c[c0 + 1]!, c[c0 + 2]!, c[c0 + 3]!];
  let [sum10, sum11, sum12, sum13] = [c[c1]!, c[c1 + 1]!, c[c1 + 2]!, c[c1 + 3]!];
  for (let k = 0; k < inner; k++) {
    const x0 = a[(x0At + k) | 0]!;
    const x1 = a[(x1At + k) | 0]!;
    const w0 = b[(w0At + k) | 0]!;
    const w1 = b[(w1At + k) | 0]!;
    const w2 = b[(w2At + k) | 0]!;
    const w3 = b[(w3At + k) | 0]!;
    sum00 += x0 * w0;
    sum01 += x0 * w1;
    sum02 += x0 * w2;
    sum03 += x0 * w3;
    sum10 += x1 * w0;
    sum11 += x1 * w1;
    sum12 += x1 * w2;
    sum13 += x1 * w3;
  }
  c[c0] = sum00;
  c[c0 + 1] = sum01;
  c[c0 + 2] = sum02;
  c[c0 + 3] = sum03;
  c[c1] = sum10;
  c[c1 + 1] = sum11;
  c[c1 + 2] = sum12;
  c[c1 + 3] = sum13;
}

function addOneByFourDots(x: Rows, w: Rows, y: Rows, { n, f, inner }: Block): void {
  const [a, b, c] = [x.values, w.values, y.values];
  const at = x.at + n * x.stride;
  const b0 = w.at + f * w.stride;
  const b1 = b0 + w.stride;
  const b2 = b1 + w.stride;
  const b3 = b2 + w.stride;
  const to = y.at + n * y.stride + f;
  let [sum0, sum1, sum2, sum3] = [c[to]!, c[to + 1]!, c[to + 2]!, c[to + 3]!];
  for (let k = 0; k < inner; k++) {
    const x0 = a[at + k]!;
    sum0 += x0 * b[b0 + k]!;
    sum1 += x0 * b[b1 + k]!;
    sum2 += x0 * b[b2 + k]!;
    sum3 += x0 * b[b3 + k]!;
  }
  c[to] = sum0;
  c[to + 1] = sum1;
  c[to + 2] = sum2;
  c[to + 3] = sum3;
}

function addOneDot(x: Rows, w: Rows, y: Rows, { n, f, inner }: Block): void {
  const [a, b, c] = [x.values, w.values, y.values];
  const [from, row, to] = [x.at + n * x.stride, w.at + f * w.stride, y.at + n * y.stride + f];
  let sum = c[to]!;
  for (let k = 0; k < inner; k++) sum += a[from + k]! * b[row + k]!;
  c[to] = sum;
}

/** y[n,c] += sum_k a[n,k] x[k,c]   a (rows, inner)  x (inner, features) */
export function addMixes(a: Rows, x: Rows, y: Rows, { rows, inner, features }: ProductSize): void {
  const [pairs, fours] = [rows - rows % 2, features - features % 4];
  for (let n = 0; n < pairs; n += 2) {
    for (let f = 0; f < fours; f += 4) addTwoByFourMixes(a, x, y, { n, f, inner });
  }
  for (let f = 0; f < fours && pairs < rows; f += 4) {
    addOneByFourMixes(a, x, y, { n: pairs, f, inner });
  }
  for (let n = 0; n < rows; n++) {
    for (let f = fours; f < features; f++) addOneMix(a, x, y, { n, f, inner });
  }
}

function addTwoByFourMixes(a: Rows, x: Rows, y: Rows, { n, f, inner }: Block): void {
  const [weights, b, c] = [a.values, x.values, y.values];
  const a0 = a.at + n * a.stride;
  const a1 = a0 + a.stride;
  const c0 = y.at + n * y.stride + f;
  const c1 = c0 + y.stride;
  let [sum00, sum01, sum02, sum03] = [c[c0]!, c[c0 + 1]!, c[c0 + 2]!, c[c0 + 3]!];
  let [sum10, sum11, sum12, sum13] = [c[c1]!, c[c1 + 1]!, c[c1 + 2]!, c[c1 + 3]!];
  let at = x.at + f;
  for (let k = 0; k < inner; k++) {
    const weight0 = weights[a0 + k]!;
    const weight1 = weights[a1 + k]!;
    const x0 = b[at]!;
    const x1 = b[at + 1]!;
    const x2 = b[at + 2]!;
    const x3 = b[at + 3]!;
    sum00 += weight0 * x0;
    sum01 += weight0 * x1;
    sum02 += weight0 * x2;
    sum03 += weight0 * x3;
    sum10 += weight1 * x0;
    sum11 += weight1 * x1;
    sum12 += weight1 * x2;
    sum13 += weight1 * x3;
    at += x.stride;
  }
  c[c0] = sum00;
  c[c0 + 1] = sum01;
  c[c0 + 2] = sum02;
  c[c0 + 3] = sum03;
  c[c1] = sum10;
  c[c1 + 1] = sum11;
  c[c1 + 2] = sum12;
  c[c1 + 3] = sum13;
}

function addOneByFourMixes(a: Rows, x: Rows, y: Rows, { n, f, inner }: Block): void {
  const [weights, b, c] = [a.values, x.values, y.values];
  const from = a.at + n * a.stride;
  const to = y.at + n * y.stride + f;
  let [sum0, sum1, sum2, sum3] = [c[to]!, c[to + 1]!, c[to + 2]!, c[to + 3]!];
  let at = x.at + f;
  for (let k = 0; k < inner; k++) {
    const weight = weights[from + k]!;
    sum0 += weight * b[at]!;
    sum1 += weight * b[at + 1]!;
    sum2 += weight * b[at + 2]!;
    sum3 += weight * b[at + 3]!;
    at += x.stride;
  }
  c[to] = sum0;
  c[to + 1] = sum1;
  c[to + 2] = sum2;
  c[to + 3] = sum3;
}

function addOneMix(a: Rows, x: Rows, y: Rows, { n, f, inner }: Block): void {
  const [weights, b, c] = [a.values, x.values, y.values];
  const from = a.at + n * a.stride;
  const to = y.at + n * y.stride + f;
  let sum = c[to]!;
  for (let k = 0; k < inner; k++) sum += weights[from + k]! * b[x.at + k * x.stride + f]!;
  c[to] = sum;
}
