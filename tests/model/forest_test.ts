import { Effect } from "effect";
import type { Engine } from "../../src/model/engine.ts";
import { packBatch, type Prediction } from "../../src/model/packing.ts";
import { cacheProgram } from "../../src/model/programs.ts";
import { type QueryRun, queryTable, type Segment } from "../../src/model/segments.ts";
import { assertClose } from "../support/comparison.ts";
import { eachEngine, type TestEngine } from "../support/engines.ts";
import { plantForest, TILING, tokensOf } from "../support/forests.ts";
import { largest } from "../support/op_cases.ts";
import { randomIds, randomValues } from "../support/random_values.ts";
import { inFloat32, separateSegments } from "../support/plans.ts";
import {
  headColumn,
  loadGradient,
  roomFor,
  TINY,
  tinyWeights,
  writeModel,
} from "../support/tiny_models.ts";

const ARCHITECTURE = TINY.qwen2;
const WEIGHTS = tinyWeights(ARCHITECTURE);
const TOKENS = 64;

/** A packed batch with its predictions, and the slopes of the loss at each of them. */
interface Asked {
  readonly segments: ReadonlyArray<Segment>;
  readonly ids: ReadonlyArray<number>;
  readonly predictions: ReadonlyArray<Prediction>;
  /** (R,2) */
  readonly dHead: Float64Array;
}

/** Log-probs and entropies of the predictions, and the gradients. */
const solve = Effect.fnUntraced(function* (engine: Engine, asked: Asked) {
  const weights = WEIGHTS;
  const model = yield* loadGradient(engine, ARCHITECTURE, { weights, tokens: TOKENS });
  const { segments, ids, predictions, dHead } = asked;
  const batch = packBatch(segments, Uint32Array.from(ids), predictions, TILING);
  const head = yield* model.forward(batch);
  const gradients = yield* model.backward(batch, dHead);
  return { logProb: headColumn(head, 0), entropy: headColumn(head, 1), gradients };
});

type Solved = Effect.Success<ReturnType<typeof solve>>;

/** Asserts the same numbers up to rounding: of float64 on plain loops, of f32 sums in other orders on WGSL. */
function assertSame(engine: TestEngine, got: Solved, want: Solved): void {
  const atol = engine.name === "plain" ? 1e-9 : 1e-5;
  assertClose(got.logProb, want.logProb, { atol }, "log-prob");
  assertClose(got.entropy, want.entropy, { atol }, "entropy");
  const size = Math.max(...want.gradients.values().map(largest));
  for (const [name, values] of want.gradients) {
    const share = engine.name === "plain" ? 1e-9 : 2e-6;
    assertClose(got.gradients.get(name)!, values, { atol: share * size }, `gradient of ${name}`);
  }
}

const ids = (seed: number, length: number) => [...randomIds(seed, length, ARCHITECTURE.vocabulary)];
const PROMPT = ids(1, 5);
const ANSWERS = [ids(2, 7), ids(3, 4), ids(4, 9)];

/** Predictions of tokens [1, length) of `tokens`, whose rows begin at `start`. */
function within(start: number, tokens: ReadonlyArray<number>): Prediction[] {
  return tokens.slice(1).map((target, i) => ({ row: start + i, target }));
}

function slopes(seed: number, count: number): Float64Array {
  return Float64Array.from(randomValues(seed, 2 * count));
}

/** The numbers of several runs, concatenated, and the sums of their gradients. */
function joined(parts: ReadonlyArray<Solved>): Solved {
  const gradients = new Map(
    parts[0]!.gradients.entries().map(([name, values]) => [
      name,
      values.map((_, i) => parts.reduce((sum, part) => sum + part.gradients.get(name)![i]!, 0)),
    ]),
  );
  const column = (name: "logProb" | "entropy") =>
    Float64Array.from(parts.flatMap((part) => [...part[name]]));
  return { logProb: column("logProb"), entropy: column("entropy"), gradients };
}

