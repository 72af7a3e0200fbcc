import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";
import { addDots, addMixes, type Rows } from "./products.ts";

type Shape = Readonly<Record<"rows" | "heads" | "keyValueHeads" | "headDim", number>>;

/** Stretches [start, end) of rows, in the order of their sums. */
type Ranges = ReadonlyArray<readonly [start: number, end: number]>;

/** Slots that query n sees, in order: its ranges, then its own segment up to itself. */
function seenSlots(queries: Values, n: number): Ranges {
  const [first, count] = [queries[n * 4]!, queries[n * 4 + 1]!];
  const ranges: Array<readonly [number, number]> = [];
  for (let r = first; r < first + count; r++) ranges.push([queries[r * 4]!, queries[r * 4 + 1]!]);
  ranges.push([queries[n * 4 + 2]!, queries[n * 4 + 3]! + 1]);
  return ranges;
}

/** Packed queries that see key j: its own segment from j on, then the views that reach it. */
function seeingQueries(keys: Values, j: number): Ranges {
  const [first, count] = [keys[j * 4]!, keys[j * 4 + 1]!];
  const ranges: Array<readonly [number, number]> = [[j, keys[j * 4 + 2]!]];
  for (let view = first; view < first + count; view++) {
    if (j < keys[view * 4 + 2]!) ranges.push([keys[view * 4]!, keys[view * 4 + 1]!]);
  }
  return ranges;
}

function lengthOf(ranges: Ranges): number {
  let length = 0;
  for (const [start, end] of ranges) length += end - start;
  return length;
}

/** An array for `length` numbers: `room` if it is large enough, else a new one. */
function roomFor(length: number, room: Float64Array): Float64Array {
  return length <= room.length ? room : new Float64Array(2 * length);
}

/** Number of heads that share a key, of rows that they meet, and of elements in a row. */
type Meeting = Readonly<Record<"group" | "count" | "headDim", number>>;

/** dots[h,i] = a[h] . rows[i] over the rows of all ranges */
function dotsOf(a: Rows, rows: Rows, ranges: Ranges, dots: Float64Array, m: Meeting): void {
  dots.fill(0, 0, m.group * m.count);
  let at = 0;
  for (const [start, end] of ranges) {
    const part = { ...rows, at: rows.at + start * rows.stride };
    const size = { rows: m.group, inner: m.headDim, features: end - start };
    addDots(a, part, { values: dots, at, stride: m.count }, size);
    at += end - start;
  }
}

/** y[h] += sum_i weights[h,i] rows[i] over the rows of all ranges */
function mixRows(weights: Float64Array, rows: Rows, ranges: Ranges, y: Rows, m: Meeting): void {
  let at = 0;
  for (const [start, end] of ranges) {
    const part = { ...rows, at: rows.at + start * rows.stride };
    const size = { rows: m.group, inner: end - start, features: m.headDim };
    addMixes({ values: weights, at, stride: m.count }, part, y, size);
    at += end - start;
  }
}

/** Columns of head g in rows of [keys | values]: keys for g < keyValueHeads, values after them. */
function keysOf(keyValue: Values, g: number, { keyValueHeads, headDim }: Shape): Rows {
  return { values: keyValue, at: g * headDim, stride: 2 * keyValueHeads * headDim };
}

function valuesOf(keyValue: Values, g: number, shape: Shape): Rows {
  return keysOf(keyValue, shape.keyValueHeads + g, shape);
}

/** out[n,h] = sum_j p[j] v[j,g], p = softmax_j(q[n,h] . k[j,g] / sqrt(D)); softmax = [max, sum exp(score - max)]. keyValue[j] = [k | v] */
export const attentionForward: PlainLoop<"attention_forward"> = (tensors, shape) => {
  const { q, keyValue, queries, out, softmax } = tensors;
  const { rows, heads, keyValueHeads, headDim: D } = shape;
  const group = heads / keyValueHeads;
  let scores: Float64Array = new Float64Array(0);
  out.fill(0, 0, rows * heads * D);
  for (let n = 0; n < rows; n++) {
    const slots = seenSlots(queries, n);
    const meeting = { group, count: lengthOf(slots), headDim: D };
    scores = roomFor(group * meeting.count, scores);
    for (let g = 0; g < keyValueHeads; g++) {
      const head = n * heads + g * group;
      const query = { values: q, at: head * D, stride: D };
      dotsOf(query, keysOf(keyValue, g, shape), slots, scores, meeting);
      for (let h = 0; h < group; h++) {
        softmaxOf(scores, h * meeting.count, meeting, softmax, 2 * (head + h));
      }
      mixRows(scores, valuesOf(keyValue, g, shape), slots, { ...query, values: out }, meeting);
    }
  }
};

/** Turns a row of q . k into probabilities; statistics [max, sum exp(score - max)]. */
function softmaxOf(
  row: Float64Array,
  first: number,
  { count, headDim }: Meeting,
  statistics: Values,
  at: number,
): void {
  const scale = 1 / Math.sqrt(headDim);
  let max = NEG_LARGE;
  for (let i = first; i < first + count; i++) {
    row[i] = row[i]! * scale;
    max = Math.max(max, row[i]!);
  }
  let sum = 0;
  for (let i = first; i < first + count; i++) {
    row[i] = Math.exp(row[i]! - max);
    sum += row[i]!;
  }
  for (let i = first; i < first + count; i++) row[i] = row[i]! / sum;
  statistics[at] = max;
  statistics[at + 1] = sum;
}

