import { Effect } from "effect";
import { withTraits } from "../../src/gpu/device.ts";
import type { Traits } from "../../src/gpu/launches.ts";
import type { Engine, HostArray } from "../../src/model/engine.ts";
import type { Format } from "../../src/model/formats.ts";
import { vocabularyTile } from "../../src/model/ops/head.ts";
import { PLAIN_LOOPS } from "../../src/reference/interpreter.ts";
import { COMPILED, device, onWgsl, openEngine } from "../support/engines.ts";
import {
  accumulated,
  assertSameBits,
  F32_EPSILON,
  floats,
  kernelMatches,
  type OpCase,
  overwritten,
  runOp,
  words,
} from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { STORED } from "./linear_cases.ts";

interface Tile {
  readonly rows: number;
  readonly stride: number;
  readonly features: number;
  readonly first?: number;
  readonly column?: number;
  readonly inverseTemperature?: number;
}

function dimsOf({ first = 0, column = 0, inverseTemperature = 1, ...rest }: Tile) {
  return { ...rest, first, column, inverseTemperature };
}

/** Targets that lie in the tile, before it and behind it. */
function targets({ rows, features, first = 0 }: Tile) {
  return words(1, randomIds(9, rows, features + 4).map((id) => Math.max(0, first + id - 2)));
}

/** Statistics as if one tile had been processed before. */
function carried({ rows }: Tile): Float32Array {
  return randomValues(5, rows * 4).map((x, i) => [3 * x, 5 + x, 20 * x, x][i % 4]!);
}

function statisticsCase(label: string, tile: Tile, logits?: Float32Array): OpCase {
  return {
    label: `${label} ${JSON.stringify(tile)}`,
    kind: "head_statistics",
    dims: dimsOf(tile),
    inputs: [
      floats(tile.stride, logits ?? randomValues(1, tile.rows * tile.stride, 8)),
      targets(tile),
    ],
    outputs: [(tile.first ?? 0) > 0 ? accumulated(4, carried(tile)) : overwritten(tile.rows, 4)],
  };
}

function logitsOf({ rows, stride }: Tile, value: (f: number) => number): Float32Array {
  return Float32Array.from({ length: rows * stride }, (_, i) => value(i % stride));
}

const WHOLE = { rows: 3, stride: 131, features: 131 };

// WGSL's exp has an error of up to 3 + 2 |x| units in the last place. Weights are exp(-|x|), which makes the error at
// most 4 on average. Sums are of `features` such weights, |logit| <= 80.
// GPUs take head_part_statistics and head_join.
kernelMatches("head_statistics carries maximum, sums and the target's logit", [
  statisticsCase("alone", { rows: 1, stride: 1, features: 1 }),
  statisticsCase("first tile", { rows: 13, stride: 256, features: 131 }),
  statisticsCase("cool", { rows: 33, stride: 257, features: 257, inverseTemperature: 1 / 0.7 }),
  statisticsCase("later tile", { rows: 13, stride: 40, features: 31, first: 256, column: 5 }),
  statisticsCase("equal logits", WHOLE, logitsOf(WHOLE, () => 2)),
  statisticsCase("one-hot", WHOLE, logitsOf(WHOLE, (f) => f === 77 ? 80 : -80)),
  statisticsCase("both signs", WHOLE, logitsOf(WHOLE, (f) => f % 2 === 0 ? 80 : -80)),
  statisticsCase("zeros of both signs", WHOLE, logitsOf(WHOLE, (f) => f % 2 === 0 ? 0 : -0)),
], ({ dims }) => ({ atol: 16 * (dims["features"]! + 8) * F32_EPSILON, rtol: 64 * F32_EPSILON }));

kernelMatches(
  "head_finish gives log-prob, entropy and log sum",
  [1, 33, 131].map((rows): OpCase => ({
    label: `${rows} rows`,
    kind: "head_finish",
    dims: { rows },
    inputs: [
      floats(4, randomValues(1, rows * 4).map((x, i) => [8 * x, 2 + x, 8 * x, 8 * x][i % 4]!)),
    ],
    outputs: [overwritten(rows, 4)],
  })),
  // Sums of numbers up to 8, and WGSL's log, whose error is up to 3 units in the last place or 2^-21.
  () => ({ atol: 2 ** -20, rtol: 8 * F32_EPSILON }),
);

interface Head {
  readonly rows: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly inverseTemperature?: number;
  readonly format?: Format;
}