eachEngine("sequences packed together are sequences alone", (engine) =>
  Effect.gen(function* () {
    const segments = separateSegments(ANSWERS.map(({ length }) => length));
    const packed = yield* solve(engine.fresh(), {
      segments,
      ids: ANSWERS.flat(),
      predictions: ANSWERS.flatMap((answer, i) => within(segments[i]!.start, answer)),
      dHead: Float64Array.from(ANSWERS.flatMap((a, i) => [...slopes(i, a.length - 1)])),
    });
    const alone: Solved[] = [];
    for (const [i, answer] of ANSWERS.entries()) {
      alone.push(
        yield* solve(engine.fresh(), {
          segments: separateSegments([answer.length]),
          ids: answer,
          predictions: within(0, answer),
          dHead: slopes(i, answer.length - 1),
        }),
      );
    }
    assertSame(engine, packed, joined(alone));
  }));

/** Picks rows: a shared prompt has its predictions once, an unshared one has them with each answer. */
function firstOf({ logProb, entropy, gradients }: Solved, rows: ReadonlyArray<number>): Solved {
  const pick = (values: Float64Array) => Float64Array.from(rows, (r) => values[r]!);
  return { logProb: pick(logProb), entropy: pick(entropy), gradients };
}

eachEngine(
  "a prompt shared by a group is the prompt before each answer, backward too",
  (engine) =>
    Effect.gen(function* () {
      const forest = plantForest([
        { length: PROMPT.length, parent: -1, visible: 0 },
        ...ANSWERS.map(({ length }) => ({ length, parent: 0, visible: PROMPT.length })),
      ]);
      const promptSlopes = slopes(9, PROMPT.length - 1);
      const answerSlopes = ANSWERS.map(({ length }, i) => slopes(i, length - 1));
      const shared = yield* solve(engine.fresh(), {
        segments: forest,
        ids: [...PROMPT, ...ANSWERS.flat()],
        predictions: [
          ...within(0, PROMPT),
          ...ANSWERS.flatMap((answer, i) => within(forest[i + 1]!.start, answer)),
        ],
        // Below, each of the three copies of the prompt has a third of these slopes.
        dHead: Float64Array.from([...promptSlopes, ...answerSlopes.flatMap((part) => [...part])]),
      });
      const rows = ANSWERS.map((answer) => [...PROMPT, ...answer]);
      const separate = separateSegments(rows.map(({ length }) => length));
      const unshared = yield* solve(engine.fresh(), {
        segments: separate,
        ids: rows.flat(),
        predictions: ANSWERS.flatMap((answer, i) => [
          ...within(separate[i]!.start, PROMPT),
          ...within(separate[i]!.start + PROMPT.length, answer),
        ]),
        dHead: Float64Array.from(
          answerSlopes.flatMap((part) => [...promptSlopes.map((d) => d / 3), ...part]),
        ),
      });
      const prompt = PROMPT.length - 1;
      let row = 0;
      const kept = ANSWERS.flatMap(({ length }, i) => {
        const start = row;
        row += prompt + length - 1;
        return Array.from({ length: row - start }, (_, r) => start + r)
          .slice(i === 0 ? 0 : prompt);
      });
      assertSame(engine, shared, firstOf(unshared, kept));
    }),
);

eachEngine(
  "probes hung on a trajectory are passes of their own over context and probe",
  (engine) =>
    Effect.gen(function* () {
      const trajectory = ids(7, 12);
      const probes = [ids(11, 4), ids(12, 3), ids(13, 5)];
      const boundaries = [5, 9, 12];
      const forest = plantForest([
        { length: trajectory.length, parent: -1, visible: 0 },
        ...probes.map(({ length }, i) => ({ length, parent: 0, visible: boundaries[i]! })),
      ]);
      const dHead = probes.map(({ length }, i) => slopes(i, length - 1));
      const hung = yield* solve(engine.fresh(), {
        segments: forest,
        ids: [...trajectory, ...probes.flat()],
        predictions: probes.flatMap((probe, i) => within(forest[i + 1]!.start, probe)),
        dHead: Float64Array.from(dHead.flatMap((part) => [...part])),
      });
      const alone: Solved[] = [];
      for (const [i, probe] of probes.entries()) {
        const context = trajectory.slice(0, boundaries[i]);
        alone.push(
          yield* solve(engine.fresh(), {
            segments: separateSegments([context.length + probe.length]),
            ids: [...context, ...probe],
            predictions: within(context.length, probe),
            dHead: dHead[i]!,
          }),
        );
      }
      assertSame(engine, hung, joined(alone));
    }),
);

