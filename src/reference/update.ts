import type { PlainLoop } from "./loop.ts";

/** Sums of squares of blocks of 4096 elements */
export const sumSquares: PlainLoop<"sum_squares"> = ({ x, sums }, { elements }) => {
  for (let block = 0; block * 4096 < elements; block++) {
    let sum = 0;
    for (let i = block * 4096; i < Math.min(elements, (block + 1) * 4096); i++) sum += x[i]! ** 2;
    sums[block] = sum;
  }
};

/**
 * AdamW (Loshchilov & Hutter 2019) with decoupled decay:
 * m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  w = w (1 - lr wd) - lr (m / c1) / (sqrt(v / c2) + eps)
 * m, v and w are rounded to float32, as a checkpoint holds them, so that a resumed run goes on with the same bits.
 */
export const adamwUpdate: PlainLoop<"adamw_update"> = ({ gradient, w, m, v }, d) => {
  for (let i = 0; i < d.elements; i++) {
    const g = gradient[i]! * d.gradientScale;
    m[i] = Math.fround(d.beta1 * m[i]! + (1 - d.beta1) * g);
    v[i] = Math.fround(d.beta2 * v[i]! + (1 - d.beta2) * g * g);
    const step = m[i]! / d.correction1 / (Math.sqrt(v[i]! / d.correction2) + d.eps);
    w[i] = Math.fround(w[i]! * (1 - d.learningRate * d.weightDecay) - d.learningRate * step);
  }
};
