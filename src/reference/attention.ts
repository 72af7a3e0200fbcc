import { NEG_LARGE, type PlainLoop, type Values } from "./loop.ts";

type Shape = Record<"rows" | "heads" | "keyValueHeads" | "headDim", number>;

/** Slots that query n sees, in order: its ranges, then its own segment up to itself. */
function* seenSlots(queries: Values, n: number): Generator<number> {
  const [first, count, own, slot] = queries.subarray(n * 4, n * 4 + 4) as unknown as number[];
  for (let r = first!; r < first! + count!; r++) {
    for (let j = queries[r * 4]!; j < queries[r * 4 + 1]!; j++) yield j;
  }
  for (let j = own!; j <= slot!; j++) yield j;
}

/** Packed queries that see key j: its own segment from j on, then the views that reach it. */
function* seeingQueries(keys: Values, j: number): Generator<number> {
  const [first, count, ownEnd] = keys.subarray(j * 4, j * 4 + 3) as unknown as number[];
  for (let n = j; n < ownEnd!; n++) yield n;
  for (let view = first!; view < first! + count!; view++) {
    if (j >= keys[view * 4 + 2]!) continue;
    for (let n = keys[view * 4]!; n < keys[view * 4 + 1]!; n++) yield n;
  }
}

function dot(a: Values, at: number, b: Values, bt: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[at + d]! * b[bt + d]!;
  return sum;
}

/** out[n,h] = sum_j p[j] v[j,g], p = softmax_j(q[n,h] . k[j,g] / sqrt(D)); second output [max, sum exp(score - max)]. keyValue[j] = [k | v] */
export const attentionForward: PlainLoop = ([q, keyValue, queries], [out, softmax], dims) => {
  const { rows, heads, keyValueHeads, headDim: D } = dims as Shape;
  const scale = 1 / Math.sqrt(D);
  for (let n = 0; n < rows; n++) {
    const slots = [...seenSlots(queries!, n)];
    for (let h = 0; h < heads; h++) {
      const g = Math.floor(h * keyValueHeads / heads);
      const at = (n * heads + h) * D;
      const keyAt = (j: number) => (2 * j * keyValueHeads + g) * D;
      const valueAt = (j: number) => keyAt(j) + keyValueHeads * D;
      const scores = slots.map((j) => dot(q!, at, keyValue!, keyAt(j), D) * scale);
      const max = scores.reduce((m, s) => Math.max(m, s), NEG_LARGE);
      const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
      softmax!.set([max, sum], 2 * (n * heads + h));
      for (let d = 0; d < D; d++) out![at + d] = 0;
      slots.forEach((j, i) => {
        const p = Math.exp(scores[i]! - max) / sum;
        for (let d = 0; d < D; d++) out![at + d] = out![at + d]! + p * keyValue![valueAt(j) + d]!;
      });
    }
  }
};

/** (N,2H): the log sum, then delta[n,h] = dout[n,h] . out[n,h] */
export const attentionDelta: PlainLoop = ([out, dOut, softmax], [statistics], dims) => {
  const { rows, heads, headDim: D } = dims as Shape;
  for (let n = 0; n < rows; n++) {
    for (let h = 0; h < heads; h++) {
      const at = (n * heads + h) * D;
      const [max, sum] = [0, 1].map((i) => softmax![2 * (n * heads + h) + i]!);
      statistics![n * 2 * heads + h] = max! + Math.log(sum!);
      statistics![n * 2 * heads + heads + h] = dot(out!, at, dOut!, at, D);
    }
  }
};

/** dq[n,h] = sum_j ds[n,j] k[j,g] / sqrt(D), ds = p (dout . v[j] - delta) */
export const attentionQueryBackward: PlainLoop = (inputs, [dq], dims) => {
  const [q, keyValue, statistics, dOut, queries] = inputs as [
    Values,
    Values,
    Values,
    Values,
    Values,
  ];
  const { rows, heads, keyValueHeads, headDim: D } = dims as Shape;
  const scale = 1 / Math.sqrt(D);
  dq!.fill(0, 0, rows * heads * D);
  for (let n = 0; n < rows; n++) {
    for (const j of seenSlots(queries, n)) {
      for (let h = 0; h < heads; h++) {
        const keyAt = (2 * j * keyValueHeads + Math.floor(h * keyValueHeads / heads)) * D;
        const valueAt = keyAt + keyValueHeads * D;
        const at = (n * heads + h) * D;
        const p = Math.exp(dot(q, at, keyValue, keyAt, D) * scale - statistics[n * 2 * heads + h]!);
        const ds = p * (dot(dOut, at, keyValue, valueAt, D) - statistics[(n * 2 + 1) * heads + h]!);
        for (let d = 0; d < D; d++) dq![at + d] = dq![at + d]! + ds * scale * keyValue[keyAt + d]!;
      }
    }
  }
};

/** The first part of key j, its other parts 0: dk[j,g] = sum over queries n and heads h of g: ds[n,j] q[n,h] / sqrt(D); dv[j,g] = sum p[n,j] dout[n,h] */
export const attentionKeyBackward: PlainLoop = (inputs, [parts], dims) => {
  const [q, keyValue, statistics, dOut, keys, keyParts] = inputs as [
    Values,
    Values,
    Values,
    Values,
    Values,
    Values,
  ];
  const { rows, heads, keyValueHeads, headDim: D } = dims as Shape;
  const scale = 1 / Math.sqrt(D);
  const cols = 2 * keyValueHeads * D;
  for (let j = 0; j < rows; j++) {
    const [first, count, stride] = [0, 1, 2].map((i) => keyParts[4 * j + i]!) as [
      number,
      number,
      number,
    ];
    for (let p = 0; p < count; p++) {
      const row = first + p * stride;
      parts!.fill(0, row * cols, (row + 1) * cols);
    }
    for (const n of seeingQueries(keys, j)) {
      for (let h = 0; h < heads; h++) {
        const g = Math.floor(h * keyValueHeads / heads) * D;
        const keyAt = j * cols + g;
        const valueAt = keyAt + keyValueHeads * D;
        const out = first * cols + g;
        const at = (n * heads + h) * D;
        const p = Math.exp(dot(q, at, keyValue, keyAt, D) * scale - statistics[n * 2 * heads + h]!);
        const ds = p * (dot(dOut, at, keyValue, valueAt, D) - statistics[(n * 2 + 1) * heads + h]!);
        for (let d = 0; d < D; d++) {
          const [dk, dv] = [out + d, out + keyValueHeads * D + d];
          parts![dk] = parts![dk]! + ds * scale * q[at + d]!;
          parts![dv] = parts![dv]! + p * dOut[at + d]!;
        }
      }
    }
  }
};

/** The sum of the parts of each key */
export const attentionKeySum: PlainLoop = ([parts, keyParts], [dKeyValue], dims) => {
  const { rows, cols } = dims as Record<"rows" | "cols", number>;
  for (let n = 0; n < rows; n++) {
    const [first, count, stride] = [0, 1, 2].map((i) => keyParts![4 * n + i]!) as [
      number,
      number,
      number,
    ];
    for (let c = 0; c < cols; c++) {
      let sum = 0;
      for (let p = 0; p < count; p++) sum += parts![(first + p * stride) * cols + c]!;
      dKeyValue![n * cols + c] = sum;
    }
  }
};
