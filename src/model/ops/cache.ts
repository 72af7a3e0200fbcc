import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { defineOp } from "./op.ts";

/** Ops of the cache of keys and values. */
export const CACHE = {
  /** cache[to[i]] = cache[from[i]] */
  cache_copy: defineOp({ inputs: ["pairs"], outputs: ["cache"], dims: ["rows", "cols"] }),
};

/** Copies slots of a cache within it: `pairs` (C,4) holds [from, to, ..]. */
export function cacheCopy(b: Builder, pairs: Tensor, cache: Tensor): void {
  b.push("cache_copy", { pairs, cache }, { rows: pairs.rows, cols: cache.cols });
}