/** Targets, and hidden states and weights whose logits are numbers up to about 8. */
function headInputs({ rows, inner, vocabulary, format = "f32" }: Head) {
  const size = 3 / Math.sqrt(inner);
  return [
    floats(inner, randomValues(1, rows * inner, 3)),
    floats(inner, STORED[format](randomValues(2, vocabulary * inner, size)), format),
    words(1, randomIds(3, rows, vocabulary)),
  ] as const;
}

function headDims({ rows, inner, vocabulary, inverseTemperature = 1 }: Head) {
  return { rows, inner, vocabulary, inverseTemperature };
}

/** Without `stride` no logits are kept. */
function forwardCase(head: Head, stride: number | null = null): OpCase {
  const { rows, vocabulary } = head;
  const keep = stride === null ? 0 : 1;
  return {
    label: JSON.stringify({ ...head, stride }),
    kind: "head_forward",
    dims: { ...headDims(head), first: 0, tokens: vocabulary, stride: stride ?? 4, keep },
    inputs: headInputs(head),
    outputs: [overwritten(rows, 4), stride === null ? unused() : overwritten(rows, stride)],
  };
}

/** An output that must stay as it is. */
const unused = () => accumulated(4, Float32Array.of(1, 2, 3, 4));

const HEADS: ReadonlyArray<Head> = [
  { rows: 1, inner: 4, vocabulary: 1 },
  { rows: 13, inner: 36, vocabulary: 131 },
  { rows: 67, inner: 20, vocabulary: 33, inverseTemperature: 1 / 0.7 },
  { rows: 5, inner: 516, vocabulary: 37 },
  // Slices of 140 inner features, which chunks of 64 do not divide.
  { rows: 9, inner: 280, vocabulary: 36 },
  { rows: 3, inner: 24, vocabulary: 40, format: "bf16" },
  { rows: 1030, inner: 8, vocabulary: 5 },
  { rows: 130, inner: 260, vocabulary: 130 },
];

// A logit is a sum of `inner` products of numbers up to 3 and 3 / sqrt(inner). Its error is in each weight's exponent.
const ofLogits = ({ dims }: OpCase) => F32_EPSILON * 16 * 9 * Math.sqrt(dims["inner"]!);

// GPUs take head_tile_forward and head_join.
kernelMatches(
  "head_forward carries maximum, sums and the target's logit of logits that it stores nowhere",
  // Stretches of two tiles, the last of one.
  [...HEADS, { rows: 2, inner: 8, vocabulary: 33_000 }].map((head) => forwardCase(head)),
  (opCase) => {
    const { vocabulary } = opCase.dims as { vocabulary: number };
    return { atol: (vocabulary + 16) * 4 * ofLogits(opCase), rtol: 64 * F32_EPSILON };
  },
);

kernelMatches(
  "head_forward keeps logits for a backward pass",
  HEADS.map((head) => forwardCase(head, vocabularyTile(head.vocabulary))),
  (opCase, output) => {
    const { vocabulary } = opCase.dims as { vocabulary: number };
    const sums = output === 0 ? (vocabulary + 16) * 4 : 1;
    return { atol: sums * ofLogits(opCase), rtol: 64 * F32_EPSILON };
  },
);

/** The columns of the vocabulary of logits with `stride` columns. */
function logitsAlone(kept: HostArray, stride: number, { rows, vocabulary }: Head): Float32Array {
  return Float32Array.from(
    { length: rows * vocabulary },
    (_, i) => kept[Math.floor(i / vocabulary) * stride + i % vocabulary]!,
  );
}

/** The statistics of `head_forward` with and without logits kept, and those of logits that `linear_forward` made. */
const bothStatistics = Effect.fnUntraced(function* (engine: Engine, head: Head) {
  const { rows, inner, vocabulary } = head;
  const [x, w, wanted] = headInputs(head);
  const product = yield* runOp(engine, {
    label: "logits",
    kind: "linear_forward",
    dims: {
      rows,
      inner,
      features: vocabulary,
      outCols: vocabulary,
      weightRow: 0,
      hasBias: 0,
      hasResidual: 0,
      accumulate: 0,
      from: 0,
      eps: 0,
      inStride: inner,
      inColumn: 0,
      outColumn: 0,
      scale: 1,
    },
    inputs: [x, w, w, x, x],
    outputs: [overwritten(rows, vocabulary)],
  });
  const tile = { rows, stride: vocabulary, features: vocabulary };
  const apart = yield* runOp(engine, {
    label: "statistics",
    kind: "head_statistics",
    dims: dimsOf({ ...tile, inverseTemperature: head.inverseTemperature ?? 1 }),
    inputs: [floats(vocabulary, Float32Array.from(product[0]!)), wanted],
    outputs: [overwritten(rows, 4)],
  });
  const [together] = yield* runOp(engine, forwardCase(head));
  const stride = vocabularyTile(vocabulary);
  const [kept, logits] = yield* runOp(engine, forwardCase(head, stride));
  return {
    together: together!,
    kept: [kept!, logitsAlone(logits!, stride, head)],
    apart: [apart[0]!, logitsAlone(product[0]!, vocabulary, head)],
  };
});

