import { recordOf } from "./ops/registry.ts";
import { type Dims, type Op, symbolOf, valueOf, windowOf } from "./plan.ts";
import type { HostArray, NonFiniteResult } from "./engine.ts";

/** The first row of an op's output `index` that is not finite, within the columns that the op writes; null if none. */
export function nonFiniteIn(
  op: Op,
  index: number,
  values: HostArray,
  dims: Dims,
): NonFiniteResult | null {
  // Rows that this op left unwritten may hold anything. The op that reads its rows will report the fault.
  if (recordOf(op).writesSomeRows === true) return null;
  const output = op.outputs[index]!;
  const { column, stride } = windowOf(output);
  const rows = valueOf(output.rows, dims);
  for (let row = 0; row < rows; row++) {
    const start = row * stride + column;
    const isFinite = values.subarray(start, start + output.cols).every(Number.isFinite);
    if (isFinite) continue;
    // If a token has several rows, the row's number does not name a token.
    const isToken = typeof output.rows !== "number" && output.rows.times === 1;
    return { op: op.kind, row, rows: isToken ? symbolOf(output.rows) : null };
  }
  return null;
}
