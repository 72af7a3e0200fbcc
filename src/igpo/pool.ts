import { isConstant, mean, variance } from "../math/statistics.ts";
import type { PoolConfig } from "./preset.ts";

/** The parts of a preset that normalise a pool; only gains can be centred on `zero`. */
export interface PoolOptions extends Omit<PoolConfig, "members" | "centre" | "gainCentre"> {
  readonly centre: PoolConfig["centre"] | "zero";
}

/** The numbers that normalise a pool. */
export interface PoolScale {
  readonly centre: number;
  readonly stretch: number;
  /** 0 where every member becomes 0. */
  readonly divisor: number;
}

/**
 * z = stretch (x - centre) / divisor over one pool of rewards [eq. 5], 0 for a divisor of 0.
 *
 * divisor = sqrt(variance + varianceFloor) + eps. centre: the mean, or for `leave-one-out` the mean of the other
 * members, so that stretch is n / (n - 1). For `zero` the divisor is sqrt(mean of x^2 + varianceFloor) + eps.
 * `divideBy: "batch"` uses the variance of `batch`, all raw rewards of this kind, instead of the pool's. Equal members
 * give exactly 0. A pool of one gives 0, or for `raw` the reward divided as in verl: by 1 + eps in float32.
 */
export function poolScale(
  values: Float64Array,
  options: PoolOptions,
  batch: Float64Array,
): PoolScale {
  const count = values.length;
  if (count === 1 && options.singleton === "raw") {
    return { centre: 0, stretch: 1, divisor: scaleOf(values, options) };
  }
  const divided = options.divideBy === "batch" ? batch : values;
  if (options.centre === "zero") {
    return { centre: 0, stretch: 1, divisor: scaleOf(divided, options) };
  }
  const centre = mean(values);
  if (count <= 1 || isConstant(values)) return { centre, stretch: 1, divisor: 0 };
  const stretch = options.centre === "leave-one-out" ? count / (count - 1) : 1;
  return { centre, stretch, divisor: scaleOf(divided, options) };
}

/** The values of a pool as {@link poolScale} normalises them. */
export function normalisePool(
  values: Float64Array,
  { centre, stretch, divisor }: PoolScale,
): Float64Array {
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