/** (N,2H): the log sum, then delta[n,h] = dout[n,h] . out[n,h] */
export const attentionDelta: PlainLoop<"attention_delta"> = (tensors, shape) => {
  const { out, dOut, softmax, statistics } = tensors;
  const { rows, heads, headDim: D } = shape;
  for (let n = 0; n < rows; n++) {
    for (let h = 0; h < heads; h++) {
      const row = n * heads + h;
      let delta = 0;
      for (let i = row * D; i < (row + 1) * D; i++) delta += out[i]! * dOut[i]!;
      statistics[n * 2 * heads + h] = softmax[2 * row]! + Math.log(softmax[2 * row + 1]!);
      statistics[n * 2 * heads + heads + h] = delta;
    }
  }
};

/** dq[n,h] = sum_j ds[n,j] k[j,g] / sqrt(D), ds = p (dout . v[j] - delta) */
export const attentionQueryBackward: PlainLoop<"attention_query_backward"> = (tensors, shape) => {
  const { q, keyValue, statistics, dOut, queries, dq } = tensors;
  const { rows, heads, keyValueHeads, headDim: D } = shape;
  const group = heads / keyValueHeads;
  const scale = 1 / Math.sqrt(D);
  let scores: Float64Array = new Float64Array(0);
  let products: Float64Array = new Float64Array(0);
  dq.fill(0, 0, rows * heads * D);
  for (let n = 0; n < rows; n++) {
    const slots = seenSlots(queries, n);
    const meeting = { group, count: lengthOf(slots), headDim: D };
    scores = roomFor(group * meeting.count, scores);
    products = roomFor(group * meeting.count, products);
    for (let g = 0; g < keyValueHeads; g++) {
      const query = { values: q, at: (n * heads + g * group) * D, stride: D };
      const keys = keysOf(keyValue, g, shape);
      dotsOf(query, keys, slots, scores, meeting);
      dotsOf({ ...query, values: dOut }, valuesOf(keyValue, g, shape), slots, products, meeting);
      for (let h = 0; h < group; h++) {
        const logSum = statistics[n * 2 * heads + g * group + h]!;
        const delta = statistics[(n * 2 + 1) * heads + g * group + h]!;
        for (let i = h * meeting.count; i < (h + 1) * meeting.count; i++) {
          scores[i] = Math.exp(scores[i]! * scale - logSum) * (products[i]! - delta) * scale;
        }
      }
      mixRows(scores, keys, slots, { ...query, values: dq }, meeting);
    }
  }
};

/** The first part of key j, with 0 in its others: dk[j,g] = sum over heads h of g and queries n: ds[n,j] q[n,h] / sqrt(D); dv[j,g] = sum p[n,j] dout[n,h] */
export const attentionKeyBackward: PlainLoop<"attention_key_backward"> = (tensors, shape) => {
  const { q, keyValue, statistics, dOut, keys, keyParts, parts } = tensors;
  const { rows, heads, keyValueHeads, headDim: D } = shape;
  const scale = 1 / Math.sqrt(D);
  const cols = 2 * keyValueHeads * D;
  let scores: Float64Array = new Float64Array(0);
  let products: Float64Array = new Float64Array(0);
  for (let j = 0; j < rows; j++) {
    const [first, count, stride] = [keyParts[4 * j]!, keyParts[4 * j + 1]!, keyParts[4 * j + 2]!];
    for (let p = 0; p < count; p++) {
      const row = first + p * stride;
      parts.fill(0, row * cols, (row + 1) * cols);
    }
    const seeing = seeingQueries(keys, j);
    const meeting = { group: 1, count: lengthOf(seeing), headDim: D };
    scores = roomFor(meeting.count, scores);
    products = roomFor(meeting.count, products);
    for (let h = 0; h < heads; h++) {
      const g = Math.floor(h * keyValueHeads / heads);
      const [key, value] = [keysOf(keyValue, g, shape), valuesOf(keyValue, g, shape)];
      const query = { values: q, at: h * D, stride: heads * D };
      dotsOf({ ...key, at: key.at + j * cols }, query, seeing, scores, meeting);
      const dQuery = { ...query, values: dOut };
      dotsOf({ ...value, at: value.at + j * cols }, dQuery, seeing, products, meeting);
      let i = 0;
      for (const [start, end] of seeing) {
        for (let n = start; n < end; n++, i++) {
          const p = Math.exp(scores[i]! * scale - statistics[n * 2 * heads + h]!);
          scores[i] = p;
          products[i] = p * (products[i]! - statistics[(n * 2 + 1) * heads + h]!) * scale;
        }
      }
      const to = first * cols + g * D;
      mixRows(products, query, seeing, { values: parts, at: to, stride: cols }, meeting);
      const toValue = { values: parts, at: to + keyValueHeads * D, stride: cols };
      mixRows(scores, dQuery, seeing, toValue, meeting);
    }
  }
};

/** The sum of the parts of each key */
export const attentionKeySum: PlainLoop<"attention_key_sum"> = (tensors, { rows, cols }) => {
  const { parts, keyParts, dKeyValue } = tensors;
  for (let n = 0; n < rows; n++) {
    const at = 4 * n;
    const [first, count, stride] = [keyParts[at]!, keyParts[at + 1]!, keyParts[at + 2]!];
    for (let c = 0; c < cols; c++) {
      let sum = 0;
      for (let p = 0; p < count; p++) sum += parts[(first + p * stride) * cols + c]!;
      dKeyValue[n * cols + c] = sum;
    }
  }
};
