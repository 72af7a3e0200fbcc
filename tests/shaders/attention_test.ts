import assert from "node:assert/strict";
import { Effect } from "effect";
import { scheduleOf } from "../../src/gpu/schedule.ts";
import type { Engine, HostArray } from "../../src/model/engine.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { BINDING_BYTES, CARD } from "../support/dispatch_counts.ts";
import { onTiles, onWgsl } from "../support/engines.ts";
import { plantForest } from "../support/forests.ts";
import { randomValues } from "../support/random_values.ts";
import {
  assertSameBits,
  floats,
  kernelMatches,
  largest,
  type OpCase,
  overwritten,
  programOf,
  runOp,
  words,
} from "../support/op_cases.ts";
import { ATTENTION_OPS, casesOf, FOREST, RANDOM, tensorsOf } from "./attention_cases.ts";

/** Ops that GPUs divide. */
const DIVIDED = [
  ATTENTION_OPS.attention_subgroup_forward,
  ATTENTION_OPS.attention_query_backward,
  ATTENTION_OPS.attention_key_backward,
];

// A score of D products |q k| <= 4 sqrt(D) is here at most 80 in size and has an error of up to 2^-18, which is the
// relative error of its exp. Sums are means of values up to 4.
const FORWARD = { atol: 4e-5, rtol: 2e-5 };

// GPUs take attention_split_forward and attention_join.
kernelMatches(
  "attention_forward sees exactly the slots of its table",
  casesOf(ATTENTION_OPS.attention_forward),
  () => FORWARD,
);

// Adapters without subgroups take the other kernel here, GPUs attention_query_forward.
kernelMatches(
  "attention_subgroup_forward sees exactly the slots of its table",
  casesOf(ATTENTION_OPS.attention_subgroup_forward),
  () => FORWARD,
);

onWgsl(
  "attention of queries has the same bits by subgroups and row by row",
  (engine) =>
    Effect.gen(function* () {
      for (
        const pair of [
          [ATTENTION_OPS.attention_forward, ATTENTION_OPS.attention_subgroup_forward],
          [
            ATTENTION_OPS.attention_query_backward,
            ATTENTION_OPS.attention_subgroup_query_backward,
          ],
        ]
      ) {
        const [rows, tiles] = pair.map((make) => casesOf(make));
        for (const [i, opCase] of rows!.entries()) {
          const want = yield* runOp(engine.fresh(), opCase);
          assertSameBits(yield* runOp(engine.fresh(), tiles![i]!), want, opCase.label);
        }
      }
    }),
);

kernelMatches(
  "attention_delta packs log sums and products",
  casesOf(ATTENTION_OPS.attention_delta),
  () => ({ atol: 2e-5 }),
);

/** Heads of published widths, one whose vectors no two invocations share evenly, and more rows than a grid is wide. */
const BROAD = [
  [FOREST, { heads: 7, keyValueHeads: 1, headDim: 128 }],
  [FOREST, { heads: 2, keyValueHeads: 1, headDim: 68 }],
  [
    plantForest(Array.from({ length: 33_000 }, () => ({ length: 1, parent: -1, visible: 0 }))),
    { heads: 1, keyValueHeads: 1, headDim: 4 },
  ],
] as const;

onTiles(
  "attention has the numbers of the plain loops with wide heads and with many rows",
  (engine) =>
    Effect.gen(function* () {
      for (const [forest, shape] of BROAD) {
        const tensors = tensorsOf(forest, shape, RANDOM);
        for (const make of DIVIDED) {
          const opCase = make(tensors, JSON.stringify(shape));
          const got = yield* runOp(engine.fresh(), opCase);
          const want = yield* runOp(createInterpreter(), opCase);
          want.forEach((values, output) =>
            assertClose(got[output]!, values, backward(opCase), `${opCase.kind} ${opCase.label}`)
          );
        }
      }
    }),
);

const LIMITS = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };

