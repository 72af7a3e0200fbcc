import { recordOf } from "./ops/registry.ts";
import { type Dims, type Op, symbolOf, valueOf, windowOf } from "./plan.ts";
import type { HostArray, NonFiniteResult } from "./engine.ts";

/** The first row of an op's output `index` that is not finite, looked for where the op writes; null when there is none. */
export function nonFiniteIn(
  op: Op,
  index: number,
  values: HostArray,
  dims: Dims,
): NonFiniteResult | null {
  // The op that reads rows of a tensor that is written in part tells what is wrong.
  if (recordOf(op).writesSomeRows === true) return null;
  const output = op.outputs[index]!;
  const { column, stride } = windowOf(output);
  const rows = valueOf(output.rows, dims);
  for (let row = 0; row < rows; row++) {
    const start = row * stride + column;
    const isFinite = values.subarray(start, start + output.cols).every(Number.isFinite);
    if (isFinite) continue;
    // Several rows to a token stand for no token.
    const isToken = typeof output.rows !== "number" && output.rows.times === 1;
    return { op: op.kind, row, rows: isToken ? symbolOf(output.rows) : null };
  }
  return null;
}
