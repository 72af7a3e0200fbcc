import type { Format } from "../../src/model/formats.ts";
import { occurrenceTable } from "../../src/model/packing.ts";
import {
  accumulated,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  roundingOf,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { STORED } from "./linear_cases.ts";

const SHAPES = [[1, 4], [13, 20], [131, 36]] as const;
const EXACT = () => ({ atol: 0 });

function embeddingCase(rows: number, cols: number, format: Format): OpCase {
  const vocabulary = 17;
  return {
    label: `${rows}x${cols} ${format}`,
    kind: "embedding_forward",
    dims: { rows, cols, weightRow: 0, weightRows: vocabulary },
    inputs: [
      words(1, randomIds(1, rows, vocabulary)),
      floats(cols, STORED[format](randomValues(2, vocabulary * cols)), format),
    ],
    outputs: [overwritten(rows, cols)],
  };
}

kernelMatches("embedding_forward copies rows of the weight", [
  ...SHAPES.map(([rows, cols]) => embeddingCase(rows, cols, "f32")),
  embeddingCase(13, 20, "bf16"),
  embeddingCase(13, 20, "f16"),
  embeddingCase(13, 20, "int8"),
  embeddingCase(13, 20, "int4"),
  embeddingCase(13, 20, "nf4"),
], EXACT);

function embeddingBackwardCase(label: string, ids: Uint32Array, cols: number): OpCase {
  const { occurrences, tokenOrder } = occurrenceTable(ids);
  const vocabulary = ids.reduce((most, id) => Math.max(most, id), 0) + 1;
  return {
    label,
    kind: "embedding_backward",
    dims: { unique: occurrences.length / 4, cols },
    inputs: [
      floats(cols, randomValues(1, ids.length * cols)),
      words(4, occurrences),
      words(1, tokenOrder),
    ],
    outputs: [accumulated(cols, randomValues(2, vocabulary * cols))],
  };
}

kernelMatches("embedding_backward sums over the rows where a token occurs", [
  embeddingBackwardCase("one token", Uint32Array.of(3), 4),
  embeddingBackwardCase("several tokens", randomIds(1, 131, 11), 20),
  embeddingBackwardCase("one token 600 times", new Uint32Array(600).fill(2), 4),
], ({ inputs, dims }) => roundingOf(600, inputs[0]!.data.length / dims["cols"]!));

function gatherCase(rows: number, taken: number, cols: number): OpCase {
  return {
    label: `${taken} of ${rows}x${cols}`,
    kind: "gather_rows_forward",
    dims: { rows: taken, cols },
    inputs: [floats(cols, randomValues(1, rows * cols)), words(1, randomIds(2, taken, rows))],
    outputs: [overwritten(taken, cols)],
  };
}

kernelMatches("gather_rows_forward copies the rows of its index", [
  gatherCase(1, 1, 4),
  gatherCase(13, 31, 20),
  gatherCase(131, 7, 36),
], EXACT);

function gatherBackwardCase(rows: number, taken: number, cols: number): OpCase {
  const inverse = new Uint32Array(rows).fill(0xffffffff);
  for (let r = 0; r < taken; r++) inverse[(r * 5 + 2) % rows] = r;
  return {
    label: `${taken} of ${rows}x${cols}`,
    kind: "gather_rows_backward",
    dims: { rows, cols },
    inputs: [floats(cols, randomValues(1, taken * cols)), words(1, inverse)],
    outputs: [overwritten(rows, cols)],
  };
}

kernelMatches("gather_rows_backward puts rows back, and zeros where none was taken", [
  gatherBackwardCase(1, 1, 4),
  gatherBackwardCase(131, 7, 20),
  gatherBackwardCase(13, 13, 36),
], EXACT);

/** Pairs of slots, the sources in the first half of the cache, the targets in the second. */
function copyCase(rows: number, cols: number): OpCase {
  const slots = 2 * rows + 5;
  const pairs = Uint32Array.from(
    { length: 4 * rows },
    (_, i) => [Math.floor(i / 4) * 7 % rows, slots - 1 - Math.floor(i / 4), 9999, 9999][i % 4]!,
  );
  return {
    label: `${rows}x${cols}`,
    kind: "cache_copy",
    dims: { rows, cols },
    inputs: [words(4, pairs)],
    outputs: [accumulated(cols, randomValues(2, slots * cols))],
  };
}

kernelMatches(
  "cache_copy copies its pairs and touches no other slot",
  SHAPES.map(([rows, cols]) => copyCase(rows, cols)),
  EXACT,
);
