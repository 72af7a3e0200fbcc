import assert from "node:assert/strict";
import { Effect } from "effect";
import { createGradients, dependents, deriveBackward } from "../../src/model/backward.ts";
import { type Builder, createBuilder } from "../../src/model/builder.ts";
import { lowRankLinear } from "../../src/model/ops/adapted.ts";
import { attention } from "../../src/model/ops/attention.ts";
import { embedding } from "../../src/model/ops/embedding.ts";
import { gatherRows } from "../../src/model/ops/gather.ts";
import { headBackward, headForwardKept } from "../../src/model/ops/head.ts";
import { linear } from "../../src/model/ops/linear.ts";
import { rmsnorm } from "../../src/model/ops/norm.ts";
import { rope } from "../../src/model/ops/rope.ts";
import { swiglu } from "../../src/model/ops/swiglu.ts";
import { occurrenceTable } from "../../src/model/packing.ts";
import { columnsOf, type Op, programOf, type Tensor } from "../../src/model/plan.ts";
import { ropeTable } from "../../src/model/rope.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { onPlain } from "../support/engines.ts";
import { plantForest, tablesOf, tokensOf } from "../support/forests.ts";
import { randomIds, randomValues } from "../support/random_values.ts";

/** A small forward list: its variables, its fixed inputs, and the tensor whose weighted sum is the loss. */
interface Setting {
  readonly variables: Readonly<Record<string, Float64Array>>;
  readonly inputs: Readonly<Record<string, Uint32Array | Float64Array>>;
  readonly forward: (b: Builder, variable: (name: string, cols: number) => Tensor) => Tensor;
}

/** Compares derived gradients of sum(c y), c random, with central differences in float64 for every variable. */
function gradientsMatch(claim: string, setting: Setting): void {
  onPlain(claim, () =>
    Effect.gen(function* () {
      const { variables } = setting;
      const b = createBuilder();
      const y = setting.forward(b, (name, cols) =>
        b.tensor(name, variables[name]!.length / cols, cols, { role: "weight" }));
      const forward: ReadonlyArray<Op> = [...b.ops];
      const gradients = createGradients(b, dependents(forward, new Set(Object.keys(variables))));
      const c = b.tensor("c", y.rows, y.cols, { role: "input" });
      gradients.share(y, c);
      deriveBackward(b, forward, gradients);
      const engine = createInterpreter();
      const phases = { forward, backward: b.ops.slice(forward.length) };
      const program = programOf(claim, phases, [
        ...Object.keys(setting.inputs),
        "c",
        // Plain loops do not read tiles.
        "tiles",
        "key_tiles",
      ]);
      const unique = (setting.inputs["occurrences"]?.length ?? 0) / 4;
      const dims = { N: setting.inputs["token_order"]?.length ?? 0, U: unique, S: 64 };
      const executable = yield* engine.load(program, dims);
      for (const [name, data] of Object.entries(setting.inputs)) {
        executable.write(name, data);
      }
      for (const [name, data] of Object.entries(variables)) {
        engine.write(name, data);
      }
      const size = (y.rows as number) * y.cols; // this file uses fixed sizes only
      const weights = Float64Array.from(randomValues(99, size));
      executable.write("c", weights);
      const loss = Effect.gen(function* () {
        executable.run("forward", dims);
        const values = (yield* executable.read([y.name]))[y.name]!;
        return weights.reduce((sum, w, i) =>
          sum + w * values[i]!, 0);
      });
      yield* loss;
      executable.run("backward", dims);
      const derived = yield* engine.read(Object.keys(variables).map((name) => `d ${name}`));
      for (const [name, values] of Object.entries(variables)) {
        const write = (data: Float64Array) => engine.write(name, data);
        const want = yield* differences(values, write, loss);
        // h = 1e-5: the second-order term is 1e-10 and rounding 1e-11, each times ordinary numbers.
        assertClose(derived[`d ${name}`]!, want, { atol: 1e-7, rtol: 1e-6 }, `${claim}: d ${name}`);
      }
    }));
}

/** (L(x + h) - L(x - h)) / 2h for each element of x, which is put back afterwards. */
const differences = Effect.fnUntraced(function* <E>(
  x: Float64Array,
  write: (data: Float64Array) => void,
  loss: Effect.Effect<number, E>,
) {
  const slopes = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const h = 1e-5 * Math.max(1, Math.abs(x[i]!));
    const at = (offset: number) => write(x.with(i, x[i]! + offset));
    at(h);
    const above = yield* loss;
    at(-h);
    slopes[i] = (above - (yield* loss)) / (2 * h);
  }
  write(x);
  return slopes;
});