/** Log-probs from a cache that was filled in the given passes. */
const cachedLogProbs = Effect.fnUntraced(function* (
  engine: Engine,
  segments: ReadonlyArray<Segment>,
  tokens: ReadonlyArray<number>,
  passes: ReadonlyArray<ReadonlyArray<QueryRun>>,
) {
  const program = cacheProgram(inFloat32(ARCHITECTURE));
  const room = { ...roomFor(TOKENS, ARCHITECTURE), M: tokensOf(segments) };
  const executable = yield* engine.load(program, room);
  writeModel(engine, ARCHITECTURE, WEIGHTS);
  const logProbs = new Float64Array(tokens.length);
  for (const runs of passes) {
    const table = queryTable(segments, runs, TILING);
    const slots = runs.flatMap(({ segment, from, count }) =>
      Array.from({ length: count }, (_, i) => segments[segment]!.start + from + i)
    );
    const write = (name: typeof program.inputs[number], data: ArrayLike<number>) =>
      executable.write(name, Uint32Array.from(data));
    write("ids", slots.map((slot) => tokens[slot]!));
    for (const name of ["queries", "tiles", "positions"] as const) write(name, table.inputs[name]);
    write("row_index", [...slots.keys()]);
    write("targets", slots.map((slot) => tokens[slot + 1] ?? 0));
    const dims = { ...room, ...table.dims, R: slots.length, inverseTemperature: 1 };
    executable.run("score", dims);
    const { head } = yield* executable.read(["head"]);
    slots.forEach((slot, r) => logProbs[slot] = head![4 * r]!);
  }
  return logProbs;
});

eachEngine(
  "cached decoding is the whole forward pass, token by token and in any stretches",
  (engine) =>
    Effect.gen(function* () {
      const forest = plantForest([
        { length: 9, parent: -1, visible: 0 },
        { length: 6, parent: 0, visible: 9 },
        { length: 5, parent: 0, visible: 4 },
      ]);
      const tokens = ids(21, tokensOf(forest));
      const run = (segment: number, from: number, count: number) => ({ segment, from, count });
      const whole = yield* cachedLogProbs(engine.fresh(), forest, tokens, [
        forest.map(({ length }, segment) => run(segment, 0, length)),
      ]);
      const single = yield* cachedLogProbs(
        engine.fresh(),
        forest,
        tokens,
        forest.flatMap(({ length }, segment) =>
          Array.from({ length }, (_, i) => [run(segment, i, 1)])
        ),
      );
      const stretches = yield* cachedLogProbs(engine.fresh(), forest, tokens, [
        [run(0, 0, 4)],
        [run(0, 4, 5), run(2, 0, 2)],
        [run(2, 2, 3), run(1, 0, 1)],
        [run(1, 1, 5)],
      ]);
      // Each number is a sum of the same terms in the same order, whatever else is in its pass.
      assertClose(single, whole, { atol: 0 }, "token by token");
      assertClose(stretches, whole, { atol: 0 }, "in stretches");
      const separate = yield* solve(engine.fresh(), {
        segments: forest,
        ids: tokens,
        predictions: tokens.map((_, row) => ({ row, target: tokens[row + 1] ?? 0 })),
        dHead: new Float64Array(2 * tokens.length),
      });
      assertClose(separate.logProb, whole, { atol: 0 }, "without a cache");
    }),
);