onWgsl(
  "head_forward has the bits of linear_forward and head_statistics in every family",
  () =>
    Effect.gen(function* () {
      const least = { workgroupBytes: 16384, maxInvocations: 256 };
      const lines = [{ subgroup: 0 }, { subgroup: 0, ...least }];
      const all = COMPILED.flatMap((family): ReadonlyArray<Partial<Traits>> =>
        [{}, ...(family === "lines" ? lines : [])].map((traits) => ({ family, ...traits }))
      );
      for (const traits of all) {
        const claimed = withTraits(device!, traits);
        const engine = yield* Effect.promise(() => openEngine(claimed));
        for (const head of HEADS) {
          const { together, kept, apart } = yield* bothStatistics(engine, head);
          const label = JSON.stringify([traits, head]);
          assertSameBits([together], apart.slice(0, 1), label);
          assertSameBits(kept, apart, `${label}, logits kept`);
        }
      }
    }),
);

/** A forward pass of the plain loops: the result, and logits with `stride` columns. */
function forwardOf(head: Head, stride: number) {
  const { rows } = head;
  const [x, w, targets] = headInputs(head).map(({ data }) => Float64Array.from(data));
  const statistics = new Float64Array(4 * rows);
  const logits = new Float64Array(rows * stride);
  const whole = { ...headDims(head), first: 0, tokens: head.vocabulary, stride, keep: 1 };
  PLAIN_LOOPS.head_forward({ x: x!, w: w!, targets: targets!, statistics, logits }, whole);
  const result = new Float64Array(4 * rows);
  PLAIN_LOOPS.head_finish({ statistics, result }, { rows });
  return { result: floats(4, Float32Array.from(result)), logits: Float32Array.from(logits) };
}

function backwardCase(head: Head, { stride, first = 0 }: { stride: number; first?: number }) {
  const { rows } = head;
  return {
    label: JSON.stringify({ ...head, stride, first }),
    kind: "head_backward",
    dims: { ...headDims(head), stride, first },
    inputs: [
      ...headInputs(head),
      forwardOf(head, stride).result,
      floats(2, randomValues(5, rows * 2)),
    ],
    outputs: [overwritten(rows, stride)],
  } satisfies OpCase;
}

function logitsBackwardCase(head: Head, stride: number): OpCase {
  const { rows, vocabulary, inverseTemperature = 1 } = head;
  const { result, logits } = forwardOf(head, stride);
  return {
    label: JSON.stringify({ ...head, stride }),
    kind: "logits_backward",
    dims: { rows, stride, vocabulary, inverseTemperature },
    inputs: [
      ...[floats(stride, logits), headInputs(head)[2]],
      ...[result, floats(2, randomValues(5, rows * 2))],
    ],
    outputs: [overwritten(rows, stride)],
  };
}

// p (log p + H) with p up to 1 and |log p + H| up to about 40; log p has the errors of a logit and of the log sum.
kernelMatches(
  "head_backward makes logits again and turns them into gradients, zeros past the last",
  [
    ...HEADS.map((head) => backwardCase(head, { stride: 192 })),
    backwardCase(HEADS[1]!, { stride: 64, first: 64 }),
    backwardCase(HEADS[1]!, { stride: 64, first: 192 }),
  ],
  (opCase) => ({ atol: 64 * ofLogits(opCase), rtol: 1e-4 }),
);

kernelMatches(
  "logits_backward turns logits into their gradients, zeros past the last",
  HEADS.map((head) => logitsBackwardCase(head, vocabularyTile(head.vocabulary))),
  // Logits and log sums up to 32 have errors of 2^-20, which are multiplied by up to 40.
  () => ({ atol: 2 ** -14, rtol: 1e-4 }),
);