onTiles(
  "attention has the same bits when its work is divided among dispatches",
  (engine) =>
    Effect.gen(function* () {
      for (const make of DIVIDED) {
        for (const opCase of casesOf(make)) {
          const { program: { phases } } = programOf(opCase);
          const [divided] = scheduleOf(phases.whole, { ...opCase.dims, divisions: 2 }, LIMITS);
          assert.ok(divided!.launches.length === 2 || opCase.label.includes("one token"));
          const want = yield* runOp(engine.fresh(), opCase);
          for (const divisions of [2, 7]) {
            const dims = { ...opCase.dims, divisions };
            const got = yield* runOp(engine.fresh(), { ...opCase, dims });
            assertSameBits(got, want, `${opCase.label}, ${divisions} dispatches`);
          }
        }
      }
    }),
);

// Errors as in the forward pass, times |d_out . v - delta| |k|, summed over up to 31 slots. Where rows are reversed,
// log sums belong to other rows and p can exceed 1, so the tolerance is relative to the largest output.
const backward = (opCase: OpCase) => {
  const size = opCase.inputs.slice(0, 2).reduce(
    (most, { data }) => Math.max(most, largest(data)),
    1,
  );
  return { atol: 1e-4 * size * size, rtol: 1e-4 };
};

// On GPUs by attention_block_query_backward, and keys by attention_lane_key_backward.
kernelMatches(
  "attention_query_backward sums over the slots a query sees",
  casesOf(ATTENTION_OPS.attention_query_backward),
  backward,
);

kernelMatches(
  "attention_key_backward sums over the queries that see a key",
  casesOf(ATTENTION_OPS.attention_key_backward),
  backward,
);

kernelMatches(
  "attention_subgroup_query_backward sums over the slots a query sees",
  casesOf(ATTENTION_OPS.attention_subgroup_query_backward),
  backward,
);

kernelMatches(
  "attention_subgroup_key_backward sums over the queries that see a key",
  casesOf(ATTENTION_OPS.attention_subgroup_key_backward),
  backward,
);

kernelMatches(
  "attention_key_sum adds the parts of each key",
  [
    [1, 4, 1],
    [13, 20, 3],
    [67, 8, 2],
  ].map(([rows, cols, parts]): OpCase => ({
    label: `${rows}x${cols} in ${parts} parts`,
    kind: "attention_key_sum",
    dims: { rows: rows!, cols: cols! },
    inputs: [
      floats(cols!, randomValues(1, parts! * rows! * cols!)),
      words(4, Array.from({ length: rows! }, (_, n) => [n, parts!, rows!, 9999]).flat()),
    ],
    outputs: [overwritten(rows!, cols!)],
  })),
  () => ({ atol: 1e-6 }),
);

/** A prompt with 40 answers, half of which see only its beginning: more tiles of queries than a part holds. */
const CROWD = plantForest([
  { length: 20, parent: -1, visible: 0 },
  ...Array.from({ length: 40 }, (_, i) => ({ length: 14, parent: 0, visible: i % 2 ? 20 : 7 })),
]);

onWgsl(
  "keys that many queries see are summed in parts, and the parts are the whole",
  (engine) =>
    Effect.gen(function* () {
      const shape = { heads: 6, keyValueHeads: 2, headDim: 8 };
      const tensors = tensorsOf(CROWD, shape, RANDOM);
      const { keyParts, keyValue, rows } = tensors;
      assert.equal(keyParts.data[1], 3, "the prompt has parts");
      const whole = (parts: HostArray): OpCase => ({
        label: "sum",
        kind: "attention_key_sum",
        dims: { rows, cols: keyValue.cols },
        inputs: [floats(keyValue.cols, Float32Array.from(parts)), keyParts],
        outputs: [overwritten(rows, keyValue.cols)],
      });
      const sumOf = Effect.fnUntraced(function* (engine: Engine, opCase: OpCase) {
        const [parts] = yield* runOp(engine, opCase);
        const [sum] = yield* runOp(engine, whole(parts!));
        return sum!.subarray(0, rows * keyValue.cols);
      });
      const opCase = ATTENTION_OPS.attention_key_backward(tensors, "");
      const want = yield* sumOf(createInterpreter(), opCase);
      for (
        const make of [
          ATTENTION_OPS.attention_key_backward,
          ATTENTION_OPS.attention_subgroup_key_backward,
        ]
      ) {
        const made = make(tensors, "crowd");
        // Sums of 600 products of numbers up to 4.
        assertClose(
          yield* sumOf(engine.fresh(), made),
          want,
          { atol: 1e-3, rtol: 1e-4 },
          made.label,
        );
      }
    }),
);
