import { isConstant, mean, variance } from "../math/statistics.ts";
import type { PoolConfig } from "./preset.ts";

/** The parts of a preset that normalise a pool; only gains can be centred on `zero`. */
export interface PoolOptions extends Omit<PoolConfig, "members" | "centre" | "gainCentre"> {
  readonly centre: PoolConfig["centre"] | "zero";
}

/**
 * z = (x - centre) / (sqrt(variance + varianceFloor) + eps) over one pool of rewards [eq. 5].
 *
 * centre: the mean, or for `leave-one-out` the mean of the other members, so that x - centre equals
 * n / (n - 1) (x - mean). For `zero` z = x / (sqrt(mean of x^2 + varianceFloor) + eps). `divideBy: "batch"` uses the
 * variance of `batch`, all raw rewards of this kind, instead of the pool's. Equal members give exactly 0. A pool of one
 * gives 0, or for `raw` the reward divided as in verl: by 1 + eps in float32.
 */
export function normalisePool(
  values: Float64Array,
  options: PoolOptions,
  batch: Float64Array = values,
): Float64Array {
  const count = values.length;
  if (count === 1 && options.singleton === "raw") {
    return values.map((value) => value / scaleOf(values, options));
  }
  if (options.centre === "zero") {
    const divisor = scaleOf(options.divideBy === "batch" ? batch : values, options);
    return values.map((value) => divisor === 0 ? 0 : value / divisor);
  }
  if (count <= 1 || isConstant(values)) return new Float64Array(count);
  const centre = mean(values);
  const stretch = options.centre === "leave-one-out" ? count / (count - 1) : 1;
  const divisor = scaleOf(options.divideBy === "batch" ? batch : values, options);
  return values.map((value) => divisor === 0 ? 0 : stretch * (value - centre) / divisor);
}

/** The divisor of deviations: their root mean square + eps; 1 + eps in float32 for one value; 1 for no division. */
export function scaleOf(values: Float64Array, options: PoolOptions): number {
  if (options.divideBy === "none") return 1;
  if (options.centre === "zero") {
    const square = mean(values.map((value) => value * value));
    return Math.sqrt(square + options.varianceFloor) + options.eps;
  }
  if (values.length === 1) return Math.fround(1 + options.eps);
  return Math.sqrt(variance(values, options.ddof) + options.varianceFloor) + options.eps;
}
