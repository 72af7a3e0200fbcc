import { Effect } from "effect";
import { type Device, withTraits } from "../../src/gpu/device.ts";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import { kernelNamed, KERNELS } from "../../src/gpu/kernels.ts";
import type { Launch } from "../../src/gpu/launches.ts";
import type { Lora } from "../../src/model/lora.ts";
import type { Engine, HostArray } from "../../src/model/engine.ts";
import { ATTENTION_OPS, FOREST, RANDOM, tensorsOf } from "../shaders/attention_cases.ts";
import { linearCase, weightBackwardCase } from "../shaders/linear_cases.ts";
import { assertClose } from "../support/comparison.ts";
import { COMPILED, device, onWgsl, openEngine } from "../support/engines.ts";
import {
  accumulated,
  assertSameBits,
  floats,
  largest,
  type OpCase,
  overwritten,
  runOp,
  words,
} from "../support/op_cases.ts";
import { separateSegments } from "../support/plans.ts";
import {
  loadGradient,
  packForest,
  TINY,
  tinyAdapters,
  tinyWeights,
} from "../support/tiny_models.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

const ROWS = 37;
const COLS = 20;
/** Rows that lie one after the other. */
const WHOLE = { perRow: 1, column: 0, stride: COLS };
const data = (seed: number) => floats(COLS, randomValues(seed, ROWS * COLS));
const weight = floats(COLS, randomValues(7, COLS));
const scale = floats(1, randomValues(8, ROWS, 2));
const attention = tensorsOf(FOREST, { heads: 6, keyValueHeads: 2, headDim: 8 }, RANDOM);

const TILED: ReadonlyArray<OpCase> = [
  linearCase({ rows: 19, inner: 36, features: 131, bias: true }),
  weightBackwardCase(67, 36, 131),
  ...Object.values(ATTENTION_OPS).map((make) => make(attention, "forest")),
];

/** Kernels with one invocation for each item, whose workgroup width changes nothing else. */
const FLAT: ReadonlyArray<OpCase> = [
  {
    label: "",
    kind: "rmsnorm_forward",
    dims: { rows: ROWS, cols: COLS, ...WHOLE, eps: 1e-6 },
    inputs: [data(1), weight],
    outputs: [overwritten(ROWS, COLS), overwritten(ROWS, 1)],
  },
  {
    label: "",
    kind: "rmsnorm_backward",
    dims: { rows: ROWS, cols: COLS, ...WHOLE, accumulate: 0 },
    inputs: [data(1), weight, scale, data(2)],
    outputs: [overwritten(ROWS, COLS)],
  },
  {
    label: "",
    kind: "rmsnorm_weight_backward",
    dims: { rows: ROWS, cols: COLS, ...WHOLE },
    inputs: [data(1), scale, data(2)],
    outputs: [accumulated(COLS, randomValues(3, COLS))],
  },
  {
    label: "",
    kind: "column_sum_backward",
    dims: { rows: ROWS, cols: COLS },
    inputs: [data(1)],
    outputs: [accumulated(COLS, randomValues(3, COLS))],
  },
  {
    label: "",
    kind: "head_statistics",
    dims: { rows: ROWS, stride: COLS, column: 0, first: 0, features: 19, inverseTemperature: 0.7 },
    inputs: [data(1), words(1, randomIds(2, ROWS, 19))],
    outputs: [overwritten(ROWS, 4)],
  },
  {
    label: "",
    kind: "swiglu_backward",
    dims: { rows: ROWS, cols: COLS },
    inputs: [floats(2 * COLS, randomValues(1, 2 * ROWS * COLS)), data(3)],
    outputs: [overwritten(ROWS, 2 * COLS)],
  },
];

type Runs = ReadonlyMap<OpCase, ReadonlyArray<HostArray>>;

const runAll = Effect.fnUntraced(function* (engine: Engine, cases: ReadonlyArray<OpCase>) {
  const results = new Map<OpCase, ReadonlyArray<HostArray>>();
  for (const opCase of cases) results.set(opCase, yield* runOp(engine, opCase));
  return results as Runs;
});

function assertAllSame(got: Runs, want: Runs): void {
  want.forEach((outputs, opCase) => assertSameBits(got.get(opCase)!, outputs, opCase.kind));
}

/** An engine whose adapter claims to be another. */
function claiming(traits: Partial<Device["traits"]>): Effect.Effect<Engine> {
  const opened = device!; // tests that call this need an adapter
  return Effect.promise(() => openEngine(withTraits(opened, traits)));
}

// Compilers contract and reorder the two forms differently, so that they agree only in sums of up to 67 products of
// numbers up to 2 and in exponentials of scores up to 10.
onWgsl("loops and straight-line code agree", () =>
  Effect.gen(function* () {
    const loops = yield* runAll(yield* claiming({ family: "loops" }), TILED);
    const straight = yield* runAll(yield* claiming({ family: "lines" }), TILED);
    loops.forEach((outputs, opCase) =>
      outputs.forEach((values, output) => {
        assertClose(straight.get(opCase)![output]!, values, { atol: 2e-5 }, opCase.kind);
      })
    );
  }));

