import { hashString, type RandomKey, splitKey, uniform } from "../math/threefry.ts";
import type { Architecture } from "./architecture.ts";
import { type Parameter, parametersOf } from "./parameters.ts";

/** Standard deviation of a fresh matrix. Matrices that write to the residual stream divide it by sqrt(2 layers). */
const MATRIX_STD = 0.02;
const EMBEDDING_STD = 0.05;

/** Fresh weights: normal matrices, norms 1, biases 0; a pure function of the key and each parameter's name. */
export function initialWeights(
  architecture: Architecture,
  key: RandomKey,
): ReadonlyMap<string, Float32Array> {
  return new Map(
    parametersOf(architecture).map((parameter) => [
      parameter.name,
      initialValues(parameter, architecture.layers, splitKey(key, hashString(parameter.name))),
    ]),
  );
}

function initialValues({ kind, rows, cols }: Parameter, layers: number, key: RandomKey) {
  const values = new Float32Array(rows * cols);
  if (kind === "norm") return values.fill(1);
  if (kind === "bias") return values;
  const std = kind === "embedding"
    ? EMBEDDING_STD
    : kind === "residual"
    ? MATRIX_STD / Math.sqrt(2 * layers)
    : MATRIX_STD;
  return values.map((_, i) => std * normal(key, i));
}

/** Standard normal by Box and Muller, from draws 2i and 2i + 1. */
function normal(key: RandomKey, i: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i)));
  return radius * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));
}
