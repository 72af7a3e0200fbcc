import {
  accumulated,
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
} from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";

const LENGTHS = [1, 131, 4096, 4097, 9001];

function squaresCase(label: string, data: Float32Array): OpCase {
  return {
    label,
    kind: "sum_squares",
    dims: { elements: data.length },
    inputs: [floats(1, data)],
    outputs: [overwritten(Math.ceil(data.length / 4096), 1)],
  };
}

// 64 products in an invocation, then 6 levels of the tree; all terms have one sign.
kernelMatches("sum_squares gives one sum for each block of 4096", [
  ...LENGTHS.map((length) => squaresCase(`${length}`, randomValues(1, length))),
  squaresCase("huge", randomValues(1, 131, 1e18)),
  squaresCase("zeros", new Float32Array(131)),
], () => ({ atol: 0, rtol: 72 * F32_EPSILON }));

function adamwCase(label: string, gradient: Float32Array, step: number): OpCase {
  const { length } = gradient;
  const [beta1, beta2] = [0.9, 0.95];
  return {
    label,
    kind: "adamw_update",
    dims: {
      elements: length,
      beta1,
      beta2,
      eps: 1e-8,
      weightDecay: 0.01,
      learningRate: 1e-3,
      gradientScale: 0.5,
      correction1: 1 - beta1 ** step,
      correction2: 1 - beta2 ** step,
    },
    inputs: [floats(1, gradient)],
    outputs: [
      accumulated(1, randomValues(2, length)),
      accumulated(1, step === 1 ? new Float32Array(length) : randomValues(3, length)),
      accumulated(
        1,
        step === 1 ? new Float32Array(length) : randomValues(4, length).map((x) => x * x),
      ),
    ],
  };
}

// The betas are rounded to f32, so moments of numbers up to 1 differ by a few 2^-24; a step of at most about
// lr / sqrt(c2) = 5 lr times the moments' relative error reaches the weight.
kernelMatches("adamw_update moves weights and moments as the plain loop does", [
  ...[1, 131, 260].map((length) => adamwCase(`first of ${length}`, randomValues(1, length), 1)),
  adamwCase("seventh", randomValues(1, 131), 7),
  adamwCase("no gradient", new Float32Array(13), 3),
  adamwCase("tiny and huge", Float32Array.from(LENGTHS, (_, i) => 10 ** (6 * i - 12)), 1),
], (_, output) => ({ atol: 8 * F32_EPSILON, rtol: output === 0 ? 1e-5 : 16 * F32_EPSILON }));
