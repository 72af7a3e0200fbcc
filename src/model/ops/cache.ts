import type { Builder } from "../builder.ts";
import type { Tensor } from "../plan.ts";
import { defineOp } from "./op.ts";

/** cache[to[i]] = cache[from[i]] */
export const cacheCopyOp = defineOp({
  kind: "cache_copy",
  inputs: ["pairs"],
  outputs: ["cache"],
  dims: ["rows", "cols"],
});

/** Copies slots of a cache within it: `pairs` (C,4) holds [from, to, ..]. */
export function cacheCopy(b: Builder, pairs: Tensor, cache: Tensor): void {
  b.push(cacheCopyOp, { pairs, cache }, { rows: pairs.rows, cols: cache.cols });
}