const wide = (seed: number, length: number) => Float64Array.from(randomValues(seed, length, 1.5));

gradientsMatch("linear_forward: of input, weight and bias", {
  variables: { x: wide(1, 5 * 8), w: wide(2, 7 * 8), bias: wide(3, 7) },
  inputs: {},
  forward: (b, variable) =>
    linear(b, variable("x", 8), variable("w", 8), { bias: variable("bias", 7) }),
});

gradientsMatch("linear_forward twice: contributions to one input add up", {
  variables: { x: wide(1, 3 * 4), w: wide(2, 4 * 4) },
  inputs: {},
  forward: (b, variable) => {
    const once = linear(b, variable("x", 4), variable("w", 4));
    return linear(b, once, variable("w", 4));
  },
});

gradientsMatch(
  "linear_low_rank_forward: of input, residual and the factors of parts that have adapters",
  {
    variables: {
      x: wide(1, 5 * 8),
      z: wide(2, 5 * 4),
      v: wide(7, 16 * 4),
      first: wide(3, 8 * 8),
      second0: wide(4, 4 * 4),
      second2: wide(5, 8 * 4),
    },
    inputs: { w: wide(6, 16 * 8) },
    forward: (b, variable) => {
      const x = variable("x", 8);
      const parts = [
        { features: 4, second: variable("second0", 4) },
        { features: 4, second: null },
        { features: 8, second: variable("second2", 4) },
      ];
      const weight = b.tensor("w", 16, 8, { role: "input" });
      const adapted = { weight, first: variable("first", 8), parts, scale: 0.7 };
      return lowRankLinear(b, x, adapted, {
        residual: linear(b, variable("z", 4), variable("v", 4)),
      });
    },
  },
);

gradientsMatch("linear_forward between windows, scaled and added to a product", {
  variables: {
    x: wide(1, 3 * 4),
    w: wide(2, 12 * 4),
    a: wide(3, 8 * 4),
    b: wide(4, 16),
    e: wide(5, 16),
  },
  inputs: {},
  forward: (b, variable) => {
    const x = variable("x", 4);
    const y = linear(b, x, variable("w", 4));
    const u = linear(b, x, variable("a", 4), { scale: -0.75 });
    for (const [i, column, name] of [[0, 8, "b"], [1, 0, "e"]] as const) {
      const target = columnsOf(y, column, 4);
      linear(b, columnsOf(u, 4 * i, 4), variable(name, 4), { target, accumulate: true });
    }
    return y;
  },
});

gradientsMatch("rmsnorm_forward: of input and weight", {
  variables: { x: wide(1, 5 * 8), w: wide(2, 8) },
  inputs: {},
  forward: (b, variable) => rmsnorm(b, variable("x", 8), variable("w", 8), 1e-2),
});

gradientsMatch("rmsnorm_forward of several heads in a row", {
  variables: { x: wide(1, 3 * 12), w: wide(2, 4) },
  inputs: {},
  forward: (b, variable) => rmsnorm(b, variable("x", 12), variable("w", 4), 1e-2),
});

gradientsMatch("rmsnorm_forward of windows of a matrix", {
  variables: {
    x: wide(1, 3 * 4),
    u: wide(2, 16 * 4),
    w: wide(3, 4),
    z: wide(4, 8),
    v: wide(5, 64),
  },
  inputs: {},
  forward: (b, variable) => {
    const wider = linear(b, variable("x", 4), variable("u", 4));
    const left = rmsnorm(b, columnsOf(wider, 0, 8), variable("w", 4), 1e-2);
    const right = rmsnorm(b, columnsOf(wider, 8, 8), variable("z", 8), 1e-2);
    return linear(b, left, variable("v", 8), { residual: right });
  },
});

gradientsMatch("swiglu_forward: of gate and up", {
  variables: { x: wide(1, 3 * 16) },
  inputs: {},
  forward: (b, variable) => swiglu(b, variable("x", 16)),
});

