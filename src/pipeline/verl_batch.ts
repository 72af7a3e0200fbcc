/**
 * Batches as verl's `DataProto` holds them, with prompts padded on the left and responses on the right: read in verl
 * 0003ed89, verl/experimental/agent_loop/agent_loop.py, and 03b0081c, verl/workers/actor/dp_actor.py.
 */
import type { RawTensor } from "../files/tensor_types.ts";
import type { BatchRow } from "./batch_rows.ts";

/** The values of a row, and the column of the first; other columns are 0, as padding is. */
type Cells = readonly [column: number, values: ArrayLike<number>];

/** The tensors of a batch of B rows, P columns for the longest prompt and R for the longest response. */
export function verlTensors(rows: ReadonlyArray<BatchRow>): ReadonlyArray<RawTensor> {
  const longest = (lengths: ReadonlyArray<number>) => lengths.reduce((a, b) => Math.max(a, b), 0);
  const P = longest(rows.map(({ promptLength }) => promptLength));
  const R = longest(rows.map(({ tokens, promptLength }) => tokens.length - promptLength));
  const ids = (name: string, width: number, cellsOf: (row: BatchRow) => Cells) =>
    matrix(name, "I64", { rows, width, cellsOf });
  const response = (name: string, dtype: "I64" | "F32", valuesOf: (row: BatchRow) => Values) =>
    matrix(name, dtype, {
      rows,
      width: R,
      cellsOf: (row) => [0, valuesOf(row).subarray(row.promptLength)],
    });
  const startOf = ({ promptLength }: BatchRow) => P - promptLength;
  return [
    ids("prompts", P, (row) => [startOf(row), row.tokens.subarray(0, row.promptLength)]),
    response("responses", "I64", ({ tokens }) => tokens),
    response("response_mask", "I64", ({ mask }) => mask),
    ids("input_ids", P + R, (row) => [startOf(row), row.tokens]),
    ids(
      "attention_mask",
      P + R,
      (row) => [startOf(row), new Uint8Array(row.tokens.length).fill(1)],
    ),
    // As verl counts: the number of tokens so far, less one. So padding on the right repeats the last position.
    ids("position_ids", P + R, (row) => {
      const length = R + row.promptLength;
      return [
        startOf(row),
        Uint32Array.from({ length }, (_, i) => Math.min(i, row.tokens.length - 1)),
      ];
    }),
    response("rollout_log_probs", "F32", ({ logProb }) => logProb),
    response("advantages", "F32", ({ advantage }) => advantage),
    // Without a critic, verl's returns are the advantages.
    response("returns", "F32", ({ advantage }) => advantage),
    response("token_level_scores", "F32", ({ reward }) => reward),
    response("token_level_rewards", "F32", ({ reward }) => reward),
  ];
}

type Values = Uint8Array | Uint32Array | Float32Array;

/** Rows of a matrix, each as wide as the others. */
interface Matrix {
  readonly rows: ReadonlyArray<BatchRow>;
  readonly width: number;
  readonly cellsOf: (row: BatchRow) => Cells;
}

function matrix(
  name: string,
  dtype: "I64" | "F32",
  { rows, width, cellsOf }: Matrix,
): RawTensor {
  const size = rows.length * width;
  const cells = dtype === "I64" ? new BigInt64Array(size) : new Float32Array(size);
  rows.forEach((row, b) => {
    const [column, values] = cellsOf(row);
    const start = b * width + column;
    for (let i = 0; i < values.length; i++) {
      if (cells instanceof BigInt64Array) cells[start + i] = BigInt(values[i]!);
      else cells[start + i] = values[i]!;
    }
  });
  return { name, dtype, shape: [rows.length, width], bytes: new Uint8Array(cells.buffer) };
}