onWgsl(
  "the least limits of WebGPU and any number of cores give the bits of the adapter's own",
  () =>
    Effect.gen(function* () {
      const own = yield* runAll(yield* claiming({}), TILED);
      // Tiles need the 128 of WebGPU's compatibility mode; with fewer, their device gets kernels of another order.
      const maxInvocations = device!.traits.family === "tiles" ? 128 : 64;
      const least = { workgroupBytes: 16384, maxInvocations };
      for (const traits of [least, { cores: 1 }, { cores: 16 }]) {
        assertAllSame(yield* runAll(yield* claiming(traits), TILED), own);
      }
    }),
);

/** The launch with workgroups of another width, as many as the same invocations need. */
function widened(launch: Launch, width: number): Launch {
  const own = launch.overrides!["WG"]!;
  const [x, y] = launch.grid;
  return {
    ...launch,
    overrides: { ...launch.overrides, WG: width },
    grid: [Math.ceil(x * own / width), y],
  };
}

/** Adapters on all projections, and on some that share their inputs with others. */
const ADAPTERS: ReadonlyArray<Lora> = [
  PROJECTIONS,
  ["q_proj", "v_proj", "up_proj", "down_proj"] as const,
].map((targets) => ({ rank: 4, alpha: 8, rankStabilized: false, targets: new Set(targets) }));

onWgsl(
  "a gradient pass has the numbers of the plain loops with the kernels for GPUs",
  () =>
    Effect.gen(function* () {
      const segments = separateSegments([40, 13]);
      const ids = Array.from({ length: 53 }, (_, i) => 7 * i % 29);
      const predictions = ids.slice(1).map((target, row) => ({ row, target }));
      const batch = packForest(segments, ids, predictions);
      const dHead = Float64Array.from(
        { length: 2 * predictions.length },
        (_, i) => (i % 5 - 2) / 4,
      );
      const forms = Object.values(TINY).flatMap((architecture) =>
        [undefined, ...ADAPTERS].map((lora) => ({ architecture, lora }))
      );
      for (const { architecture, lora } of forms) {
        const adapters = lora === undefined ? [] : tinyAdapters(architecture, lora);
        const weights = new Map([...tinyWeights(architecture), ...adapters]);
        const of = Effect.fnUntraced(function* (engine: Engine) {
          const options = { weights, tokens: ids.length, lora };
          const model = yield* loadGradient(engine, architecture, options);
          const head = yield* model.forward(batch);
          return { head, gradients: yield* model.backward(batch, dHead) };
        });
        const want = yield* of(createInterpreter());
        const tiles = yield* claiming({ family: "tiles", storageBuffers: 10 });
        const got = yield* of(tiles);
        assertClose(got.head, want.head, { atol: 1e-4, rtol: 1e-5 }, architecture.family);
        for (const [name, values] of want.gradients) {
          const size = largest(values);
          assertClose(got.gradients.get(name)!, values, { atol: 1e-4 * size }, name);
        }
      }
    }),
);

onWgsl("workgroups of another width have the same bits", (engine) =>
  Effect.gen(function* () {
    const cases = [...FLAT, ...TILED.slice(2)];
    const usual = yield* runAll(engine.fresh(), cases);
    for (const width of [8, 96]) {
      const saved = { ...KERNELS };
      // Programs only read the registry; this test replaces its launches for a moment.
      for (const { kind } of cases) {
        const { launches } = kernelNamed(kind);
        const wider: typeof launches = (dims, traits) =>
          launches(dims, traits).map((launch) => widened(launch, width));
        Object.assign(KERNELS, { [kind]: { ...saved[kind], launches: wider } });
      }
      const restore = Effect.sync(() => Object.assign(KERNELS, saved));
      assertAllSame(yield* Effect.ensuring(runAll(engine.fresh(), cases), restore), usual);
    }
  }));

onWgsl(
  "a row of linear_forward has the same bits whatever the number of rows",
  () =>
    Effect.gen(function* () {
      const shapes = [
        { inner: 36, features: 131, many: 70, fewer: [1, 13, 33] },
        { inner: 260, features: 37, many: 70, fewer: [1, 31] },
        { inner: 772, features: 37, many: 70, fewer: [8, 31] },
        { inner: 260, features: 32, many: 1031, fewer: [1, 31] },
      ];
      for (const family of COMPILED) {
        const engine = yield* claiming({ family });
        for (const { many: most, fewer, ...shape } of shapes) {
          const options = { ...shape, bias: true, residual: true };
          const many = yield* runOp(engine, linearCase({ ...options, rows: most }));
          for (const rows of fewer) {
            const few = yield* runOp(engine, linearCase({ ...options, rows }));
            const first = (values: HostArray) => values.slice(0, rows * shape.features);
            assertSameBits(few.map(first), many.map(first), `${family}: ${rows} of ${most} rows`);
          }
        }
      }
    }),
);