gradientsMatch("linear_forward with a residual that is also what the product is made of", {
  variables: { x: wide(1, 8), w: wide(2, 16), u: wide(3, 16), z: wide(4, 16) },
  inputs: {},
  forward: (b, variable) => {
    const left = linear(b, variable("x", 4), variable("w", 4));
    const inner = linear(b, left, variable("u", 4));
    return linear(b, inner, variable("z", 4), { residual: left });
  },
});

Deno.test("deriveBackward() refuses a residual whose gradient the same product would change", () => {
  const b = createBuilder();
  const weight = b.tensor("w", 4, 4, { role: "weight" });
  const left = linear(b, b.tensor("x", 2, 4, { role: "input" }), weight);
  const y = linear(b, left, weight, { residual: left });
  const forward = [...b.ops];
  const gradients = createGradients(b, dependents(forward, new Set(["w"])));
  gradients.share(y, b.tensor("c", 2, 4, { role: "input" }));
  assert.throws(() => deriveBackward(b, forward, gradients), /hands its gradient on/);
});

const segments = plantForest([
  { length: 3, parent: -1, visible: 0 },
  { length: 2, parent: 0, visible: 3 },
  { length: 2, parent: 1, visible: 1 },
  { length: 1, parent: 0, visible: 2 },
  { length: 2, parent: -1, visible: 0 },
]);
for (const [heads, keyValueHeads] of [[1, 1], [3, 1], [4, 2], [2, 2]] as const) {
  const rows = tokensOf(segments);
  const headDim = 4;
  const shape = { heads, keyValueHeads, headDim };
  const [queryCols, keyCols] = [heads * headDim, keyValueHeads * headDim];
  const positions = randomIds(7, rows, 10);
  const { queries: queryRows, keys: keyRows, key_parts: partRows } = tablesOf(segments);
  gradientsMatch(
    `rope_forward and attention_forward over a forest, ${heads}/${keyValueHeads} heads`,
    {
      variables: { x: wide(1, rows * 4), w: wide(2, (queryCols + 2 * keyCols) * 4) },
      inputs: {
        queries: queryRows,
        keys: keyRows,
        key_parts: partRows,
        positions,
        angles: ropeTable({ base: 100, scaling: null }, headDim, 10),
      },
      forward: (b, variable) => {
        const table = (name: string, values: Uint32Array) =>
          b.tensor(name, values.length / 4, 4, { role: "input", format: "u32" });
        const projected = linear(b, variable("x", 4), variable("w", 4));
        const queries = table("queries", queryRows);
        const keys = {
          table: table("keys", keyRows),
          parts: table("key_parts", partRows),
          tiles: table("key_tiles", keyRows),
        };
        const tiles = b.tensor("tiles", rows, 4, { role: "input", format: "u32" });
        const keyValue = b.scratch("key_value", rows, 2 * keyCols);
        const inputs = {
          query: columnsOf(projected, 0, queryCols),
          key: columnsOf(projected, queryCols, keyCols),
          value: columnsOf(projected, queryCols + keyCols, keyCols),
        };
        const places = {
          positions: b.tensor("positions", rows, 1, { role: "input", format: "u32" }),
          angles: b.tensor("angles", 10, headDim, { role: "input" }),
          queries,
        };
        const query = rope(b, inputs, places, keyValue, shape);
        return attention(b, { query, keyValue, queries, tiles, keys }, shape);
      },
    },
  );
}

const ids = randomIds(5, 9, 4);
const { occurrences, tokenOrder } = occurrenceTable(ids);
gradientsMatch("embedding_forward: of the weight, tokens repeated", {
  variables: { w: wide(1, 6 * 4) },
  inputs: { ids, occurrences, token_order: tokenOrder },
  forward: (b, variable) => {
    const rows = b.tensor("ids", ids.length, 1, { role: "input", format: "u32" });
    return embedding(b, rows, variable("w", 4));
  },
});

gradientsMatch("gather_rows_forward: of the rows taken", {
  variables: { x: wide(1, 6 * 4), w: wide(2, 16) },
  inputs: {
    index: Uint32Array.of(4, 0, 2),
    inverse: Uint32Array.of(1, 0xffffffff, 2, 0xffffffff, 0, 0xffffffff),
  },
  forward: (b, variable) => {
    const x = linear(b, variable("x", 4), variable("w", 4));
    const index = b.tensor("index", 3, 1, { role: "input", format: "u32" });
    return gatherRows(
      b,
      x,
      index,
      b.tensor("inverse", 6, 1, { role: "input", format: "u32" }),
    );
  },
});

for (const [vocabulary, inverseTemperature] of [[5, 1], [259, 1 / 0.7]] as const) {
  onPlain(`head: of input and weight, vocabulary ${vocabulary}`, () =>
    Effect.gen(function* () {
      const rows = 3;
      const b = createBuilder();
      const fixed = { role: "input", format: "u32" } as const;
      const head = {
        x: b.tensor("x", rows, 4, { role: "weight" }),
        weight: b.tensor("w", vocabulary, 4, { role: "weight" }),
        targets: b.tensor("targets", rows, 1, fixed),
        inverseTemperature,
      };
      const kept = headForwardKept(b, head);
      const forward = [...b.ops];
      const gradient = (t: Tensor) => b.tensor(`d ${t.name}`, t.rows, t.cols, { role: "gradient" });
      headBackward(b, head, kept, {
        dHead: b.tensor("d_head", rows, 2, { role: "input" }),
        dx: gradient(head.x),
        dWeight: gradient(head.weight),
      });
      const engine = createInterpreter();
      const phases = { forward, backward: b.ops.slice(forward.length) };
      const executable = yield* engine.load(programOf("head", phases, ["targets", "d_head"]), {});
      const variables = { x: wide(1, rows * 4), w: wide(2, vocabulary * 4) };
      for (const [name, data] of Object.entries(variables)) engine.write(name, data);
      executable.write("targets", Uint32Array.of(2, vocabulary - 1, 0));
      const dHead = wide(3, rows * 2);
      executable.write("d_head", dHead);
      const loss = Effect.gen(function* () {
        executable.run("forward", {});
        const values = (yield* executable.read(["head"]))["head"]!;
        return dHead.reduce((sum, d, i) => sum + d * values[4 * (i >> 1) + i % 2]!, 0);
      });
      yield* loss;
      executable.run("backward", {});
      const derived = yield* engine.read(["d x", "d w"]);
      for (const [name, values] of Object.entries(variables)) {
        const want = yield* differences(values, (data) => engine.write(name, data), loss);
        assertClose(derived[`d ${name}`]!, want, { atol: 1e-7, rtol: 1e-6 }, `d ${name}`);
      }
    }));
}

onPlain(
  "head: tiles for GPUs, of as many tokens as an op can reach, give the gradients of others",
  () =>
    Effect.gen(function* () {
      const [rows, vocabulary] = [3, 2100];
      const gradientsOf = Effect.fnUntraced(function* (size: { readonly fewDispatches: boolean }) {
        const b = createBuilder();
        const fixed = { role: "input", format: "u32" } as const;
        const head = {
          x: b.tensor("x", rows, 4, { role: "weight" }),
          weight: { ...b.tensor("w", vocabulary, 4, { role: "weight" }), reach: 1024 },
          targets: b.tensor("targets", rows, 1, fixed),
          inverseTemperature: 0.7,
          ...size,
        };
        const kept = headForwardKept(b, head);
        const gradient = (t: Tensor) =>
          b.tensor(`d ${t.name}`, t.rows, t.cols, { role: "gradient" });
        headBackward(b, head, kept, {
          dHead: b.tensor("d_head", rows, 2, { role: "input" }),
          dx: gradient(head.x),
          dWeight: gradient(head.weight),
        });
        const engine = createInterpreter();
        const executable = yield* engine.load(
          programOf("head", { all: b.ops }, ["targets", "d_head"]),
          {},
        );
        engine.write("x", wide(1, rows * 4));
        engine.write("w", wide(2, vocabulary * 4));
        executable.write("targets", Uint32Array.of(2, vocabulary - 1, 1100));
        executable.write("d_head", wide(3, rows * 2));
        executable.run("all", {});
        const tiles = b.ops.filter(({ kind }) => kind === "head_backward").length;
        return { tiles, read: yield* engine.read(["d x", "d w"]) };
      });
      const large = yield* gradientsOf({ fewDispatches: true });
      const small = yield* gradientsOf({ fewDispatches: false });
      assert.deepEqual([large.tiles, small.tiles], [3, 4]);
      for (const [name, values] of Object.entries(small.read)) {
        assertClose(large.read[name]!, values, { atol: 1e-12, rtol: 1e-12 }, name);
      }
    }),
);
